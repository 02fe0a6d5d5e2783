"""`strongroom user`."""

import getpass
import sys
from typing import Annotated

import typer

from cli.access_options import AllDivisionsOption, DivisionOption, RoleOption, access_words, divisions_of
from cli.arguments import AsJson
from cli.connections import ledger, settings_of_process
from cli.operator import operator
from cli.output import columns, instant, json_instant, open_console, print_json
from strongroom.ledger.access_events import access_events_before
from strongroom.ledger.users import User, all_users, disable_user, enable_user
from strongroom.legal.accounts import add_user, change_access, change_password
from strongroom.legal.passwords import LONGEST, Passwords, generated_password
from strongroom.legal.people import clean_name
from strongroom.times import format_instant

app = typer.Typer(name="user", help="Who may use the Legal desk. Users of an OpenID provider are its business.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Their name, an e-mail address for one.")]
StdinOption = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")]
GenerateOption = Annotated[bool, typer.Option("--generate", help="Make a password, and print it once.")]


@app.callback()
def user() -> None:
    """Who may use the Legal desk. Users of an OpenID provider are its business."""


@app.command("add", epilog="Example: strongroom user add anne@example.com --role analyst --all-divisions --generate")
def add(
    name: NameArgument,
    role: RoleOption,
    division: DivisionOption = None,
    all_divisions: AllDivisionsOption = False,
    password_stdin: StdinOption = False,
    generate: GenerateOption = False,
    as_json: AsJson = False,
) -> None:
    """Add a user who signs in by a password: asked for, from stdin, or a generated one."""
    divisions = divisions_of(division, all_divisions)
    password = _new_password(password_stdin, generate)
    with ledger(settings_of_process()) as engine:
        added = add_user(engine, Passwords(), name, password, role, divisions, operator())
    _tell(added, "added", password if generate else None, as_json=as_json)


@app.command("list", epilog="Example: strongroom user list")
def list_users(as_json: AsJson = False) -> None:
    """List all users, those of an OpenID provider and the disabled as well."""
    with ledger(settings_of_process()) as engine:
        known = all_users(engine)
    if as_json:
        print_json({"users": [_document(one) for one in known]})
        return
    table = columns("name", "signs in by", "roles", "divisions", "last signed in", "")
    for one in known:
        last = "never" if one.last_signed_in_at is None else instant(one.last_signed_in_at)
        by = "password" if one.local else "OpenID Connect"
        table.add_row(
            one.name, by, *access_words(one.roles, one.divisions), last, "disabled" if one.disabled_at else ""
        )
    open_console().print(table if known else "no users yet: strongroom user add NAME --role ROLE")


@app.command("disable", epilog="Example: strongroom user disable anne@example.com")
def disable(
    name: NameArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Let them in again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a user in no more; every session of theirs ends now."""
    with ledger(settings_of_process()) as engine:
        changed = (enable_user if undo else disable_user)(engine, clean_name(name), operator())
    _tell(changed, "enabled" if undo else "disabled", None, as_json=as_json)


@app.command("password", epilog="Example: strongroom user password anne@example.com")
def password(
    name: NameArgument, password_stdin: StdinOption = False, generate: GenerateOption = False, as_json: AsJson = False
) -> None:
    """Give a user another password; every session of theirs ends now."""
    new = _new_password(password_stdin, generate)
    with ledger(settings_of_process()) as engine:
        changed = change_password(engine, Passwords(), name, new, operator())
    _tell(changed, "has another password", new if generate else None, as_json=as_json)


@app.command(
    "roles", epilog="Example: strongroom user roles anne@example.com --role analyst --role auditor --all-divisions"
)
def roles(
    name: NameArgument,
    role: RoleOption,
    division: DivisionOption = None,
    all_divisions: AllDivisionsOption = False,
    as_json: AsJson = False,
) -> None:
    """Give a user these roles and divisions in place of those they have, from their next request on."""
    divisions = divisions_of(division, all_divisions)
    with ledger(settings_of_process()) as engine:
        changed = change_access(engine, name, role, divisions, operator())
    _tell(changed, "changed", None, as_json=as_json)


@app.command("events", epilog="Example: strongroom user events --limit 100")
def events(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, the latest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List who signed in, who was refused, and who let whom in: users and keys."""
    with ledger(settings_of_process()) as engine:
        found = access_events_before(engine, None, limit)
    if as_json:
        documents = [
            {
                "event_id": one.event_id,
                "at": format_instant(one.at),
                "act": one.act,
                "subject": one.subject,
                "actor": one.actor,
                "origin": one.origin,
                "details": dict(one.details),
            }
            for one in found
        ]
        print_json({"events": documents})
        return
    table = columns("when", "what", "about", "by", "from")
    for one in found:
        table.add_row(instant(one.at), one.act, one.subject, one.actor, one.origin)
    open_console().print(table if found else "nothing yet")


def _new_password(from_stdin: bool, generate: bool) -> str:
    if from_stdin and generate:
        raise typer.BadParameter("--password-stdin or --generate, one of the two")
    if generate:
        return generated_password()
    if from_stdin:
        return sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask for a password: --password-stdin or --generate")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise typer.BadParameter("the two passwords differ")
    return first


def _tell(user_now: User, what: str, password_once: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(user_now) | ({} if password_once is None else {"password": password_once}))
        return
    console = open_console()
    roles_words, divisions_words = access_words(user_now.roles, user_now.divisions)
    console.print(f"{user_now.name} {what}: {roles_words}; divisions: {divisions_words}")
    if password_once is not None:
        console.print(f"password, shown this once: {password_once}")


def _document(one: User) -> dict[str, object]:
    return {
        "name": one.name,
        "local": one.local,
        "roles": sorted(one.roles),
        "divisions": None if one.divisions is None else sorted(one.divisions),
        "created_at": json_instant(one.created_at),
        "disabled_at": json_instant(one.disabled_at),
        "last_signed_in_at": json_instant(one.last_signed_in_at),
    }
