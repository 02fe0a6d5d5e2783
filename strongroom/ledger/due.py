"""What is due, not held and not enqueued lately: what the sweeper re-enqueues. The broker may lose every message."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, exists, func, or_, select, tuple_, update
from sqlalchemy.sql.dml import Update

from strongroom.ledger import leases
from strongroom.ledger.backfill_schema import backfills
from strongroom.ledger.backfills import of_stopped_backfill
from strongroom.ledger.batch_schema import batches
from strongroom.ledger.batches import to_be_gathered
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
    by_query = and_(runs.c.state == "enumerating", ~runs.c.background)
    statement = _claim(runs, by_query, grace_s, limit).returning(runs.c.run_id, runs.c.day)
    with transaction(engine) as connection:
        return [Run(*row) for row in connection.execute(statement)]


def claim_activity_reads(engine: Engine, grace_s: float, limit: int) -> list[date]:
    """Days whose activity read has a step due."""
    statement = _claim(activity_reads, activity_reads.c.state.in_(OPEN_ACTIVITY_READ_STATES), grace_s, limit)
    with transaction(engine) as connection:
        return list(connection.scalars(statement.returning(activity_reads.c.day)))


def claim_discovered(
    engine: Engine, grace_s: float, limit: int, *, background: bool | None = None, first_revision: int = 1
) -> list[ConversationRef]:
    """Conversation revisions from this one on that are due to be looked at.

    The back-fills', all others, or (None) those before these. Of a back-fill that is stopped nothing is begun.
    """
    state = and_(conversations.c.state == "discovered", conversations.c.revision >= first_revision)
    condition = and_(state, *_in_background(conversations, background), ~of_stopped_backfill())
    return _claim_conversations(engine, condition, grace_s, limit, _nights_first(conversations))


def claim_unlisted(engine: Engine, grace_s: float, limit: int) -> list[ConversationRef]:
    """Revisions whose recordings must be listed one conversation at a time: a batch did not give all of them."""
    unlisted = and_(conversations.c.state == "capturing", conversations.c.awaits == "listing")
    return _claim_conversations(engine, unlisted, grace_s, limit, _nights_first(conversations))


def claim_for_batches(engine: Engine, grace_s: float, limit: int, *, background: bool) -> list[ConversationRef]:
    """Revisions that are due to be gathered into a batch: the back-fills', or all others."""
    condition = and_(to_be_gathered(), *_in_background(conversations, background), ~of_stopped_backfill())
    return _claim_conversations(engine, condition, grace_s, limit, _nights_first(conversations))


def claim_batches(engine: Engine, grace_s: float, limit: int) -> list[int]:
    """Submitted batches that are due to be looked at."""
    statement = _claim(batches, batches.c.state == "submitted", grace_s, limit).returning(batches.c.batch_id)
    with transaction(engine) as connection:
        return list(connection.scalars(statement))


def claim_captured(engine: Engine, grace_s: float, limit: int) -> list[ConversationRef]:
    """Conversation revisions whose recordings have all settled and whose manifest is due."""
    unsettled = exists(
        select(recordings.c.recording_id).where(
            recordings.c.conversation_id == conversations.c.conversation_id,
            recordings.c.revision == conversations.c.revision,
            recordings.c.state.in_(OPEN_RECORDING_STATES),
        )
    )
    condition = and_(conversations.c.state == "capturing", conversations.c.awaits.is_(None), ~unsettled)
    return _claim_conversations(engine, condition, grace_s, limit, _nights_first(conversations))


def claim_unindexed(engine: Engine, grace_s: float, limit: int) -> list[ConversationRef]:
    """Archived revisions that the search does not have, or not all of."""
    missing = and_(conversations.c.state == "archived", conversations.c.indexed_at.is_(None))
    return _claim_conversations(engine, missing, grace_s, limit)


def claim_recordings(
    engine: Engine, grace_s: float, limit: int, *, background: bool | None = None
) -> list[RecordingRef]:
    """Recordings that are due to be fetched: the back-fills', all others, or (None) those before these."""
    key = (recordings.c.conversation_id, recordings.c.revision, recordings.c.recording_id)
    condition = and_(recordings.c.state.in_(OPEN_RECORDING_STATES), *_in_background(recordings, background))
    statement = _claim(recordings, condition, grace_s, limit, _nights_first(recordings)).returning(*key)
    with transaction(engine) as connection:
        return [RecordingRef(*row) for row in connection.execute(statement)]


def claim_backfills(engine: Engine, grace_s: float, limit: int) -> list[int]:
    """Back-fills that have something to read and are due to."""
    to_read = and_(backfills.c.state == "running", backfills.c.reading_day.is_not(None))
    with transaction(engine) as connection:
        return list(connection.scalars(_claim(backfills, to_read, grace_s, limit).returning(backfills.c.backfill_id)))


def unsent_conversations(engine: Engine, refs: Sequence[ConversationRef]) -> None:
    """Their messages were not sent, there was no room: they are fed to the broker when there is."""
    _unsent(engine, conversations, refs)


def unsent_recordings(engine: Engine, refs: Sequence[RecordingRef]) -> None:
    """Their messages were not sent, there was no room: they are fed to the broker when there is."""
    _unsent(engine, recordings, refs)


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


def _unsent(engine: Engine, table: Table, refs: Sequence[tuple[object, ...]]) -> None:
    if not refs:
        return
    key = list(table.primary_key.columns)
    statement = (
        update(table).where(tuple_(*key).in_([tuple(ref) for ref in refs]), leases.free(table)).values(enqueued_at=None)
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def _nights_first(table: Table) -> tuple[Column[Any], ...]:
    return (table.c.background, table.c.due_at)


def _in_background(table: Table, background: bool | None) -> list[ColumnElement[bool]]:
    return [] if background is None else [table.c.background.is_(background)]


def _claim_conversations(
    engine: Engine, condition: ColumnElement[bool], grace_s: float, limit: int, order_by: Sequence[Column[Any]] = ()
) -> list[ConversationRef]:
    statement = _claim(conversations, condition, grace_s, limit, order_by).returning(
        conversations.c.conversation_id, conversations.c.revision
    )
    with transaction(engine) as connection:
        return [ConversationRef(*row) for row in connection.execute(statement)]


def _claim(
    table: Table, condition: ColumnElement[bool], grace_s: float, limit: int, order_by: Sequence[Column[Any]] = ()
) -> Update:
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
        .order_by(*order_by or (table.c.due_at,))
        .limit(limit)
        .with_for_update(skip_locked=True)
        # as a CTE it runs once: a plain subquery may run again for each row, and then the limit limits nothing
        .cte("due")
    )
    return update(table).where(tuple_(*key).in_(select(*due.columns))).values(enqueued_at=now)
