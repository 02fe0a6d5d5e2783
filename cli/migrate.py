"""`strongroom migrate`."""

from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import database, settings_of_process
from cli.output import open_console, print_json
from strongroom.ledger.migrate import migrate as apply_migrations
from strongroom.ledger.migrate import migrate_back

EXAMPLE = "Example: strongroom migrate"


BackOption = Annotated[
    str | None,
    typer.Option(
        "--back-to",
        metavar="REVISION",
        help="Take the schema back to this earlier one, for the version before; what only this one can hold is lost.",
        show_default=False,
    ),
]


def migrate(back_to: BackOption = None, as_json: AsJson = False) -> None:
    """Bring the database to this version's schema.

    Everything that is missing is applied in one transaction. Run again, it changes nothing. With --back-to, for a
    rollback, stop every process first; it is run by the version that is rolled back.
    """
    with database(settings_of_process()) as engine:
        before, after = apply_migrations(engine) if back_to is None else migrate_back(engine, back_to)
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        open_console().print(f"nothing to do: the schema is {after} already")
    else:
        open_console().print(f"schema migrated: {before or 'empty'} → {after}")
