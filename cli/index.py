"""`strongroom index`."""

import time

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.output import count, open_console, print_json, printable
from strongroom.house import new_instance, open_house
from strongroom.ledger.revision import require_current_schema
from strongroom.pipeline.rebuild import Rebuilt
from strongroom.pipeline.rebuild import rebuild as rebuild_ledger

app = typer.Typer(name="index", help="The ledger as an index of the vault: it can be made anew from the bucket alone.")


@app.callback()
def index() -> None:
    """The ledger as an index of the vault: it can be made anew from the bucket alone."""


@app.command("rebuild", epilog="Example: STRONGROOM_DATABASE_URL=postgresql://…/new strongroom index rebuild")
def rebuild(as_json: AsJson = False) -> None:
    """Fill a new, empty, migrated database from the bucket; nothing is written to the bucket.

    All of it is committed at the end, or nothing: cut off, it is simply run again. Stop the fleet before. What can't be
    read is named, the rest goes on, and the exit code is 1. Afterwards `strongroom verify` holds the two together.
    """
    house = open_house(settings_of_process(), new_instance())
    console = open_console()
    told_at = time.monotonic()

    def progress(revisions: int) -> None:
        nonlocal told_at
        if not as_json and time.monotonic() - told_at > 10:
            told_at = time.monotonic()
            console.print(f"{count(revisions, 'revision')} so far")

    try:
        require_current_schema(house.engine)
        done = rebuild_ledger(house, progress)
    finally:
        house.engine.dispose()
    if as_json:
        print_json(_document(done))
    else:
        for finding in done.findings:
            console.print(printable(f"{finding.kind}: {finding.what} [{finding.where}]: {finding.mend}"))
        console.print(
            f"{count(done.conversations, 'conversation')} in {count(done.revisions, 'revision')}, "
            f"{count(done.objects, 'object')}, {count(done.days, 'settled day')}, "
            f"{count(len(done.findings), 'finding')}; {_rate(done):,.0f} objects a second"
        )
    if done.findings:
        raise typer.Exit(1)


def _document(done: Rebuilt) -> dict[str, object]:
    counted = {name: getattr(done, name) for name in ("conversations", "revisions", "objects", "days")}
    return counted | {
        "seconds": round(done.seconds, 3),
        "objects_per_second": round(_rate(done), 1),
        "findings": [vars(finding) for finding in done.findings],
    }


def _rate(done: Rebuilt) -> float:
    return done.objects / done.seconds
