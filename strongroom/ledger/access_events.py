"""Who signed in, and who let whom in: appended in the transaction of what they tell of, never changed.

Not in the custody chain: that tells of records, for as long as they are kept, and nobody outside may make it grow by
knocking at the door.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from strongroom.actor import Actor
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.people_schema import access_events


@dataclass(frozen=True)
class AccessEvent:
    """`act` is one of people_schema.ACCESS_ACTS; `subject` the user or key it is about, `actor` who did it."""

    event_id: int
    at: datetime
    act: str
    subject: str
    actor: str
    origin: str
    details: Mapping[str, Any]


def append_access_event(connection: Connection, act: str, subject: str, by: Actor, **details: object) -> None:
    """Append one in the open transaction. `details` hold no secret."""
    connection.execute(
        insert(access_events).values(
            at=func.clock_timestamp(), act=act, subject=subject, actor=by.name, origin=by.origin, details=details
        )
    )


def record_access_event(engine: Engine, act: str, subject: str, by: Actor, **details: object) -> None:
    """Append one that tells of no change. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        append_access_event(connection, act, subject, by, **details)


def access_events_before(engine: Engine, before: int | None, limit: int) -> list[AccessEvent]:
    """The latest events, before the one of this id where one is given, the latest first. Raises LedgerUnreachable."""
    statement = select(access_events).order_by(access_events.c.event_id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(access_events.c.event_id < before)
    with transaction(engine) as connection:
        return [AccessEvent(*row) for row in connection.execute(statement)]
