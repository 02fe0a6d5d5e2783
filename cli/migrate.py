"""`strongroom migrate`."""

from cli.arguments import AsJson
from cli.connections import database, settings_of_process
from cli.output import open_console, print_json
from strongroom.ledger.migrate import migrate as apply_migrations

EXAMPLE = "Example: strongroom migrate"


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to this version's schema.

    Everything that is missing is applied in one transaction. Run again, it changes nothing.
    """
    with database(settings_of_process()) as engine:
        before, after = apply_migrations(engine)
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        open_console().print(f"nothing to do: the schema is {after} already")
    else:
        open_console().print(f"schema migrated: {before or 'empty'} → {after}")
