"""Bring the database to this version's schema; the migrations are Alembic's, in `migrations/`."""

from alembic import command
from alembic.config import Config
from sqlalchemy import func, select

from strongroom.errors import Misconfigured
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.revision import MIGRATIONS, found_revision, known_revisions, refuse_newer


def migrate(engine: Engine) -> tuple[str | None, str | None]:
    """Apply what is missing, in one transaction; the schema's revision before and after. Run again, it does nothing.

    Two at once: the second waits for the first. Raises Misconfigured when the database is newer than this version.
    """
    config = _config()
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.migrate"))))
        before = found_revision(connection)
        refuse_newer(engine, before)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, found_revision(connection)


def migrate_back(engine: Engine, revision: str) -> tuple[str | None, str | None]:
    """Take the schema back to an earlier revision, in one transaction; its revision before and after.

    What only a later schema can hold is lost with it: rows of its tables, values of its columns. For going back to the
    version of Strongroom that was written for that revision, and by the one that knows the later ones. Raises
    Misconfigured when there is no such revision, or it is no earlier one.
    """
    config = _config()
    known = known_revisions()
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.migrate"))))
        before = found_revision(connection)
        refuse_newer(engine, before)
        if revision not in known or before is None or known.index(revision) > known.index(before):
            raise Misconfigured(
                f"the schema is {before or 'empty'}, and {revision} is no revision before it",
                where=f"database {engine.url.database}",
                todo=f"name one of {', '.join(known)}",
            )
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        return before, found_revision(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
