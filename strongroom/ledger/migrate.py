"""Bring the database to this version's schema; the migrations are Alembic's, in `migrations/`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from strongroom.errors import Misconfigured
from strongroom.ledger.engine import Engine, transaction

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def migrate(engine: Engine) -> tuple[str | None, str | None]:
    """Apply what is missing, in one transaction; the schema's revision before and after. Run again, it does nothing."""
    config = _config()
    with transaction(engine) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, MigrationContext.configure(connection).get_current_revision()


def require_current_schema(engine: Engine) -> None:
    """Raise Misconfigured when the database's schema is not the one this version was written for."""
    expected = ScriptDirectory.from_config(_config()).get_current_head()
    with transaction(engine) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != expected:
        raise Misconfigured(
            f"the database's schema is {found or 'empty'}, this version needs {expected}",
            where=f"database {engine.url.database}",
            todo="run: strongroom migrate",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
