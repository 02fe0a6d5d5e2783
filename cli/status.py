"""`strongroom status`."""

from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from cli.arguments import AsJson, known_day
from cli.attention import Attention, attention, attention_document, print_attention
from cli.connections import ledger, settings_of_process
from cli.day_report import DayReport, as_document, print_days, print_whole, report_of
from cli.output import open_console, print_json
from cli.watching import watch
from strongroom.ledger.engine import Engine
from strongroom.ledger.progress import recent_days
from strongroom.pipeline.days import forgotten_days
from strongroom.pipeline.log_keys import can_seal
from strongroom.times import utc_now

EXAMPLE = "Example: strongroom status 2025-05-14 --watch"
RECENT_DAYS = 14

DayArgument = Annotated[
    date | None,
    typer.Argument(metavar="DAY", parser=known_day, help="YYYY-MM-DD (UTC), today or yesterday.", show_default=False),
]
WatchOption = Annotated[bool, typer.Option("--watch", help="Stay, and show progress until all is finished.")]


def status(day: DayArgument = None, watching: WatchOption = False, as_json: AsJson = False) -> None:
    """Show how far the archive has got, from the ledger.

    Without a day: the latest days, those that nobody archived, restores that will be late, and checks that failed.
    With a day: everything about it. --watch stops when nothing is under way any more, or at Ctrl-C; with --json it
    prints a line of JSON at each change of a day.
    """
    settings = settings_of_process()
    console = open_console()
    with ledger(settings) as engine:
        if watching:
            _watch(engine, day, console, as_json=as_json)
        elif day is not None:
            report = report_of(engine, day)
            if as_json:
                print_json(as_document(report))
            else:
                print_whole(console, report, has_key=can_seal(settings))
        else:
            reports = _recent(engine)
            forgotten = forgotten_days(settings, engine, utc_now())
            needed = attention(engine)
            if as_json:
                print_json(
                    {
                        "days": [as_document(report) for report in reports],
                        "forgotten_days": [each.isoformat() for each in forgotten],
                    }
                    | attention_document(needed)
                )
            else:
                _print_recent(console, reports, forgotten, needed)


def _recent(engine: Engine) -> list[DayReport]:
    return [report_of(engine, day) for day in recent_days(engine, RECENT_DAYS)]


def _watch(engine: Engine, day: date | None, console: Console, *, as_json: bool) -> None:
    def look() -> list[DayReport]:
        if day is not None:
            return [report_of(engine, day)]
        return [report for report in _recent(engine) if report.progress.run_state is not None]

    try:
        watch(look, console, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit from None


def _print_recent(console: Console, reports: list[DayReport], forgotten: list[date], needed: Attention) -> None:
    if reports:
        print_days(console, reports)
    else:
        console.print("no day has been archived yet; begin with: strongroom archive yesterday")
    for first, last in _stretches(forgotten):
        until = f" --to {last}" if last != first else ""
        console.print(f"! {first}{f' to {last} were' if until else ' was'} never archived:", style="yellow")
        console.print(f"  strongroom archive {first}{until}")
    print_attention(console, needed)


def _stretches(days: list[date]) -> list[tuple[date, date]]:
    """Days in ascending order as first and last of each unbroken row of them."""
    stretches: list[tuple[date, date]] = []
    for day in days:
        if stretches and (day - stretches[-1][1]).days == 1:
            stretches[-1] = (stretches[-1][0], day)
        else:
            stretches.append((day, day))
    return stretches
