"""`strongroom api-key`."""

from datetime import timedelta
from typing import Annotated

import typer

from cli.access_options import AllDivisionsOption, DivisionOption, RoleOption, access_words, divisions_of
from cli.arguments import AsJson
from cli.connections import ledger, settings_of_process
from cli.operator import operator
from cli.output import columns, instant, json_instant, open_console, print_json
from strongroom.ledger.api_keys import ApiKey, all_keys, revoke_key
from strongroom.legal.accounts import LONGEST_KEY_LIFE, new_api_key
from strongroom.legal.people import clean_name

app = typer.Typer(name="api-key", help="Keys with which machines use the Legal desk's API.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The machine's name, as the custody chain has it.")]


@app.callback()
def api_key() -> None:
    """Keys with which machines use the Legal desk's API."""


@app.command("add", epilog="Example: strongroom api-key add case-tool --role analyst --division 7a… --days 90")
def add(
    name: NameArgument,
    role: RoleOption,
    days: Annotated[int, typer.Option("--days", min=1, max=LONGEST_KEY_LIFE.days, help="In how many days it expires.")],
    division: DivisionOption = None,
    all_divisions: AllDivisionsOption = False,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it once; nothing that could be used is kept of it.

    It is sent as `Authorization: Bearer KEY`. A name is never given to a second key.
    """
    divisions = divisions_of(division, all_divisions)
    with ledger(settings_of_process()) as engine:
        added, key = new_api_key(engine, name, role, divisions, timedelta(days=days), operator())
    if as_json:
        print_json(_document(added) | {"key": key})
        return
    console = open_console()
    roles_words, divisions_words = access_words(added.roles, added.divisions)
    expires = instant(added.expires_at)
    console.print(f"{added.name} added: {roles_words}; divisions: {divisions_words}; expires {expires}")
    console.print(f"key, shown this once: {key}")


@app.command("list", epilog="Example: strongroom api-key list")
def list_keys(as_json: AsJson = False) -> None:
    """List all keys, the expired and the revoked as well."""
    with ledger(settings_of_process()) as engine:
        known = all_keys(engine)
    if as_json:
        print_json({"keys": [_document(one) for one in known]})
        return
    table = columns("name", "roles", "divisions", "made by", "expires", "last used", "")
    for one in known:
        last = "never" if one.last_used_at is None else instant(one.last_used_at)
        standing = "" if one.usable else "revoked" if one.revoked_at else "expired"
        access = access_words(one.roles, one.divisions)
        table.add_row(one.name, *access, one.created_by, instant(one.expires_at), last, standing)
    open_console().print(table if known else "no keys yet: strongroom api-key add NAME --role ROLE --days DAYS")


@app.command("revoke", epilog="Example: strongroom api-key revoke case-tool")
def revoke(name: NameArgument, as_json: AsJson = False) -> None:
    """Make a key worthless, from the next request on."""
    with ledger(settings_of_process()) as engine:
        revoked = revoke_key(engine, clean_name(name), operator())
    if as_json:
        print_json(_document(revoked))
    else:
        open_console().print(f"{revoked.name} revoked")


def _document(one: ApiKey) -> dict[str, object]:
    return {
        "name": one.name,
        "roles": sorted(one.roles),
        "divisions": None if one.divisions is None else sorted(one.divisions),
        "created_by": one.created_by,
        "created_at": json_instant(one.created_at),
        "expires_at": json_instant(one.expires_at),
        "revoked_at": json_instant(one.revoked_at),
        "last_used_at": json_instant(one.last_used_at),
        "usable": one.usable,
    }
