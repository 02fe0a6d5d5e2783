"""Recordings: `expected → waiting → stored | absent | review`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, and_, case, delete, exists, func, literal, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import aliased

from strongroom.ledger import leases
from strongroom.ledger.batch_results import Link, erase_when_over, links_of, require_all
from strongroom.ledger.conversations import ExpectedRecording
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.discovering import await_other_revisions
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.schema import OPEN_RECORDING_STATES, conversations, objects, recordings

Settled = Literal["stored", "absent", "review"]


@dataclass(frozen=True)
class HeldRecording:
    """A recording this process holds, with what its conversation decided. `taken_at` is the database's clock.

    `links` are what a batch gave of it, in the order of its parts: secrets.
    """

    ref: RecordingRef
    session_id: str | None
    day: date
    retention_class: str
    lock_mode: str
    retain_until: datetime
    policy_version: str
    deadline_at: datetime
    taken_at: datetime
    attempts: int
    objects_revision: int
    restore_asked_at: datetime | None
    links: tuple[Link, ...] = ()
    background: bool = False


@dataclass(frozen=True)
class KnownRecording:
    """A recording as the ledger knows it, for manifests and for later revisions.

    `vanished`: something that was stored of it does not stand in the vault any more.
    """

    recording_id: str
    session_id: str | None
    media: str | None
    listed: dict[str, Any] | None
    state: str
    cause: str
    objects_revision: int
    unavailable: list[dict[str, str]] | None
    attempts: int
    duration_s: float | None = None
    vanished: bool = False


def take_recording(engine: Engine, ref: RecordingRef, holder: Holder) -> HeldRecording | None:
    """Take a recording that is to be fetched, or None when it is held, not due, settled or unknown.

    Its deadline counts from the first attempt: what it waited in the queue before is added.
    """
    queued = func.greatest(func.clock_timestamp() - recordings.c.due_at, leases.seconds(0))
    first_attempt = recordings.c.attempts == 0
    deadline_at = recordings.c.deadline_at + case((first_attempt, queued), else_=leases.seconds(0))
    with transaction(engine) as connection:
        row = leases.take(connection, recordings, ref._asdict(), OPEN_RECORDING_STATES, holder, deadline_at=deadline_at)
        if row is None:
            return None
        conversation = connection.execute(
            select(conversations).where(leases.identified(conversations, ref.conversation._asdict()))
        ).one()
        links = links_of(connection, ref)
    return HeldRecording(
        ref=ref,
        session_id=row["session_id"],
        day=conversation.day,
        retention_class=conversation.retention_class,
        lock_mode=conversation.lock_mode,
        retain_until=conversation.retain_until,
        policy_version=conversation.policy_version,
        deadline_at=row["deadline_at"],
        taken_at=row["taken_at"],
        attempts=row["attempts"],
        objects_revision=row["objects_revision"],
        restore_asked_at=row["restore_asked_at"],
        links=links,
        background=row["background"],
    )


def postpone_recording(
    engine: Engine,
    ref: RecordingRef,
    holder: Holder,
    due_in_s: float,
    cause: str,
    *,
    past_deadline: bool,
    lost_s: float = 0,
) -> None:
    """Not to be had yet; due again in `due_in_s`, unless `past_deadline` at the deadline at the latest.

    `lost_s` is time that doesn't count: a server or an allowance failed us, and the deadline moves. Raises LeaseLost.
    """
    due_at = leases.seconds_from_now(due_in_s)
    if not past_deadline:
        due_at = func.least(due_at, func.greatest(recordings.c.deadline_at, func.clock_timestamp()))
    with transaction(engine) as connection:
        leases.postpone(
            connection,
            recordings,
            ref._asdict(),
            OPEN_RECORDING_STATES,
            holder,
            due_at,
            state="waiting",
            cause=cause,
            deadline_at=recordings.c.deadline_at + leases.seconds(lost_s),
        )


def settle_recording(
    engine: Engine,
    ref: RecordingRef,
    holder: Holder,
    state: Settled,
    cause: str,
    unavailable: Sequence[Mapping[str, str]] = (),
    *,
    results: int | None = None,
    duration_s: float | None = None,
) -> ConversationRef | None:
    """Settle a recording; the conversation revision that can be completed now, when this was its last.

    `duration_s` is how long it lasts, where that was measured now. `results`: of how many results of a batch it was
    stored. Raises MoreResults when there are more by now, and leaves it as it is.

    `unavailable` names the parts that the vendor says can't be had, each `{"part", "reason"}`.

    The conversation's row is locked first, so of two workers that settle the last two exactly one sees it.
    When the conversation is archived already (this recording was re-queued from review), settling the last one opens
    the next revision, whose manifest will tell what was found. Raises LeaseLost.
    """
    with transaction(engine) as connection:
        conversation = (
            connection.execute(
                select(conversations)
                .where(leases.identified(conversations, ref.conversation._asdict()))
                .with_for_update()
            )
            .mappings()
            .one()
        )
        if results is not None:
            require_all(connection, ref, results)
        leases.change(
            connection,
            recordings,
            ref._asdict(),
            OPEN_RECORDING_STATES,
            holder,
            state=state,
            cause=cause,
            unavailable=[dict(one) for one in unavailable] or null(),
            duration_s=func.coalesce(duration_s, recordings.c.duration_s),
        )
        if results is not None:
            erase_when_over(connection, ref)
        completable = _completable(connection, conversation, ref.conversation)
        if state == "review":
            details = {"recordingId": ref.recording_id}
            event = NewEvent("sent to review", holder.actor, *ref.conversation, reason=cause, details=details)
            append_events(connection, [event])
    return completable


def _completable(connection: Connection, conversation: RowMapping, ref: ConversationRef) -> ConversationRef | None:
    """The revision whose manifest can be written now that a recording of this one has settled."""
    if conversation["awaits"] is not None:
        return None
    if any(recording.state in OPEN_RECORDING_STATES for recording in recordings_of(connection, ref)):
        return None
    if conversation["state"] == "archived":
        return _open_amendment(connection, conversation, ref)
    return ref if conversation["state"] == "capturing" else None


def _open_amendment(connection: Connection, conversation: RowMapping, ref: ConversationRef) -> ConversationRef | None:
    """The next revision of an archived conversation, where its recordings no longer are as its manifest tells."""
    of_revision = and_(recordings.c.conversation_id == ref.conversation_id, recordings.c.revision == ref.revision)
    stored_since = exists(
        select(objects.c.object_id).where(
            objects.c.conversation_id == recordings.c.conversation_id,
            objects.c.recording_id == recordings.c.recording_id,
            objects.c.stored_at > conversation["state_at"],
        )
    )
    differs = or_(recordings.c.state.is_distinct_from(recordings.c.manifest_state), stored_since)
    if connection.execute(select(recordings.c.recording_id).where(of_revision, differs).limit(1)).first() is None:
        return None
    await_other_revisions(connection)
    latest = select(func.max(conversations.c.revision)).where(conversations.c.conversation_id == ref.conversation_id)
    if connection.scalar(latest) != ref.revision:
        return None  # it was re-opened since, and that revision takes over what was found
    revision = ref.revision + 1
    own = {
        "revision",
        "state",
        "state_at",
        "cause",
        "due_at",
        "enqueued_at",
        "lease_owner",
        "lease_until",
        "attempts",
        "deadline_at",
        "indexed_at",
    }
    copied = {name: value for name, value in conversation.items() if name not in own}
    connection.execute(
        postgresql_insert(conversations).values(
            **copied,
            revision=revision,
            state="capturing",
            cause=f"a recording of revision {ref.revision} was found later",
            # the conversation's own deadline may be long past, its recordings have a fresh one from the re-queue
            deadline_at=select(func.max(recordings.c.deadline_at)).where(of_revision).scalar_subquery(),
            enqueued_at=func.clock_timestamp(),
        )
    )
    columns = [column for column in recordings.c if column.name not in {"revision", "manifest_state"}]
    connection.execute(
        postgresql_insert(recordings).from_select(
            [column.name for column in columns] + ["revision"],
            select(*columns, literal(revision)).where(of_revision),
        )
    )
    return ConversationRef(ref.conversation_id, revision)


def replace_placeholder(
    engine: Engine,
    ref: RecordingRef,
    holder: Holder,
    listed: Sequence[ExpectedRecording],
) -> list[RecordingRef]:
    """A recorded session's recordings are listed at last: expect those instead. Raises LeaseLost.

    They keep the session's deadline: the four hours count from when it was first seen.
    """
    with transaction(engine) as connection:
        removed = connection.execute(
            delete(recordings)
            .where(
                leases.identified(recordings, ref._asdict()),
                recordings.c.state.in_(OPEN_RECORDING_STATES),
                recordings.c.lease_owner == holder.owner,
            )
            .returning(
                recordings.c.first_seen_at, recordings.c.deadline_at, recordings.c.attempts, recordings.c.background
            )
        ).one_or_none()
        if removed is None:
            raise LeaseLost(str(ref))
        rows = [
            ref.conversation._asdict()
            | {
                "recording_id": one.recording_id,
                "session_id": one.session_id,
                "media": one.media,
                "listed": one.listed,
                "state": "expected",
                "cause": "listed by Genesys later than its session",
                "objects_revision": ref.revision,
                "first_seen_at": removed.first_seen_at,
                "deadline_at": removed.deadline_at,
                "attempts": removed.attempts,
                "background": removed.background,
                "enqueued_at": func.clock_timestamp(),
            }
            for one in listed
        ]
        connection.execute(postgresql_insert(recordings).values(rows).on_conflict_do_nothing())
    return [RecordingRef(*ref.conversation, one.recording_id) for one in listed]


def refresh_listing(
    engine: Engine,
    ref: RecordingRef,
    holder: Holder,
    media: str | None,
    listed: dict[str, Any],
    session_id: str | None = None,
) -> None:
    """Keep what Genesys says of the recording now. Raises LeaseLost."""
    statement = (
        update(recordings)
        .where(leases.identified(recordings, ref._asdict()), recordings.c.lease_owner == holder.owner)
        .values(media=media, listed=listed, session_id=func.coalesce(session_id, recordings.c.session_id))
    )
    with transaction(engine) as connection:
        if connection.execute(statement).rowcount != 1:
            raise LeaseLost(str(ref))


def wait_for_restore(engine: Engine, ref: RecordingRef, holder: Holder, *, asked: bool, deadline_s: float) -> datetime:
    """The recording must be restored by Genesys first: it is waited for `deadline_s`; its deadline by now.

    The time counts from now when the restore was `asked` for, else from when the recording was first seen. Raises
    LeaseLost.
    """
    counted_from = func.clock_timestamp() if asked else recordings.c.first_seen_at
    statement = (
        update(recordings)
        .where(leases.identified(recordings, ref._asdict()), recordings.c.lease_owner == holder.owner)
        .values(
            restore_asked_at=func.clock_timestamp() if asked else recordings.c.restore_asked_at,
            deadline_at=func.greatest(recordings.c.deadline_at, counted_from + leases.seconds(deadline_s)),
        )
        .returning(recordings.c.deadline_at)
    )
    with transaction(engine) as connection:
        deadline_at: datetime | None = connection.execute(statement).scalar_one_or_none()
    if deadline_at is None:
        raise LeaseLost(str(ref))
    return deadline_at


def known_recordings(engine: Engine, ref: ConversationRef) -> list[KnownRecording]:
    """Every recording of a revision, by id."""
    with transaction(engine) as connection:
        return recordings_of(connection, ref)


def recordings_before(engine: Engine, ref: ConversationRef) -> list[KnownRecording]:
    """Every recording of the latest earlier revision that had any."""
    latest = select(func.max(recordings.c.revision)).where(
        recordings.c.conversation_id == ref.conversation_id, recordings.c.revision < ref.revision
    )
    with transaction(engine) as connection:
        revision = connection.scalar(latest)
        return [] if revision is None else recordings_of(connection, ConversationRef(ref.conversation_id, revision))


def recordings_of(connection: Connection, ref: ConversationRef) -> list[KnownRecording]:
    """Every recording of a revision, by id, within a transaction."""
    later = aliased(objects)
    put_again = exists().where(
        later.c.conversation_id == objects.c.conversation_id,
        later.c.part == objects.c.part,
        later.c.revision > objects.c.revision,
        later.c.revision <= recordings.c.revision,
        later.c.vanished_at.is_(None),
    )
    vanished = exists().where(
        objects.c.conversation_id == recordings.c.conversation_id,
        objects.c.recording_id == recordings.c.recording_id,
        objects.c.revision <= recordings.c.revision,
        objects.c.vanished_at.is_not(None),
        ~put_again,
    )
    statement = (
        select(*(recordings.c[name] for name in KnownRecording.__dataclass_fields__ if name != "vanished"), vanished)
        .where(recordings.c.conversation_id == ref.conversation_id, recordings.c.revision == ref.revision)
        .order_by(recordings.c.recording_id)
    )
    return [KnownRecording(*row) for row in connection.execute(statement)]
