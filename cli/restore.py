"""`strongroom restore`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import sleep
from typing import Annotated
from uuid import UUID

import typer

from cli.arguments import AsJson
from cli.connections import ledger, settings_of_process
from cli.operator import operator
from cli.output import open_console, print_json
from cli.restore_report import as_document, print_listed, print_whole
from config.settings import Settings
from strongroom.house import House, new_instance, open_house
from strongroom.ledger.restores import restores_needed
from strongroom.ledger.revision import require_current_schema
from strongroom.pipeline.restore import follow_restore, request_restore, restore_status
from strongroom.pipeline.restore_outlook import RestoreStatus, status_of
from strongroom.times import parse_instant, utc_now
from strongroom.vault.tiers import load_tiers

EXAMPLE = "Example: strongroom restore 91fb60c3-12b2-4e1a-a558-b0836ed0dc3a --due-in 4h --reason 'subpoena 17'"

_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_MINUTES = {"m": 1, "h": 60, "d": 1_440}
_LONGEST = timedelta(days=366)
_LOOK_EVERY_S = 5.0


def due_time(text: str) -> datetime:
    """An instant to come, ISO-8601 with a time zone. Raises typer.BadParameter."""
    try:
        due = parse_instant(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no instant: give it as 2026-11-24T14:00Z, time zone included") from None
    return _reasonable(due)


def due_in(text: str) -> datetime:
    """So long from now: minutes, hours or days, as `90m`, `4h`, `2d`. Raises typer.BadParameter."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no duration: give minutes, hours or days, as 90m, 4h or 2d")
    return _reasonable(utc_now() + timedelta(minutes=int(match[1]) * _MINUTES[match[2]]))


def _reasonable(due: datetime) -> datetime:
    now = utc_now()
    if due <= now:
        raise typer.BadParameter(f"it is in the past: in UTC it is {now:%Y-%m-%dT%H:%MZ} now")
    if due - now > _LONGEST:
        raise typer.BadParameter(f"it is more than {_LONGEST.days} days away: what was brought back has lapsed by then")
    return due


ConversationArgument = Annotated[
    UUID | None, typer.Argument(metavar="CONVERSATION", help="The conversation's id.", show_default=False)
]
DueOption = Annotated[
    datetime | None,
    typer.Option("--due", metavar="INSTANT", parser=due_time, help="When it must be readable: 2026-11-24T14:00Z."),
]
DueInOption = Annotated[
    datetime | None,
    typer.Option("--due-in", metavar="TIME", parser=due_in, help="The same, from now: 90m, 4h or 2d."),
]
ReasonOption = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Why; it goes into the custody chain.", show_default=False),
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Stay until everything can be read.")]
ListOption = Annotated[bool, typer.Option("--list", help="Show the restores under way, and those that failed.")]


def restore(
    conversation: ConversationArgument = None,
    due: DueOption = None,
    due_within: DueInOption = None,
    reason: ReasonOption = None,
    wait: WaitOption = False,
    listed: ListOption = False,
    as_json: AsJson = False,
) -> None:
    """Make everything of a conversation readable by a due time.

    What lies in an archive storage class is asked for by the retrieval tier that makes it at the least cost, once; the
    fleet follows it, and keeps it readable until a day after the due time. Asked for again, it joins what is under way.
    Exit code 1: it will not be in time, or can't be.
    """
    settings = settings_of_process()
    if listed:
        if conversation is not None or due is not None or due_within is not None or reason is not None or wait:
            raise typer.BadParameter("stands alone, or with --json", param_hint="'--list'")
        _list(settings, as_json=as_json)
        return
    needed_by = due or due_within
    if conversation is None:
        raise typer.BadParameter("name a conversation, or take --list")
    if needed_by is None or (due is not None and due_within is not None):
        raise typer.BadParameter("say when it is due: --due or --due-in, one of the two")
    with _house(settings) as house:
        status = request_restore(house, conversation, needed_by, operator(), reason)
        if wait:
            status = _wait(house, status, quiet=as_json)
    if as_json:
        print_json(as_document(status))
    else:
        print_whole(open_console(), status)
    raise typer.Exit(1 if status.late else 0)


@contextmanager
def _house(settings: Settings) -> Iterator[House]:
    house = open_house(settings, new_instance())
    try:
        require_current_schema(house.engine)
        yield house
    finally:
        house.engine.dispose()


def _wait(house: House, status: RestoreStatus, *, quiet: bool) -> RestoreStatus:
    """Follow the restore until it is ready or has failed, beside the fleet: a lease lets one of us at a time look."""
    console = open_console()
    said = ""
    while status.restore.state == "open":
        if not quiet and status.restore.cause != said:
            said = status.restore.cause
            console.print(f"waiting: {said}")
        sleep(_LOOK_EVERY_S)
        follow_restore(house, status.restore.restore_id)
        status = restore_status(house, status.restore.restore_id)
    return status


def _list(settings: Settings, *, as_json: bool) -> None:
    prices = load_tiers(settings.tiers_file).prices
    with ledger(settings) as engine:
        statuses = [status_of(row, prices) for row in restores_needed(engine)]
    if as_json:
        print_json({"restores": [as_document(status) for status in statuses]})
    else:
        print_listed(open_console(), statuses)
    raise typer.Exit(1 if any(status.late for status in statuses) else 0)
