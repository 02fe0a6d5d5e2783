"""The review list: what a person must look at, why, and how it is put back to work."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, null, select, union_all, update
from sqlalchemy.orm import aliased

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.schema import conversations, recordings


@dataclass(frozen=True)
class ReviewRow:
    """A conversation revision, or one recording of it, that waits for a person."""

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
    """Which rows are meant; what is None doesn't narrow. `reason` is a part of the reason, in any case."""

    conversation_id: UUID | None = None
    recording_id: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    reason: str | None = None


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
    of_recordings = (
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
        .where(*_recordings_in_review(selection))
    )
    both = union_all(of_conversations, of_recordings).subquery()
    statement = select(both).order_by(both.c.state_at, both.c.conversation_id, both.c.recording_id).limit(limit)
    with transaction(engine) as connection:
        return [ReviewRow(*row) for row in connection.execute(statement)]


def requeue(engine: Engine, selection: Selection, *, by: str, deadline_s: float) -> int:
    """Put the chosen rows back to work with a fresh deadline; how many. The sweeper enqueues them."""
    fresh = {
        "state_at": func.clock_timestamp(),
        "cause": literal(f"re-queued by {by}"),
        "due_at": func.clock_timestamp(),
        "enqueued_at": None,
        "attempts": 0,
        "deadline_at": leases.seconds_from_now(deadline_s),
    }
    has_recordings = exists(select(recordings.c.recording_id).where(_same_revision()))
    with transaction(engine) as connection:
        requeued = connection.execute(
            update(recordings)
            .where(
                recordings.c.conversation_id == conversations.c.conversation_id,
                recordings.c.revision == conversations.c.revision,
                *_recordings_in_review(selection),
            )
            .values(**fresh, state="waiting")
        ).rowcount
        # a conversation whose recordings are known goes on where it was, with its manifest; else from the start
        for state, condition in (("capturing", has_recordings), ("discovered", ~has_recordings)):
            requeued += connection.execute(
                update(conversations)
                .where(*_conversations_in_review(selection), condition)
                .values(**fresh, state=state)
            ).rowcount
    return requeued


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
    return conditions


def _conversations_in_review(selection: Selection) -> list[ColumnElement[bool]]:
    conditions = [conversations.c.state == "review", *_chosen(selection, conversations.c.cause)]
    if selection.recording_id is not None:
        conditions.append(literal(False))
    return conditions


def _recordings_in_review(selection: Selection) -> list[ColumnElement[bool]]:
    later = aliased(conversations)
    superseded = exists(
        select(later.c.revision).where(
            later.c.conversation_id == recordings.c.conversation_id, later.c.revision > recordings.c.revision
        )
    )
    conditions = [recordings.c.state == "review", ~superseded, *_chosen(selection, recordings.c.cause)]
    if selection.recording_id is not None:
        conditions.append(recordings.c.recording_id == selection.recording_id)
    return conditions
