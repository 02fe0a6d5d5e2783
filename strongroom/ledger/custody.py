"""The custody chain: every touch of a record is one event, appended in the transaction of the change that it tells of.

Each event is one line, and names the hash of the line before: docs/custody.md. Positions have no gap and times don't go
back, because one transaction at a time appends, and the next one begins where it ended when it has committed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import starmap
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, DateTime, case, cast, func, insert, select

from strongroom.actor import Actor
from strongroom.canonical import canonical_json, sha256_hex
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import custody_days, custody_events
from strongroom.times import format_instant

BEFORE_THE_FIRST = "0" * 64
"""What the first line names as the hash of the line before."""

_BATCH = 5_000


@dataclass(frozen=True)
class NewEvent:
    """Something done to a record. `act` is one of evidence_schema.ACTS.

    `reason` is in words. `details` holds ids, counts and digests that JSON can hold: no personal data of a customer.
    """

    act: str
    actor: Actor
    conversation_id: UUID | None = None
    revision: int | None = None
    reason: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class CustodyRow:
    """An event as the ledger keeps it: its line's bytes, without the newline, and the hash recorded for them."""

    position: int
    at: datetime
    conversation_id: UUID | None
    line: bytes
    hash: str


@dataclass(frozen=True)
class CustodyHead:
    """Where the chain ends: its last event's position and hash. An empty chain ends at position 0.

    A closed day whose events a rebuild could not bring back counts by what the log says of it: the chain goes on after
    it, never from an earlier event.
    """

    position: int
    hash: str


def record_events(engine: Engine, events: Sequence[NewEvent]) -> None:
    """Append events that tell of no change in the ledger, in a transaction of their own. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        append_events(connection, events)


def append_events(connection: Connection, events: Sequence[NewEvent]) -> None:
    """Append events in the open transaction, as the last thing it does: until it ends, nobody else can append.

    All of them happen now, by the database's clock; where that went back, at the last event's time.
    """
    if not events:
        return
    append_alone(connection)
    # a statement of its own: it sees what was committed before the lock was had
    head = connection.execute(select(*_head(), _now())).one()
    position, previous, at = head.position, head.hash, head.at.astimezone(UTC)
    rows = []
    for event in events:
        position += 1
        line = _line(event, position, previous, at)
        previous = sha256_hex(line)
        rows.append(
            {
                "position": position,
                "at": at,
                "act": event.act,
                "actor": event.actor.name,
                "conversation_id": event.conversation_id,
                "revision": event.revision,
                "document": line.decode(),
                "hash": previous,
            }
        )
    connection.execute(insert(custody_events), rows)


def append_alone(connection: Connection) -> None:
    """Until this transaction ends, no other one appends an event."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.custody"))))


def custody_head(engine: Engine) -> CustodyHead:
    """Where the chain ends now. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        row = connection.execute(select(*_head())).one()
    return CustodyHead(*row)


def hash_at(engine: Engine, position: int) -> str:
    """The hash that the line after a position must name; "no such event" where there is a gap. 0 is before the first.

    Of a closed day's last event it is known even where the event itself is not there.

    Raises LedgerUnreachable.
    """
    if position == 0:
        return BEFORE_THE_FIRST
    statement = select(custody_events.c.hash).where(custody_events.c.position == position)
    of_day = select(custody_days.c.head).where(custody_days.c.last_position == position)
    with transaction(engine) as connection:
        return connection.scalar(statement) or connection.scalar(of_day) or "no such event"


def events_of(engine: Engine, conversation_id: UUID) -> list[CustodyRow]:
    """Every event of a conversation, the first first. Raises LedgerUnreachable."""
    statement = (
        select(*_COLUMNS).where(custody_events.c.conversation_id == conversation_id).order_by(custody_events.c.position)
    )
    with transaction(engine) as connection:
        return [_row(*row) for row in connection.execute(statement)]


def events_between(engine: Engine, first: int, last: int) -> Iterator[CustodyRow]:
    """The events at these positions, both included, in batches of little memory. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        for start in range(first, last + 1, _BATCH):
            statement = (
                select(*_COLUMNS)
                .where(custody_events.c.position.between(start, min(start + _BATCH - 1, last)))
                .order_by(custody_events.c.position)
            )
            yield from starmap(_row, connection.execute(statement))


_COLUMNS = (
    custody_events.c.position,
    custody_events.c.at,
    custody_events.c.conversation_id,
    custody_events.c.document,
    custody_events.c.hash,
)


def _row(position: int, at: datetime, conversation_id: UUID | None, document: str, line_hash: str) -> CustodyRow:
    return CustodyRow(position, at, conversation_id, document.encode(), line_hash)


def _head() -> tuple[ColumnElement[int], ColumnElement[str]]:
    events, days = custody_events.c, custody_days.c
    last_event = select(events.position, events.hash).order_by(events.position.desc()).limit(1).subquery()
    last_day = select(days.last_position, days.head).order_by(days.day.desc()).limit(1).subquery()
    at, of_event = select(last_event.c.position).scalar_subquery(), select(last_event.c.hash).scalar_subquery()
    closed, of_day = select(last_day.c.last_position).scalar_subquery(), select(last_day.c.head).scalar_subquery()
    last, last_closed = func.coalesce(at, 0), func.coalesce(closed, 0)
    return (
        func.greatest(last, last_closed).label("position"),
        func.coalesce(case((last_closed > last, of_day), else_=of_event), BEFORE_THE_FIRST).label("hash"),
    )


def _now() -> ColumnElement[datetime]:
    """The database's clock in milliseconds, as a line tells it; never before the last event or within a closed day."""
    last_at = select(func.max(custody_events.c.at)).scalar_subquery()
    after_closed = select(cast(func.max(custody_days.c.day) + 1, DateTime(timezone=True))).scalar_subquery()
    latest = func.greatest(func.clock_timestamp(), last_at, after_closed)
    return func.date_trunc("milliseconds", latest).label("at")


def _line(event: NewEvent, position: int, previous: str, at: datetime) -> bytes:
    return canonical_json(
        {
            "position": position,
            "previous": previous,
            "at": format_instant(at),
            "act": event.act,
            "actor": event.actor.name,
            "origin": event.actor.origin,
            "reason": event.reason,
            "conversationId": None if event.conversation_id is None else str(event.conversation_id),
            "revision": event.revision,
            "details": dict(event.details),
        }
    )
