"""`strongroom requeue`."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from cli.arguments import AsJson, OfConversation, OfDay, WithKind, WithReason, known_day, require_order
from cli.connections import ledger, settings_of_process
from cli.operator import operator
from cli.output import count, open_console, print_json
from cli.rows import as_document, print_rows
from strongroom.ledger.review import Selection, hurry, of_kind, requeue_list, waiting_list
from strongroom.ledger.review import requeue as put_back_to_work

EXAMPLE = "Example: strongroom requeue --day 2025-05-14 --reason 'not ready' --dry-run"


class RequeueState(StrEnum):
    """Which rows are meant: those on the review list, or recordings that wait for their next attempt."""

    REVIEW = "review"
    WAITING = "waiting"


OfRecording = Annotated[str | None, typer.Option("--recording", metavar="ID", help="Only this recording.")]
ToOption = Annotated[
    date | None,
    typer.Option("--to", metavar="DAY", parser=known_day, help="With --day: last day of a range, included."),
]
StateOption = Annotated[
    RequeueState | None,
    typer.Option("--state", help="review (default): with a fresh deadline; waiting: due now.", show_default=False),
]
AllOption = Annotated[bool, typer.Option("--all", help="Everything; needed where nothing is chosen.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="List what would be re-queued, and change nothing.")]


def requeue(
    conversation: OfConversation = None,
    recording: OfRecording = None,
    day: OfDay = None,
    to: ToOption = None,
    state: StateOption = None,
    reason: WithReason = None,
    kind: WithKind = None,
    everything: AllOption = False,
    dry_run: DryRunOption = False,
    as_json: AsJson = False,
) -> None:
    """Put chosen rows of the review list back to work.

    They get a fresh deadline. With --state waiting: recordings that wait for their next attempt are due now, with the
    deadline they have. The next sweep gives them to the workers.
    """
    if to is not None and day is None:
        raise typer.BadParameter("needs --day, the first day of the range", param_hint="'--to'")
    if day is not None and to is not None:
        require_order(day, to)
    selection = Selection(conversation, recording, day, to or day, reason)
    is_chosen = selection != Selection() or state is not None or kind is not None
    if is_chosen == everything:
        raise typer.BadParameter(
            "choose rows (--conversation, --recording, --day, --state, --reason, --kind), or take --all; one of the two"
        )
    chosen_state = state or RequeueState.REVIEW
    settings = settings_of_process()
    with ledger(settings) as engine:
        listed = requeue_list if chosen_state is RequeueState.REVIEW else waiting_list
        if kind is not None:
            selection = of_kind(selection, kind, listed(engine, selection))
        if dry_run:
            rows = listed(engine, selection)
            number = len(rows)
        elif chosen_state is RequeueState.REVIEW:
            number = put_back_to_work(engine, selection, by=operator(), deadline_s=settings.retry_deadline_s)
        else:
            number = hurry(engine, selection)
    document: dict[str, object] = {"state": chosen_state.value, "dry_run": dry_run, "count": number}
    if as_json:
        print_json(document | {"rows": [as_document(row) for row in rows]} if dry_run else document)
        return
    console = open_console()
    if dry_run:
        print_rows(console, rows)
        console.print(f"{count(number, 'row')} would be re-queued; nothing was changed")
    elif number == 0:
        console.print("nothing that was chosen is to be re-queued; nothing was changed")
    else:
        console.print(f"{count(number, 'row')} re-queued; the next sweep gives them to the workers")
