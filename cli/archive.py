"""`strongroom archive`."""

from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from cli.arguments import AsJson, ended_day, require_order
from cli.connections import fleet, ledger, settings_of_process
from cli.day_report import DayReport, as_document, report_of
from cli.output import count, open_console, print_json, printable
from cli.watching import until_finished, wait_for, watch
from config.settings import Settings
from strongroom.ledger.backfills import Backfill, list_backfills, open_backfill
from strongroom.ledger.engine import Engine
from strongroom.ledger.runs import open_run
from strongroom.pipeline.backfill_outlook import to_back_fill
from strongroom.retention.policy import load_policy
from strongroom.times import days_between, utc_now
from tasks.fleet import Fleet, send, waiting_messages

EXAMPLE = "Example: strongroom archive 2025-05-01 --to 2025-05-07 --wait"
LONGEST_RANGE_DAYS = 7_320
"""Twenty years: longer than any record is kept."""

DayArgument = Annotated[
    date, typer.Argument(metavar="DAY", parser=ended_day, help="YYYY-MM-DD (UTC), or yesterday.", show_default=False)
]
ToOption = Annotated[
    date | None, typer.Option("--to", metavar="DAY", parser=ended_day, help="Last day of a range, included.")
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Show progress until every day is finished.")]
NewestOption = Annotated[
    bool, typer.Option("--newest-first", help="Back-fill the newest of the old days first, not the oldest.")
]
LockOption = Annotated[
    int | None,
    typer.Option(
        "--shortest-lock",
        metavar="DAYS",
        min=1,
        help="Back-fill what the policy would have let go by now too, locked for so many days from today.",
    ),
]


def archive(
    day: DayArgument,
    to: ToOption = None,
    newest_first: NewestOption = False,
    shortest_lock: LockOption = None,
    wait: WaitOption = False,
    as_json: AsJson = False,
) -> None:
    """Archive the conversations that ended on a day or a range.

    The day is given to the worker fleet. A day that is archived already is looked through again: what is new is
    added, what is stored stays as it is. With --wait the exit code is 1 when something of the days is in review;
    Ctrl-C ends the waiting, not the work.

    Days of a range that no night would make up for any more (STRONGROOM_CATCH_UP_DAYS) are back-filled: one after the
    other, in the background. See `strongroom backfill list`. What the policy would have let go by now is listed by
    `strongroom backfill expired` and not archived, unless --shortest-lock asks for it.
    """
    last = to or day
    require_order(day, last)
    days = days_between(day, last)
    if len(days) > LONGEST_RANGE_DAYS:
        raise typer.BadParameter(f"{len(days):,} days at once; at most {LONGEST_RANGE_DAYS:,}", param_hint="'--to'")
    settings = settings_of_process()
    old = to_back_fill(settings, days, utc_now())
    if shortest_lock is not None:
        _require_below_cap(settings, shortest_lock)
        old = days
    if newest_first and not old:
        raise typer.BadParameter("no day is so old that it is back-filled", param_hint="'--newest-first'")
    with ledger(settings) as engine:
        with fleet(settings) as app:
            # asked before anything is recorded, so that a command that fails has changed nothing
            waiting_messages(app)
            begun = _back_fill(engine, app, old, newest_first, shortest_lock)
            opened = _hand_over(engine, app, [each for each in days if each not in set(old)])
        if not as_json:
            _print_opened(begun, opened)
        if wait:
            _wait(engine, days, begun, opened, as_json=as_json)
        elif as_json:
            print_json(
                {
                    "days": [{"day": each.isoformat(), "opened": is_new} for each, is_new in opened.items()],
                    "backfill": _begun_document(begun),
                }
            )
        elif opened:
            open_console().print(f"follow it: strongroom status {next(iter(opened))} --watch")


def _require_below_cap(settings: Settings, shortest_lock_days: int) -> None:
    cap_days = load_policy(settings.policy_file).cap_years * 365
    if shortest_lock_days > cap_days:
        raise typer.BadParameter(
            f"{shortest_lock_days:,} days are above the policy's cap of {cap_days:,}: a lock can't be taken back",
            param_hint="'--shortest-lock'",
        )


def _back_fill(
    engine: Engine, app: Fleet, days: list[date], newest_first: bool, shortest_lock_days: int | None
) -> Backfill | None:
    if not days:
        return None
    begun = open_backfill(engine, days[0], days[-1], newest_first=newest_first, shortest_lock_days=shortest_lock_days)
    send(app, "read_backfill", [(begun.backfill_id,)])
    return begun


def _hand_over(engine: Engine, app: Fleet, days: list[date]) -> dict[date, bool]:
    """Open a run for each day and tell the fleet; whether the run was opened here."""
    opened = {each: open_run(engine, each, "asked for by command") for each in days}
    send(app, "enumerate_day", [(each.isoformat(),) for each in days])
    return opened


def _begun_document(begun: Backfill | None) -> dict[str, object] | None:
    if begun is None:
        return None
    return {
        "backfill": begun.backfill_id,
        "first_day": begun.first_day.isoformat(),
        "last_day": begun.last_day.isoformat(),
    }


def _print_opened(begun: Backfill | None, opened: dict[date, bool]) -> None:
    console = open_console()
    if begun is not None:
        console.print(f"{begun.first_day} to {begun.last_day}  back-filled in the background, as {begun.backfill_id}")
        console.print("follow it: strongroom backfill list")
    for day, is_new in opened.items():
        words = "given to the fleet" if is_new else "under way already; enumeration sent again"
        console.print(f"{day}  {words}")


def _wait_for_backfill(engine: Engine, begun: Backfill, console: Console | None) -> None:
    """Stay until the back-fill is finished; each change of what it does is a line."""
    told = None

    def finished() -> bool:
        nonlocal told
        [now] = [one for one in list_backfills(engine) if one.backfill_id == begun.backfill_id]
        if console is not None and now.cause != told:
            console.print(f"back-fill {now.backfill_id} {now.state}: {printable(now.cause)}")
            told = now.cause
        return now.state == "finished"

    wait_for(finished)


def _wait(engine: Engine, days: list[date], begun: Backfill | None, opened: dict[date, bool], *, as_json: bool) -> None:
    """Stay until every day is finished. Raises typer.Exit when something of them is in review."""

    def look() -> list[DayReport]:
        return [report_of(engine, each) for each in days]

    console = open_console()
    if begun is not None:
        _wait_for_backfill(engine, begun, None if as_json else console)
    reports = until_finished(look) if as_json else watch(look, console, as_json=False)
    in_review = sum(report.review for report in reports)
    if as_json:
        print_json(
            {
                "days": [as_document(report) | {"opened": opened.get(report.day, True)} for report in reports],
                "backfill": _begun_document(begun),
            }
        )
    elif in_review:
        console.print(f"finished, with {count(in_review, 'row')} in review; see: strongroom review")
    else:
        console.print("finished, nothing in review")
    if in_review:
        raise typer.Exit(1)
