"""Bring the database to this version's schema; the migrations are Alembic's, in `migrations/`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from strongroom.errors import Misconfigured
from strongroom.ledger.engine import Engine, transaction

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def migrate(engine: Engine) -> tuple[str | None, str | None]:
    """Apply what is missing, in one transaction; the schema's revision before and after. Run again, it does nothing.

    Two at once: the second waits for the first. Raises Misconfigured when the database is newer than this version.
    """
    config = _config()
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.migrate"))))
        before = _revision(connection)
        _refuse_newer(engine, before)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, _revision(connection)


def migrate_back(engine: Engine, revision: str) -> tuple[str | None, str | None]:
    """Take the schema back to an earlier revision, in one transaction; its revision before and after.

    What only a later schema can hold is lost with it: rows of its tables, values of its columns. For going back to the
    version of Strongroom that was written for that revision, and by the one that knows the later ones. Raises
    Misconfigured when there is no such revision, or it is no earlier one.
    """
    config = _config()
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.migrate"))))
        before = _revision(connection)
        _refuse_newer(engine, before)
        if revision not in known or before is None or known.index(revision) < known.index(before):
            raise Misconfigured(
                f"the schema is {before or 'empty'}, and {revision} is no revision before it",
                where=f"database {engine.url.database}",
                todo=f"name one of {', '.join(reversed(known))}",
            )
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        return before, _revision(connection)


def require_current_schema(engine: Engine) -> None:
    """Raise Misconfigured when the database's schema is not the one this version was written for."""
    expected = ScriptDirectory.from_config(_config()).get_current_head()
    with transaction(engine) as connection:
        found = _revision(connection)
    _refuse_newer(engine, found)
    if found != expected:
        raise Misconfigured(
            f"the database's schema is {found or 'empty'}, this version needs {expected}",
            where=f"database {engine.url.database}",
            todo="run: strongroom migrate",
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(engine: Engine, found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise Misconfigured(
            f"the database's schema is {found}, which this version of Strongroom does not know",
            where=f"database {engine.url.database}",
            todo="use the version of Strongroom that migrated it, or a later one",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
