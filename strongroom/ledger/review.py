"""The review list: what a person must look at, why, and how it is put back to work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, literal, null, or_, select, union_all, update
from sqlalchemy.orm import aliased

from strongroom.actor import Actor
from strongroom.ledger import leases
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.discovering import NOT_DECIDED, REOPENED_AFTER_ERASURE
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.schema import conversations, recordings
from strongroom.reasons import kind_of


@dataclass(frozen=True)
class ReviewRow:
    """A conversation revision, or one recording of it, that waits for a person, or for its next attempt."""

    conversation_id: UUID
    revision: int
    recording_id: str | None
    day: date
    media: str | None
    reason: str
    since: datetime
    attempts: int


@dataclass(frozen=True)
class Selection:
    """Which rows are meant; what is None doesn't narrow. `reason` is a part of the reason, in any case; `causes` are
    whole reasons, of which it must be one.
    """

    conversation_id: UUID | None = None
    recording_id: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    reason: str | None = None
    causes: frozenset[str] | None = None


def of_kind(selection: Selection, kind: str | None, rows: Sequence[ReviewRow]) -> Selection:
    """The selection narrowed to those of its rows whose reason is of this kind; None: as it is."""
    if kind is None:
        return selection
    return replace(selection, causes=frozenset(row.reason for row in rows if kind_of(row.reason) == kind))


def review_list(engine: Engine, selection: Selection, limit: int | None = None) -> list[ReviewRow]:
    """What is in review, the longest waiting first. Of a conversation with later revisions only the latest counts."""
    of_conversations = select(
        conversations.c.conversation_id,
        conversations.c.revision,
        null().label("recording_id"),
        conversations.c.day,
        null().label("media"),
        conversations.c.cause,
        conversations.c.state_at,
        conversations.c.attempts,
    ).where(*_conversations_in_review(selection))
    both = union_all(of_conversations, _listed_recordings(_recordings_in("review", selection))).subquery()
    statement = select(both).order_by(both.c.state_at, both.c.conversation_id, both.c.recording_id).limit(limit)
    with transaction(engine) as connection:
        return [ReviewRow(*row) for row in connection.execute(statement)]


def requeue_list(engine: Engine, selection: Selection) -> list[ReviewRow]:
    """What `requeue` would put back to work: all but what was erased, which no work can bring to an end."""
    return [row for row in review_list(engine, selection) if row.reason != REOPENED_AFTER_ERASURE]


def review_counts(engine: Engine, first_day: date, last_day: date) -> dict[date, int]:
    """How many rows `review_list` has for each day from first to last, both included; none are left out."""
    selection = Selection(first_day=first_day, last_day=last_day)
    of_conversations = select(conversations.c.day).where(*_conversations_in_review(selection))
    of_recordings = (
        select(conversations.c.day)
        .join_from(recordings, conversations, _same_revision())
        .where(*_recordings_in("review", selection))
    )
    both = union_all(of_conversations, of_recordings).subquery()
    with transaction(engine) as connection:
        return dict(connection.execute(select(both.c.day, func.count()).group_by(both.c.day)).all())


def reviewed_causes(selection: Selection) -> Select[Any]:
    """A statement: each cause on the review list, how many rows have it (`number`) and the oldest one's `since`."""
    of_conversations = select(conversations.c.cause, conversations.c.state_at).where(
        *_conversations_in_review(selection)
    )
    of_recordings = (
        select(recordings.c.cause, recordings.c.state_at)
        .join_from(recordings, conversations, _same_revision())
        .where(*_recordings_in("review", selection))
    )
    both = union_all(of_conversations, of_recordings).subquery()
    return select(both.c.cause, func.count().label("number"), func.min(both.c.state_at).label("since")).group_by(
        both.c.cause
    )


def reviewed_by_day(selection: Selection) -> Select[Any]:
    """A statement: the same by `day` as well, without `since`."""
    of_conversations = select(conversations.c.day, conversations.c.cause).where(*_conversations_in_review(selection))
    of_recordings = (
        select(conversations.c.day, recordings.c.cause)
        .join_from(recordings, conversations, _same_revision())
        .where(*_recordings_in("review", selection))
    )
    both = union_all(of_conversations, of_recordings).subquery()
    return select(both.c.day, both.c.cause, func.count().label("number")).group_by(both.c.day, both.c.cause)


def waiting_list(engine: Engine, selection: Selection) -> list[ReviewRow]:
    """Recordings that wait for their next attempt and that no one holds, the longest waiting first."""
    listed = _listed_recordings(_waiting_recordings(selection)).subquery()
    statement = select(listed).order_by(listed.c.state_at, listed.c.conversation_id, listed.c.recording_id)
    with transaction(engine) as connection:
        return [ReviewRow(*row) for row in connection.execute(statement)]


