"""`strongroom reconcile`."""

from datetime import date
from time import sleep
from typing import Annotated

import typer

from cli.arguments import AsJson, ended_day
from cli.connections import fleet, ledger, settings_of_process
from cli.output import open_console, print_json
from cli.recount_report import RecountReport, recount_document, recount_lines, recount_of
from strongroom.errors import Misconfigured
from strongroom.ledger.activity import want_recount
from strongroom.ledger.engine import Engine
from tasks.fleet import send, waiting_messages

EXAMPLE = "Example: strongroom reconcile yesterday --wait"
_LOOK_EVERY_S = 1.0

DayArgument = Annotated[
    date, typer.Argument(metavar="DAY", parser=ended_day, help="YYYY-MM-DD (UTC), or yesterday.", show_default=False)
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Stay until the result stands in the vault, and show it.")]


def reconcile(day: DayArgument, wait: WaitOption = False, as_json: AsJson = False) -> None:
    """Count a day again, from Genesys's own extract, and compare it with ledger and bucket.

    The fleet does so by itself, once, when Genesys says that its extract covers the day; this asks for one more. What
    was missed is archived at once; the result is kept in the vault and in the log. With --wait the exit code is 1 when
    there were differences; Ctrl-C ends the waiting, not the work.
    """
    settings = settings_of_process()
    with ledger(settings) as engine:
        with fleet(settings) as app:
            # asked before anything is recorded, so that a command that fails has changed nothing
            waiting_messages(app)
            number = want_recount(engine, day, "asked for by command")
            if number is None:
                raise Misconfigured(
                    f"{day} was never archived, so there is nothing to hold a recount against",
                    where="DAY",
                    todo=f"strongroom archive {day}",
                )
            send(app, "read_activity", [(day.isoformat(),)])
        console = open_console()
        if not wait:
            if as_json:
                print_json({"day": day.isoformat(), "recount": number})
            else:
                console.print(f"{day}  recount {number} is given to the fleet; follow it: strongroom status {day}")
            return
        report = _until_reconciled(engine, day, number)
    if as_json:
        print_json({"day": day.isoformat(), "reconciled": recount_document(report)})
    else:
        for line in recount_lines(report):
            console.print(f"{day}  {line}")
    raise typer.Exit(1 if report.last is not None and report.last.differences else 0)


def _until_reconciled(engine: Engine, day: date, number: int) -> RecountReport:
    while True:
        report = recount_of(engine, day)
        if report.last is not None and report.last.number >= number and report.last.reconciled_at is not None:
            return report
        sleep(_LOOK_EVERY_S)
