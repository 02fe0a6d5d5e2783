"""How far a day has got, counted from the ledger."""

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, Select, Table, Text, and_, cast, func, select

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.schema import (
    OPEN_CONVERSATION_STATES,
    OPEN_RECORDING_STATES,
    conversations,
    objects,
    recordings,
    runs,
)


@dataclass(frozen=True)
class DayProgress:
    """One day. Counts are by state; `run_state` is None when the day never had a run."""

    day: date
    run_state: str | None
    run_cause: str | None
    run_since: datetime | None
    conversations: dict[str, int] = field(default_factory=dict)
    recordings: dict[str, int] = field(default_factory=dict)
    retention_classes: dict[str, int] = field(default_factory=dict)
    defaulted: int = 0
    objects: int = 0
    bytes: int = 0
    oldest_waiting_at: datetime | None = None
    next_due_at: datetime | None = None
    waiting_causes: dict[str, int] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """A run of the day has settled and nothing of it is under way, what was re-queued since included."""
        under_way = [self.conversations.get(state) for state in OPEN_CONVERSATION_STATES]
        under_way += [self.recordings.get(state) for state in OPEN_RECORDING_STATES]
        return self.run_state == "settled" and not any(under_way)


def day_progress(engine: Engine, day: date) -> DayProgress:
    """Count one day. Revisions and their recordings count one by one, under the day of their own end."""
    of_day = conversations.c.day == day
    same_revision = and_(
        recordings.c.conversation_id == conversations.c.conversation_id,
        recordings.c.revision == conversations.c.revision,
    )
    waiting = and_(of_day, recordings.c.state == "waiting")
    with transaction(engine) as connection:
        run = connection.execute(
            select(runs.c.state, runs.c.cause, runs.c.state_at).where(runs.c.day == day).order_by(runs.c.run_id.desc())
        ).first()
        by_state = _counts(
            connection, select(conversations.c.state, func.count()).where(of_day).group_by(conversations.c.state)
        )
        recordings_by_state = _counts(
            connection,
            select(recordings.c.state, func.count())
            .join_from(recordings, conversations, same_revision)
            .where(of_day)
            .group_by(recordings.c.state),
        )
        classes = _counts(
            connection,
            select(conversations.c.retention_class, func.count())
            .where(of_day, conversations.c.retention_class.is_not(None))
            .group_by(conversations.c.retention_class),
        )
        # as text, compact as the engine writes it: PostgreSQL can't take apart JSON that holds a NUL or a lone
        # surrogate, and a queue's name may
        by_default = cast(conversations.c.decision, Text).contains('"defaulted":true')
        defaulted = connection.scalar(select(func.count()).where(of_day, by_default))
        stored, size_bytes = connection.execute(
            select(func.count(), func.coalesce(func.sum(objects.c.size_bytes), 0))
            .join_from(
                objects,
                conversations,
                and_(
                    objects.c.conversation_id == conversations.c.conversation_id,
                    objects.c.revision == conversations.c.revision,
                ),
            )
            .where(of_day)
        ).one()
        oldest, next_due = connection.execute(
            select(func.min(recordings.c.first_seen_at), func.min(recordings.c.due_at))
            .join_from(recordings, conversations, same_revision)
            .where(waiting)
        ).one()
        causes = _counts(
            connection,
            select(recordings.c.cause, func.count())
            .join_from(recordings, conversations, same_revision)
            .where(waiting)
            .group_by(recordings.c.cause),
        )
    return DayProgress(
        day=day,
        run_state=run.state if run else None,
        run_cause=run.cause if run else None,
        run_since=run.state_at if run else None,
        conversations=by_state,
        recordings=recordings_by_state,
        retention_classes=classes,
        defaulted=defaulted or 0,
        objects=stored,
        bytes=int(size_bytes),
        oldest_waiting_at=oldest,
        next_due_at=next_due,
        waiting_causes=causes,
    )


def recent_days(engine: Engine, limit: int) -> list[date]:
    """The latest days that have a run or a conversation, newest first."""
    with transaction(engine) as connection:
        days: set[date] = set()
        for table in (runs, conversations):
            days |= set(connection.scalars(_latest_days(table, limit)))
        return sorted(days, reverse=True)[:limit]


def _counts(connection: Connection, statement: Select[str, int]) -> dict[str, int]:
    return dict(connection.execute(statement).all())


def _latest_days(table: Table, limit: int) -> Select[date]:
    return select(table.c.day).distinct().order_by(table.c.day.desc()).limit(limit)
