"""`strongroom seal`."""

import time
from datetime import date
from typing import Annotated

import typer

from cli.arguments import AsJson, ended_day
from cli.connections import settings_of_process
from cli.output import open_console, print_json
from cli.seal_report import seal_document, seal_lines, seal_of
from strongroom.errors import Misconfigured, StrongroomError
from strongroom.house import House, new_instance, open_house
from strongroom.ledger.revision import require_current_schema
from strongroom.ledger.runs import days_with_run
from strongroom.pipeline.log_keys import can_seal
from strongroom.pipeline.seal import Sealed
from strongroom.pipeline.seal import seal as seal_all

EXAMPLE = "Example: strongroom seal yesterday"
PATIENCE_S = 300.0
"""How long a sealing by the fleet is waited for: one of a whole day takes minutes."""
_LOOK_EVERY_S = 1.0

DayArgument = Annotated[
    date, typer.Argument(metavar="DAY", parser=ended_day, help="YYYY-MM-DD (UTC), or yesterday.", show_default=False)
]


def seal(day: DayArgument, as_json: AsJson = False) -> None:
    """Seal what has settled, this day included, in the transparency log.

    The fleet does so by itself. All that can be sealed is sealed at once, day by day, late manifests too; done again,
    nothing is written. Ends with 1 when the day can't be sealed yet because it has not settled.
    """
    settings = settings_of_process()
    if not can_seal(settings):
        raise Misconfigured(
            "there is no key to sign the log with",
            where="STRONGROOM_LOG_KEY_FILE",
            todo="make one with `strongroom log new-key FILE`, and name it there",
        )
    house = open_house(settings, new_instance())
    try:
        require_current_schema(house.engine)
        done = _seal(house)
        report = seal_of(house.engine, day)
        settled = bool(days_with_run(house.engine, day, day, settled=True))
    finally:
        house.engine.dispose()
    if as_json:
        print_json({"day": day.isoformat(), "entries": done.entries, "log_size": done.size, **seal_document(report)})
    else:
        console = open_console()
        new = "1 new entry" if done.entries == 1 else f"{done.entries:,} new entries"
        console.print(f"the log has {done.size:,} entries, {new}")
        for line in seal_lines(report, settled=settled, has_key=True):
            console.print(f"{day}  {line}")
    raise typer.Exit(0 if report.sealed else 1)


def _seal(house: House) -> Sealed:
    """Seal, once no other process does."""
    deadline = time.monotonic() + PATIENCE_S
    while (done := seal_all(house)).not_sealed is not None:
        if time.monotonic() > deadline:
            raise StrongroomError(
                f"nothing was sealed: {done.not_sealed}", where="the log", todo="look at that process's log"
            )
        time.sleep(_LOOK_EVERY_S)
    return done
