"""The custody chain as an auditor looks through it: by who, what, when and which record, the latest first."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from strongroom.ledger.custody import CustodyRow
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import custody_events
from strongroom.times import start_of


@dataclass(frozen=True)
class CustodyFilter:
    """What to look for; None asks for nothing. Days are UTC and both included; `before` is a position."""

    actor: str | None = None
    act: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    conversation_id: UUID | None = None
    before: int | None = None


def search_events(engine: Engine, wanted: CustodyFilter, limit: int) -> list[CustodyRow]:
    """At most `limit` events, the latest first. Raises LedgerUnreachable."""
    statement = (
        select(
            custody_events.c.position,
            custody_events.c.at,
            custody_events.c.conversation_id,
            custody_events.c.document,
            custody_events.c.hash,
        )
        .where(*_conditions(wanted))
        .order_by(custody_events.c.position.desc())
        .limit(limit)
    )
    with transaction(engine) as connection:
        return [
            CustodyRow(row.position, row.at, row.conversation_id, row.document.encode(), row.hash)
            for row in connection.execute(statement)
        ]


def _conditions(wanted: CustodyFilter) -> list[ColumnElement[bool]]:
    event = custody_events.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.actor is not None:
        conditions.append(func.lower(event.actor) == wanted.actor.lower())
    if wanted.act is not None:
        conditions.append(event.act == wanted.act)
    if wanted.first_day is not None:
        conditions.append(event.at >= start_of(wanted.first_day))
    # after the last day there is nothing is left out
    if wanted.last_day is not None and wanted.last_day != date.max:
        conditions.append(event.at < start_of(wanted.last_day + timedelta(days=1)))
    if wanted.conversation_id is not None:
        conditions.append(event.conversation_id == wanted.conversation_id)
    if wanted.before is not None:
        conditions.append(event.position < wanted.before)
    return conditions
