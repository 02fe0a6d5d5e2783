"""What is due, not held and not enqueued lately: what the sweeper re-enqueues. The broker may lose every message."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, exists, func, or_, select, tuple_, update
from sqlalchemy.sql.dml import Update

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.hold_schema import conversation_holds, matter_searches
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.request_schema import requests
from strongroom.ledger.restore_schema import FOLLOWED_RESTORE_STATES, restores
from strongroom.ledger.runs import Run
from strongroom.ledger.schema import (
    OPEN_ACTIVITY_READ_STATES,
    OPEN_RECORDING_STATES,
    activity_reads,
    conversations,
    recordings,
    runs,
)


def claim_runs(engine: Engine, grace_s: float, limit: int) -> list[Run]:
    """Runs whose enumeration is due."""
    statement = _claim(runs, runs.c.state == "enumerating", grace_s, limit).returning(runs.c.run_id, runs.c.day)
    with transaction(engine) as connection:
        return [Run(*row) for row in connection.execute(statement)]


def claim_activity_reads(engine: Engine, grace_s: float, limit: int) -> list[date]:
    """Days whose activity read has a step due."""
    statement = _claim(activity_reads, activity_reads.c.state.in_(OPEN_ACTIVITY_READ_STATES), grace_s, limit)
    with transaction(engine) as connection:
        return list(connection.scalars(statement.returning(activity_reads.c.day)))


def claim_discovered(engine: Engine, grace_s: float, limit: int) -> list[ConversationRef]:
    """Conversation revisions that are due to be looked at."""
    return _claim_conversations(engine, conversations.c.state == "discovered", grace_s, limit)


def claim_captured(engine: Engine, grace_s: float, limit: int) -> list[ConversationRef]:
    """Conversation revisions whose recordings have all settled and whose manifest is due."""
    unsettled = exists(
        select(recordings.c.recording_id).where(
            recordings.c.conversation_id == conversations.c.conversation_id,
            recordings.c.revision == conversations.c.revision,
            recordings.c.state.in_(OPEN_RECORDING_STATES),
        )
    )
    return _claim_conversations(engine, and_(conversations.c.state == "capturing", ~unsettled), grace_s, limit)


def claim_unindexed(engine: Engine, grace_s: float, limit: int) -> list[ConversationRef]:
    """Archived revisions that the search does not have, or not all of."""
    missing = and_(conversations.c.state == "archived", conversations.c.indexed_at.is_(None))
    return _claim_conversations(engine, missing, grace_s, limit)


def claim_recordings(engine: Engine, grace_s: float, limit: int) -> list[RecordingRef]:
    """Recordings that are due to be fetched."""
    key = (recordings.c.conversation_id, recordings.c.revision, recordings.c.recording_id)
    statement = _claim(recordings, recordings.c.state.in_(OPEN_RECORDING_STATES), grace_s, limit).returning(*key)
    with transaction(engine) as connection:
        return [RecordingRef(*row) for row in connection.execute(statement)]


def claim_restores(engine: Engine, grace_s: float, limit: int) -> list[int]:
    """Restores that are due to be looked at: what was asked for may be readable, or what was readable may lapse."""
    statement = _claim(restores, restores.c.state.in_(FOLLOWED_RESTORE_STATES), grace_s, limit)
    with transaction(engine) as connection:
        return list(connection.scalars(statement.returning(restores.c.restore_id)))


def claim_requests(engine: Engine, grace_s: float, limit: int) -> list[UUID]:
    """Requests of the Legal desk whose preparing has a step due."""
    statement = _claim(requests, requests.c.state == "preparing", grace_s, limit)
    with transaction(engine) as connection:
        return list(connection.scalars(statement.returning(requests.c.request_id)))


def claim_hold_work(engine: Engine, grace_s: float, limit: int) -> list[UUID]:
    """Conversations of which the store is to be told that matters hold them, or hold them no more."""
    statement = _claim(conversation_holds, conversation_holds.c.state == "wanted", grace_s, limit)
    with transaction(engine) as connection:
        return list(connection.scalars(statement.returning(conversation_holds.c.conversation_id)))


def claim_matter_searches(engine: Engine, grace_s: float, limit: int) -> list[int]:
    """Searches of matters for which what is archived is still to be looked through."""
    statement = _claim(matter_searches, matter_searches.c.state == "wanted", grace_s, limit)
    with transaction(engine) as connection:
        return list(connection.scalars(statement.returning(matter_searches.c.search_id)))


def _claim_conversations(
    engine: Engine, condition: ColumnElement[bool], grace_s: float, limit: int
) -> list[ConversationRef]:
    statement = _claim(conversations, condition, grace_s, limit).returning(
        conversations.c.conversation_id, conversations.c.revision
    )
    with transaction(engine) as connection:
        return [ConversationRef(*row) for row in connection.execute(statement)]


def _claim(table: Table, condition: ColumnElement[bool], grace_s: float, limit: int) -> Update:
    """Mark up to `limit` rows as enqueued now, the longest due first; two sweepers never claim the same row."""
    now = func.clock_timestamp()
    not_lately = or_(
        table.c.enqueued_at.is_(None),
        table.c.enqueued_at < now - leases.seconds(grace_s),
        # its holder died: whoever was to be told of it has been told before that
        table.c.enqueued_at < table.c.lease_until,
    )
    key = list(table.primary_key.columns)
    due = (
        select(*key)
        .where(condition, table.c.due_at <= now, leases.free(table), not_lately)
        .order_by(table.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # as a CTE it runs once: a plain subquery may run again for each row, and then the limit limits nothing
        .cte("due")
    )
    return update(table).where(tuple_(*key).in_(select(*due.columns))).values(enqueued_at=now)
