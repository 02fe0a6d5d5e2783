"""`strongroom archive`."""

from datetime import date
from typing import Annotated

import typer

from cli.arguments import AsJson, ended_day, require_order
from cli.connections import fleet, ledger, settings_of_process
from cli.day_report import DayReport, as_document, report_of
from cli.output import count, open_console, print_json
from cli.watching import until_finished, watch
from strongroom.ledger.engine import Engine
from strongroom.ledger.runs import open_run
from strongroom.times import days_between
from tasks.fleet import Fleet, send, waiting_messages

EXAMPLE = "Example: strongroom archive 2025-05-01 --to 2025-05-07 --wait"
LONGEST_RANGE_DAYS = 366

DayArgument = Annotated[
    date, typer.Argument(metavar="DAY", parser=ended_day, help="YYYY-MM-DD (UTC), or yesterday.", show_default=False)
]
ToOption = Annotated[
    date | None, typer.Option("--to", metavar="DAY", parser=ended_day, help="Last day of a range, included.")
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Show progress until every day is finished.")]


def archive(day: DayArgument, to: ToOption = None, wait: WaitOption = False, as_json: AsJson = False) -> None:
    """Archive the conversations that ended on a day or a range.

    The day is given to the worker fleet. A day that is archived already is looked through again: what is new is
    added, what is stored stays as it is. With --wait the exit code is 1 when something of the days is in review;
    Ctrl-C ends the waiting, not the work.
    """
    last = to or day
    require_order(day, last)
    days = days_between(day, last)
    if len(days) > LONGEST_RANGE_DAYS:
        raise typer.BadParameter(f"{len(days):,} days at once; at most {LONGEST_RANGE_DAYS}", param_hint="'--to'")
    settings = settings_of_process()
    with ledger(settings) as engine:
        with fleet(settings) as app:
            opened = _hand_over(engine, app, days)
        if not as_json:
            _print_opened(opened)
        if wait:
            _wait(engine, opened, as_json=as_json)
        elif as_json:
            print_json({"days": [{"day": each.isoformat(), "opened": is_new} for each, is_new in opened.items()]})
        else:
            open_console().print(f"follow it: strongroom status {day} --watch")


def _hand_over(engine: Engine, app: Fleet, days: list[date]) -> dict[date, bool]:
    """Open a run for each day and tell the fleet; whether the run was opened here."""
    # asked before anything is recorded, so that a command that fails has changed nothing
    waiting_messages(app)
    opened = {each: open_run(engine, each, "asked for by command") for each in days}
    send(app, "enumerate_day", [(each.isoformat(),) for each in days])
    return opened


def _print_opened(opened: dict[date, bool]) -> None:
    for day, is_new in opened.items():
        words = "given to the fleet" if is_new else "under way already; enumeration sent again"
        open_console().print(f"{day}  {words}")


def _wait(engine: Engine, opened: dict[date, bool], *, as_json: bool) -> None:
    """Stay until every day is finished. Raises typer.Exit when something of them is in review."""

    def look() -> list[DayReport]:
        return [report_of(engine, each) for each in opened]

    console = open_console()
    reports = until_finished(look) if as_json else watch(look, console, as_json=False)
    in_review = sum(report.review for report in reports)
    if as_json:
        print_json({"days": [as_document(report) | {"opened": opened[report.day]} for report in reports]})
    elif in_review:
        console.print(f"finished, with {count(in_review, 'row')} in review; see: strongroom review")
    else:
        console.print("finished, nothing in review")
    if in_review:
        raise typer.Exit(1)
