"""Whether the database has the schema this version was written for.

Every process of the fleet asks at its start and most never migrate. A migration's file is named after its revision, so
that they need not load Alembic, which takes some ten megabytes in each of them.
"""

from pathlib import Path

from sqlalchemy import Connection, column, func, select, table

from strongroom.errors import Misconfigured
from strongroom.ledger.engine import Engine, transaction

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def known_revisions() -> list[str]:
    """The revisions this version of Strongroom knows, oldest first; the last is the one it was written for."""
    return sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def require_current_schema(engine: Engine) -> None:
    """Raise Misconfigured when the database's schema is not the one this version was written for."""
    expected = known_revisions()[-1]
    with transaction(engine) as connection:
        found = found_revision(connection)
    refuse_newer(engine, found)
    if found != expected:
        raise Misconfigured(
            f"the database's schema is {found or 'empty'}, this version needs {expected}",
            where=f"database {engine.url.database}",
            todo="run: strongroom migrate",
        )


def found_revision(connection: Connection) -> str | None:
    """The revision of the database's schema; None where nothing was migrated yet."""
    if connection.scalar(select(func.to_regclass("alembic_version"))) is None:
        return None
    return connection.scalar(select(column("version_num")).select_from(table("alembic_version")))


def refuse_newer(engine: Engine, found: str | None) -> None:
    """Raise Misconfigured when the database's schema is of a later version of Strongroom."""
    if found is not None and found not in known_revisions():
        raise Misconfigured(
            f"the database's schema is {found}, which this version of Strongroom does not know",
            where=f"database {engine.url.database}",
            todo="use the version of Strongroom that migrated it, or a later one",
        )
