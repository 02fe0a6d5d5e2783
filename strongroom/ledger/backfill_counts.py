"""How far a back-fill has got, and what it did not archive because the policy would have let it go."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.schema import OPEN_CONVERSATION_STATES, conversations


@dataclass(frozen=True)
class BackfillCounts:
    """The conversations a back-fill found, by state, and how many of them settled within the last `measured_s`."""

    by_state: dict[str, int]
    settled_lately: int
    measured_s: float

    @property
    def open(self) -> int:
        """Found, and not settled."""
        return sum(self.by_state.get(state, 0) for state in OPEN_CONVERSATION_STATES)


@dataclass(frozen=True)
class ExpiredRow:
    """A conversation that is listed instead of archived, and until when the policy would have kept it."""

    day: date
    conversation_id: UUID
    revision: int
    conversation_end: datetime
    retention_class: str
    retain_until: datetime
    reason: str


def count_backfill(engine: Engine, first: date, last: date, *, since: datetime, at_most_s: float) -> BackfillCounts:
    """Count the days from first to last, and what settled since `since`, within the last `at_most_s` seconds."""
    found = and_(conversations.c.background, conversations.c.day.between(first, last))
    now = func.clock_timestamp()
    begin = func.greatest(now - leases.seconds(at_most_s), since)
    settled = and_(found, conversations.c.state.not_in(OPEN_CONVERSATION_STATES), conversations.c.state_at >= begin)
    with transaction(engine) as connection:
        by_state: Select[str, int] = (
            select(conversations.c.state, func.count()).where(found).group_by(conversations.c.state)
        )
        counted = dict(connection.execute(by_state).all())
        lately = connection.execute(select(func.count()).where(settled)).scalar_one()
        measured_s = connection.execute(select(func.extract("epoch", now - begin))).scalar_one()
    return BackfillCounts(counted, lately, float(measured_s))


def expired_conversations(engine: Engine, first: date | None, last: date | None) -> list[ExpiredRow]:
    """What is listed as expired, from the first to the last day (both included, None: no bound), by day."""
    statement = (
        select(
            conversations.c.day,
            conversations.c.conversation_id,
            conversations.c.revision,
            conversations.c.conversation_end,
            conversations.c.retention_class,
            conversations.c.retain_until,
            conversations.c.cause,
        )
        .where(conversations.c.state == "expired")
        .order_by(conversations.c.day, conversations.c.conversation_end, conversations.c.conversation_id)
    )
    if first is not None:
        statement = statement.where(conversations.c.day >= first)
    if last is not None:
        statement = statement.where(conversations.c.day <= last)
    with transaction(engine) as connection:
        return [ExpiredRow(*row) for row in connection.execute(statement)]
