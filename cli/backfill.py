"""`strongroom backfill`: how back-fills stand, stopping and starting them, and what they did not archive."""

from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console

from cli.arguments import AsJson, known_day, require_order
from cli.connections import fleet, ledger, settings_of_process
from cli.output import columns, count, instant, json_instant, open_console, print_json, printable
from strongroom.ledger.backfill_counts import ExpiredRow, expired_conversations
from strongroom.ledger.backfills import start_backfill, stop_backfill
from strongroom.pipeline.backfill_outlook import Outlook, outlooks
from strongroom.times import utc_now
from tasks.fleet import send

app = typer.Typer(
    name="backfill", help="Back-fills of old days: how they stand, stop and start, and what was not archived."
)

NumberArgument = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="As `strongroom backfill list` has it.")]
FromOption = Annotated[
    date | None, typer.Option("--from", metavar="DAY", parser=known_day, help="Not before this day (UTC).")
]
ToOption = Annotated[
    date | None, typer.Option("--to", metavar="DAY", parser=known_day, help="Not after this day (UTC).")
]


@app.command("list", epilog="Example: strongroom backfill list")
def list_(as_json: AsJson = False) -> None:
    """Show every back-fill, the latest first: how far it is, what became of what it found, and when it will be done.

    Begin one with `strongroom archive DAY --to DAY`.
    """
    settings = settings_of_process()
    with ledger(settings) as engine:
        found = outlooks(settings, engine, utc_now())
    if as_json:
        print_json({"backfills": [_as_document(one) for one in found]})
        return
    console = open_console()
    if not found:
        console.print("there is no back-fill; begin one with: strongroom archive DAY --to DAY")
    for one in found:
        _print_outlook(console, one)


@app.command(epilog="Example: strongroom backfill stop 3")
def stop(number: NumberArgument, as_json: AsJson = False) -> None:
    """Read no more days and begin no more conversations; those that are begun are finished. Nothing is lost."""
    with ledger(settings_of_process()) as engine:
        stopped = stop_backfill(engine, number)
    _tell(number, "stopped", changed=stopped, as_json=as_json)


@app.command(epilog="Example: strongroom backfill start 3")
def start(number: NumberArgument, as_json: AsJson = False) -> None:
    """Go on where it was stopped, at the very page."""
    settings = settings_of_process()
    with ledger(settings) as engine:
        started = start_backfill(engine, number)
        with fleet(settings) as fleet_app:
            send(fleet_app, "read_backfill", [(number,)])
    _tell(number, "running", changed=started, as_json=as_json)


@app.command(epilog="Example: strongroom backfill expired --from 2015-01-01 --to 2015-12-31")
def expired(first: FromOption = None, to: ToOption = None, as_json: AsJson = False) -> None:
    """List the conversations that were not archived because the policy would have let them go by now.

    To archive them all the same: `strongroom archive DAY --to DAY --shortest-lock DAYS`.
    """
    if first is not None and to is not None:
        require_order(first, to)
    with ledger(settings_of_process()) as engine:
        rows = expired_conversations(engine, first, to)
    if as_json:
        print_json({"rows": [_expired_document(row) for row in rows]})
        return
    console = open_console()
    if not rows:
        console.print("nothing has expired")
        return
    table = columns("day", "conversation", "class", "kept until")
    for row in rows:
        table.add_row(str(row.day), _conversation(row), row.retention_class, f"{row.retain_until:%Y-%m-%d}")
    console.print(table)
    console.print(f"{count(len(rows), 'conversation')} not archived: the policy would have let them go by now")


def _tell(number: int, state: str, *, changed: bool, as_json: bool) -> None:
    if as_json:
        print_json({"backfill": number, "state": state, "changed": changed})
    else:
        open_console().print(f"back-fill {number} is {state}{'' if changed else ' already'}")


def _print_outlook(console: Console, one: Outlook) -> None:
    backfill = one.backfill
    order = "newest first" if backfill.newest_first else "oldest first"
    console.print(f"{backfill.backfill_id}  {backfill.first_day} to {backfill.last_day}, {order}: {backfill.state}")
    console.print(f"  {printable(backfill.cause)}")
    by_state = ", ".join(f"{state} {number:,}" for state, number in sorted(one.counts.by_state.items()))
    console.print(f"  days read {one.days_read:,}/{one.days:,}; conversations: {by_state or 'none yet'}")
    if backfill.shortest_lock_days is not None:
        lock = count(backfill.shortest_lock_days, "day")
        console.print(f"  what the policy would have let go is locked for {lock}")
    if one.forecast is not None:
        left = one.forecast.conversations_left
        about = "what is left is not known yet" if left is None else f"about {left:,.0f} conversations left"
        expected, earliest = _when(one.forecast.expected_at), _when(one.forecast.earliest_at)
        console.print(f"  {about}; done {expected}, by Genesys's allowance not before {earliest}")


def _when(moment: datetime | None) -> str:
    return "at a time not known yet" if moment is None else instant(moment)


def _conversation(row: ExpiredRow) -> str:
    return f"{row.conversation_id}{f' revision {row.revision}' if row.revision > 1 else ''}"


def _as_document(one: Outlook) -> dict[str, object]:
    backfill, told = one.backfill, one.forecast
    return {
        "backfill": backfill.backfill_id,
        "first_day": backfill.first_day.isoformat(),
        "last_day": backfill.last_day.isoformat(),
        "newest_first": backfill.newest_first,
        "shortest_lock_days": backfill.shortest_lock_days,
        "state": backfill.state,
        "since": json_instant(backfill.state_at),
        "cause": backfill.cause,
        "reading_day": None if backfill.reading_day is None else backfill.reading_day.isoformat(),
        "days": one.days,
        "days_read": one.days_read,
        "conversations": one.counts.by_state,
        "forecast": told
        and {
            "conversations_left": told.conversations_left,
            "expected_at": json_instant(told.expected_at),
            "earliest_at": json_instant(told.earliest_at),
        },
    }


def _expired_document(row: ExpiredRow) -> dict[str, object]:
    return {
        "day": row.day.isoformat(),
        "conversation_id": str(row.conversation_id),
        "revision": row.revision,
        "conversation_end": json_instant(row.conversation_end),
        "retention_class": row.retention_class,
        "retain_until": json_instant(row.retain_until),
        "reason": row.reason,
    }
