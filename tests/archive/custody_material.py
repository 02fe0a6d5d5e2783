"""Custody events of other days, and events that somebody changed who may do everything in the database."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from strongroom.ledger.engine import Engine


def backdate(engine: Engine, days: int) -> None:
    """Make the whole chain anew, as if all of it had happened so many days earlier."""
    previous = "0" * 64
    with _past_the_trigger(engine) as connection:
        for position, at, document in connection.execute(
            text("SELECT position, at, document FROM custody_events ORDER BY position")
        ).all():
            earlier: datetime = at - timedelta(days=days)
            told = f"{earlier:%Y-%m-%dT%H:%M:%S}.{earlier.microsecond // 1000:03}Z"
            line = json.loads(document) | {"at": told, "previous": previous}
            written = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            previous = hashlib.sha256(written.encode()).hexdigest()
            connection.execute(
                text(
                    "UPDATE custody_events SET at = :at, document = :document, hash = :hash WHERE position = :position"
                ),
                {"at": earlier, "document": written, "hash": previous, "position": position},
            )


_TABLES = ("custody_events", "custody_days", "evidence_objects")


@contextmanager
def tampered(engine: Engine, statement: str) -> Iterator[None]:
    """Change the ledger as its owner may, past the trigger; afterwards it is as it was."""
    with _past_the_trigger(engine) as connection:
        for table in _TABLES:
            connection.exec_driver_sql(f"CREATE TABLE kept_{table} AS TABLE {table}")
        changed = connection.exec_driver_sql(statement).rowcount
    assert changed > 0, statement
    yield
    with _past_the_trigger(engine) as connection:
        for table in _TABLES:
            connection.exec_driver_sql(f"DELETE FROM {table}")
            connection.exec_driver_sql(f"INSERT INTO {table} TABLE kept_{table}")
            connection.exec_driver_sql(f"DROP TABLE kept_{table}")


@contextmanager
def _past_the_trigger(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield connection
