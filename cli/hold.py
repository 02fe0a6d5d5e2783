"""`strongroom hold`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli.arguments import AsJson, any_day, require_order
from cli.connections import settings_of_process
from cli.hold_report import as_document, print_matter, print_matters
from cli.operator import operator
from cli.output import open_console, print_json
from strongroom.house import House, new_instance, open_house
from strongroom.ledger.revision import require_current_schema
from strongroom.legal import holds
from strongroom.legal.access import Principal, Role
from strongroom.legal.asking import parse_ids
from strongroom.legal.holds import MatterRow
from strongroom.legal.search import SearchQuery
from strongroom.times import start_of

app = typer.Typer(name="hold", help="Legal holds by matter: what is held is neither disposed of nor erased.")

_MOST_LISTED = 10_000

MatterArgument = Annotated[
    str, typer.Argument(metavar="MATTER", help="Its name: a number, no person's name.", show_default=False)
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it goes on the record.", show_default=False)
]


@app.callback()
def hold() -> None:
    """Legal holds by matter: what is held is neither disposed of nor erased."""


@app.command(
    "place",
    epilog="Example: strongroom hold place 2026-114 91fb60c3-12b2-4e1a-a558-b0836ed0dc3a --reason 'Notice of 3 March'",
)
def place(
    matter: MatterArgument,
    reason: ReasonOption,
    conversations: Annotated[
        list[UUID] | None, typer.Argument(metavar="CONVERSATION…", help="Their ids.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", exists=True, dir_okay=False, help="A list of ids, or a CSV file."),
    ] = None,
    requester: Annotated[
        str | None, typer.Option("--requester", metavar="WHO", help="On whose request.", show_default=False)
    ] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="NUMBER", help="A customer's number or address.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="NAME", help="An agent's id, or part of a name.")
    ] = None,
    queue: Annotated[
        str | None, typer.Option("--queue", metavar="NAME", help="A queue's id, or part of a name.")
    ] = None,
    media: Annotated[
        str | None, typer.Option("--media", metavar="MEDIUM", help="voice, chat, message, email …")
    ] = None,
    division: Annotated[
        str | None, typer.Option("--division", metavar="NAME", help="A division's id, or part of a name.")
    ] = None,
    first: Annotated[
        date | None,
        typer.Option("--from", metavar="DAY", parser=any_day, help="What ended on this UTC day or later."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", metavar="DAY", parser=any_day, help="What ended on this UTC day or earlier."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold conversations for a matter, a new one or one that is open.

    Those that are named, those of a file, and with search options all that fits all of them: what is archived, and
    what is archived later, until the matter is released. The store is told within a minute by the process `records`.
    """
    named = [*(conversations or []), *(_listed(file) if file else [])]
    if first is not None and last is not None:
        require_order(first, last)
    query = SearchQuery(
        address=customer, agent=agent, queue=queue, media=media, division=division,
        ended_from=None if first is None else start_of(first),
        ended_to=None if last is None or last == date.max else start_of(last + timedelta(days=1)),
    )  # fmt: skip
    with _house() as house:
        placed = holds.place(
            house,
            _principal(),
            matter,
            reason,
            conversations=named,
            query=None if query == SearchQuery() else query,
            requester=requester,
        )
    if as_json:
        document = {"new": placed.new, "not_there": [str(one) for one in placed.not_there]}
        print_json({"matter": as_document(placed.matter)} | document)
        return
    console = open_console()
    print_matter(console, placed.matter)
    for one in placed.not_there:
        console.print(f"! {one} is not archived yet: held from then on. Check the id")


@app.command("list", epilog="Example: strongroom hold list 2026-114")
def list_holds(
    matter: Annotated[
        str | None, typer.Argument(metavar="MATTER", help="With what it holds.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List all matters, those in force first; of one also what it holds."""
    with _house() as house:
        if matter is None:
            found = holds.all_matters(house, _principal())
            if as_json:
                print_json({"matters": [as_document(one) for one in found]})
            else:
                print_matters(open_console(), found)
            return
        row = holds.named(house, _principal(), matter)
        records = holds.records(house, _principal(), row.matter_id, limit=_MOST_LISTED)
    if as_json:
        print_json(as_document(row, records))
    else:
        print_matter(open_console(), row, records)


@app.command("release", epilog="Example: strongroom hold release 2026-114 --reason 'Settled on 3 March'")
def release(matter: MatterArgument, reason: ReasonOption, as_json: AsJson = False) -> None:
    """Ask for a matter to be released; it holds until a second person has approved, here or at the desk."""
    with _house() as house:
        principal = _principal()
        row = holds.ask_release(house, principal, holds.named(house, principal, matter).matter_id, reason)
    _tell(row, as_json=as_json)


@app.command("approve", epilog="Example: strongroom hold approve 2026-114")
def approve(matter: MatterArgument, as_json: AsJson = False) -> None:
    """Approve a release that another person asked for. What another matter holds stays held."""
    with _house() as house:
        principal = _principal()
        row = holds.approve(house, principal, holds.named(house, principal, matter).matter_id)
    _tell(row, as_json=as_json)


@app.command("refuse", epilog="Example: strongroom hold refuse 2026-114 --reason 'The appeal is pending'")
def refuse(matter: MatterArgument, reason: ReasonOption, as_json: AsJson = False) -> None:
    """Refuse a release that another person asked for: the matter goes on holding."""
    with _house() as house:
        principal = _principal()
        row = holds.refuse(house, principal, holds.named(house, principal, matter).matter_id, reason)
    _tell(row, as_json=as_json)


def _tell(row: MatterRow, *, as_json: bool) -> None:
    if as_json:
        print_json(as_document(row))
    else:
        print_matter(open_console(), row)


@contextmanager
def _house() -> Iterator[House]:
    house = open_house(settings_of_process(), new_instance())
    try:
        require_current_schema(house.engine)
        yield house
    finally:
        house.engine.dispose()


def _principal() -> Principal:
    """Whoever can run this has the ledger's password: the account that is signed in to is who the record names."""
    actor = operator()
    return Principal(actor.name, frozenset({Role.RECORDS_MANAGER}), None, actor.origin)


def _listed(file: Path) -> tuple[UUID, ...]:
    """The ids of a file. A line without one is no conversation that is silently not held."""
    parsed = parse_ids(file.read_text(encoding="utf-8-sig", errors="replace"))
    if parsed.rejected:
        lines = ", ".join(str(one.number) for one in parsed.rejected[:10])
        raise typer.BadParameter(
            f"{len(parsed.rejected)} lines hold no conversation's id, nothing was placed: line {lines}",
            param_hint="'--file'",
        )
    if not parsed.ids:
        raise typer.BadParameter("the file names no conversation", param_hint="'--file'")
    return parsed.ids
