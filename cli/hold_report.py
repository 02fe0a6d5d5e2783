"""Matters of legal holds as they are shown in a terminal: whom a search looks for stays out of it."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from cli.output import columns, count, instant, json_instant, printable
from strongroom.legal.holds import HoldRecord, MatterRow, MatterSearch


def as_document(row: MatterRow, records: Sequence[HoldRecord] | None = None) -> dict[str, object]:
    """One matter for machines; docs/commands.md has the keys."""
    document: dict[str, object] = {
        "matter_id": str(row.matter_id),
        "name": row.name,
        "reason": row.reason,
        "requester": row.requester,
        "placed_by": row.placed_by,
        "placed_at": json_instant(row.placed_at),
        "state": row.state,
        "since": json_instant(row.state_at),
        "cause": row.cause,
        "release_asked_by": row.release_asked_by,
        "release_asked_at": json_instant(row.release_asked_at),
        "release_reason": row.release_reason,
        "released_by": row.released_by,
        "released_at": json_instant(row.released_at),
        "records": row.records,
        "applied": row.applied,
        "lifted": row.lifted,
        "searches": [
            {
                "search": None if one.sought is None else one.sought.document(personal=False),
                "names_customer": one.sought is not None and one.sought.is_personal,
                "placed_by": one.placed_by,
                "placed_at": json_instant(one.placed_at),
                "state": one.state,
            }
            for one in row.searches
        ],
    }
    if records is not None:
        document["conversations"] = [
            {
                "conversation_id": str(one.conversation_id),
                "found_by": one.found_by,
                "placed_at": json_instant(one.placed_at),
                "state": one.state,
                "since": json_instant(one.state_at),
            }
            for one in records
        ]
    return document


def print_matters(console: Console, rows: Sequence[MatterRow]) -> None:
    """All matters, one a line."""
    if not rows:
        console.print("no matter holds anything: strongroom hold place MATTER CONVERSATION --reason TEXT")
        return
    table = columns("matter", "state", "records", "in the store", "placed", "by", right=("records", "in the store"))
    for row in rows:
        told = row.lifted if row.state == "released" else row.applied
        table.add_row(
            printable(row.name), row.state, f"{row.records:,}", f"{told:,}", instant(row.placed_at),
            printable(row.placed_by),
        )  # fmt: skip
    console.print(table)


def print_matter(console: Console, row: MatterRow, records: Sequence[HoldRecord] = ()) -> None:
    """One matter, with what it holds where that is given."""
    console.print(f"matter {printable(row.name)}: {row.state} since {instant(row.state_at)}")
    console.print(f"  {printable(' '.join(row.reason.split()))}")
    console.print(f"  placed by {printable(row.placed_by)} for {printable(row.requester)}, {instant(row.placed_at)}")
    if row.release_asked_by is not None and row.release_asked_at is not None:
        by, why = printable(row.release_asked_by), printable(" ".join((row.release_reason or "").split()))
        console.print(f"  release asked for by {by}, {instant(row.release_asked_at)}: {why}")
    if row.released_by is not None and row.released_at is not None:
        console.print(f"  released by {printable(row.released_by)}, {instant(row.released_at)}")
    if row.state == "released":
        console.print(f"  {count(row.records, 'conversation')}, of which {row.lifted:,} are let go or held by others")
    else:
        console.print(f"  {count(row.records, 'conversation')}, of which the store holds {row.applied:,}")
    for search in row.searches:
        console.print(f"  looks for {printable(', '.join(_words(search)))}")
    if records:
        table = columns("conversation", "by", "since", "state")
        for one in records:
            table.add_row(str(one.conversation_id), one.found_by, instant(one.placed_at), one.state)
        console.print(table)


def _words(search: MatterSearch) -> Iterator[str]:
    sought = search.sought
    if sought is None:
        yield "something in divisions that are not yours" if search.withheld else "nothing any more"
        return
    if sought.is_personal:
        yield "a customer"
    yield from (f"{kind} {value}" for kind, value in sought.named)
    if sought.direction is not None:
        yield sought.direction
    for word, moment in (
        ("started from", sought.started_from),
        ("started before", sought.started_to),
        ("ended from", sought.ended_from),
        ("ended before", sought.ended_to),
    ):
        if moment is not None:
            yield f"{word} {instant(moment)}"
    if search.state == "wanted":
        yield "what is archived is still being looked through"