def hurry(engine: Engine, selection: Selection) -> int:
    """Make the chosen recordings of the waiting list due now, their deadline as it was; how many.

    The sweeper enqueues them. One that a worker holds is left to it.
    """
    statement = (
        update(recordings)
        .where(
            recordings.c.conversation_id == conversations.c.conversation_id,
            recordings.c.revision == conversations.c.revision,
            *_waiting_recordings(selection),
        )
        .values(due_at=func.clock_timestamp(), enqueued_at=None)
    )
    with transaction(engine) as connection:
        return connection.execute(statement).rowcount


def requeue(engine: Engine, selection: Selection, *, by: Actor, deadline_s: float) -> int:
    """Put the chosen rows back to work with a fresh deadline; how many. The sweeper enqueues them."""
    fresh = {
        "state_at": func.clock_timestamp(),
        "cause": literal(f"re-queued by {by.name}"),
        "due_at": func.clock_timestamp(),
        "enqueued_at": None,
        "attempts": 0,
        "deadline_at": leases.seconds_from_now(deadline_s),
    }
    # of what was listed and has no recordings a manifest may stand already: what it tells of the decision stays so
    known = or_(
        exists(select(recordings.c.recording_id).where(_same_revision())),
        and_(conversations.c.retention_class.is_not(None), conversations.c.awaits.is_(None)),
    )
    anew = {**NOT_DECIDED, "awaits": None, "batch_id": None}
    with transaction(engine) as connection:
        of_recordings = connection.execute(
            update(recordings)
            .where(
                recordings.c.conversation_id == conversations.c.conversation_id,
                recordings.c.revision == conversations.c.revision,
                *_recordings_in("review", selection),
            )
            .values(**fresh, state="waiting", first_seen_at=func.clock_timestamp(), restore_asked_at=None)
            .returning(recordings.c.conversation_id, recordings.c.revision, recordings.c.recording_id)
        ).all()
        events = [
            NewEvent("re-queued", by, row.conversation_id, row.revision, details={"recordingId": row.recording_id})
            for row in of_recordings
        ]
        # a conversation whose recordings are known goes on where it was, with its manifest; else from the start
        for state, condition, changes in (("capturing", known, {}), ("discovered", ~known, anew)):
            of_conversations = connection.execute(
                update(conversations)
                .where(*_conversations_in_review(selection), condition, conversations.c.cause != REOPENED_AFTER_ERASURE)
                .values(**fresh, **changes, state=state)
                .returning(conversations.c.conversation_id, conversations.c.revision)
            )
            events += [NewEvent("re-queued", by, *row) for row in of_conversations]
        append_events(connection, events)
    return len(events)


def _same_revision() -> ColumnElement[bool]:
    return and_(
        recordings.c.conversation_id == conversations.c.conversation_id,
        recordings.c.revision == conversations.c.revision,
    )


def _chosen(selection: Selection, cause: ColumnElement[str]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if selection.conversation_id is not None:
        conditions.append(conversations.c.conversation_id == selection.conversation_id)
    if selection.first_day is not None:
        conditions.append(conversations.c.day >= selection.first_day)
    if selection.last_day is not None:
        conditions.append(conversations.c.day <= selection.last_day)
    if selection.reason is not None:
        conditions.append(cause.icontains(selection.reason, autoescape=True))
    if selection.causes is not None:
        conditions.append(cause.in_(selection.causes))
    return conditions


def _superseded(table: Table) -> ColumnElement[bool]:
    later = aliased(conversations)
    return exists(
        select(later.c.revision).where(
            later.c.conversation_id == table.c.conversation_id, later.c.revision > table.c.revision
        )
    )


def _conversations_in_review(selection: Selection) -> list[ColumnElement[bool]]:
    conditions = [
        conversations.c.state == "review",
        ~_superseded(conversations),
        *_chosen(selection, conversations.c.cause),
    ]
    if selection.recording_id is not None:
        conditions.append(literal(False))
    return conditions


def _listed_recordings(conditions: list[ColumnElement[bool]]) -> Select[Any]:
    return (
        select(
            recordings.c.conversation_id,
            recordings.c.revision,
            recordings.c.recording_id,
            conversations.c.day,
            recordings.c.media,
            recordings.c.cause,
            recordings.c.state_at,
            recordings.c.attempts,
        )
        .join_from(recordings, conversations, _same_revision())
        .where(*conditions)
    )


def _waiting_recordings(selection: Selection) -> list[ColumnElement[bool]]:
    return [*_recordings_in("waiting", selection), leases.free(recordings)]


def _recordings_in(state: str, selection: Selection) -> list[ColumnElement[bool]]:
    # what a manifest in the making tells must stay so until it stands; what is found then is told by the next revision
    tellable = or_(recordings.c.manifest_state.is_(None), conversations.c.state == "archived")
    conditions = [
        recordings.c.state == state,
        tellable,
        ~_superseded(recordings),
        *_chosen(selection, recordings.c.cause),
    ]
    if selection.recording_id is not None:
        conditions.append(recordings.c.recording_id == selection.recording_id)
    return conditions
