"""A row in every table, made from the tables themselves: whatever table comes, it has one too."""

import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Uuid,
    insert,
    inspect,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from strongroom.ledger.engine import Engine
from strongroom.ledger.tables import metadata

A_SHA256 = "a" * 64
AN_ID = UUID("7c0f7a52-9f0f-4d1c-8a51-0f8f7f2f3b11")
AN_INSTANT = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
# what the columns of a row may be together only the table's own checks know
_TOGETHER = {("users", "issuer"): None, ("users", "subject"): None}
_WORDS = re.compile(r"(\w+) IN \('([^']*)'")


def fill(engine: Engine) -> None:
    """Put a row into every table of the code's schema; those that refer to another table's row refer to the one there.

    Raises IntegrityError where a check asks for more than a word, a hash, or a number from 1: say so in `_TOGETHER`.
    """
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(insert(table).values({one.name: _value(table, one) for one in _columns(table)}))


def rows_by_table(engine: Engine) -> dict[str, list[Any]]:
    """All rows of all tables that the database has now, but Alembic's."""
    names = [name for name in inspect(engine).get_table_names() if name != "alembic_version"]
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f'SELECT * FROM "{name}"').mappings().all() for name in names}
    return {name: [dict(row) for row in rows] for name, rows in found.items()}


def _columns(table: Table) -> list[Column[Any]]:
    return [one for one in table.columns if one.computed is None and not (one.identity and one.identity.always)]


def _value(table: Table, column: Column[Any]) -> object:
    if (table.name, column.name) in _TOGETHER:
        return _TOGETHER[table.name, column.name]
    constraints = [one for one in (*table.constraints, *column.constraints) if isinstance(one, CheckConstraint)]
    words = dict(reversed(_WORDS.findall(" AND ".join(str(one.sqltext) for one in constraints))))
    kinds: list[tuple[type | tuple[type, ...], object]] = [
        (Uuid, AN_ID),
        (Boolean, False),
        (DateTime, AN_INSTANT),
        (Date, date(2026, 3, 10)),
        ((Integer, Numeric, Float), 1),
        (LargeBinary, b"x"),
        (JSON, {}),
        (TSVECTOR, "x"),
    ]
    if isinstance(column.type, ARRAY):
        return []
    for kind, value in kinds:
        if isinstance(column.type, kind):
            return value
    if column.name in words:
        return words[column.name]
    return A_SHA256
