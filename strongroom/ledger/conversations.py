"""Conversation revisions: `discovered → capturing → archived | review`, or `discovered → expired`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import aliased

from strongroom.ledger import leases
from strongroom.ledger.batch_schema import batch_results
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.objects import ObjectRow
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.schema import (
    OPEN_CONVERSATION_STATES,
    OPEN_RECORDING_STATES,
    conversations,
    recordings,
)


@dataclass(frozen=True)
class Decided:
    """What the retention policy decided, as the ledger keeps it."""

    retention_class: str
    lock_mode: str
    retain_until: datetime
    policy_version: str
    decision: dict[str, Any]


@dataclass(frozen=True)
class HeldConversation:
    """A conversation revision this process holds. `taken_at` is the database's clock."""

    ref: ConversationRef
    day: date
    conversation_start: datetime
    conversation_end: datetime
    record: dict[str, Any]
    deadline_at: datetime
    taken_at: datetime
    attempts: int
    first_seen_at: datetime
    names: dict[str, Any] | None
    decided: Decided | None
    awaits: str | None
    background: bool = False
    shortest_lock_days: int | None = None


@dataclass(frozen=True)
class ExpectedRecording:
    """A recording a conversation turns out to have, to be fetched, or carried over from an earlier revision as it is.

    `objects_revision` is the revision whose objects hold it; None: its own.
    """

    recording_id: str
    session_id: str | None
    media: str | None
    listed: dict[str, Any] | None
    state: str = "expected"
    cause: str = "listed by Genesys"
    objects_revision: int | None = None
    unavailable: list[dict[str, str]] | None = None


def take_discovered(engine: Engine, ref: ConversationRef, holder: Holder) -> HeldConversation | None:
    """Take a revision that is to be looked at, once nothing of an earlier revision of it is under way any more."""
    earlier = aliased(conversations)
    earlier_under_way = (
        select(earlier.c.revision)
        .where(
            earlier.c.conversation_id == conversations.c.conversation_id,
            earlier.c.revision < conversations.c.revision,
            # what is ending has objects that must not be taken over
            earlier.c.state.in_((*OPEN_CONVERSATION_STATES, "ending")),
        )
        .exists()
    )
    fetched_again = (
        select(recordings.c.recording_id)
        .where(
            recordings.c.conversation_id == conversations.c.conversation_id,
            recordings.c.revision < conversations.c.revision,
            recordings.c.state.in_(OPEN_RECORDING_STATES),
        )
        .exists()
    )
    nothing_earlier = ~or_(earlier_under_way, fetched_again)
    with transaction(engine) as connection:
        row = leases.take(connection, conversations, ref._asdict(), ["discovered"], holder, nothing_earlier)
        return None if row is None else held_of(row)


def take_captured(engine: Engine, ref: ConversationRef, holder: Holder) -> HeldConversation | None:
    """Take a revision whose last recording has settled, so that its manifest can be written.

    The states its recordings have now are those the manifest will tell: until it stands, a re-queue leaves them alone.
    """
    of_revision = and_(recordings.c.conversation_id == ref.conversation_id, recordings.c.revision == ref.revision)
    unsettled = and_(of_revision, recordings.c.state.in_(OPEN_RECORDING_STATES))
    with transaction(engine) as connection:
        # before the row is taken: what a re-queue changed by then is seen as unsettled, what it would change waits
        connection.execute(update(recordings).where(of_revision, ~unsettled).values(manifest_state=recordings.c.state))
        nothing_unsettled = ~exists(select(recordings.c.recording_id).where(unsettled))
        known = conversations.c.awaits.is_(None)
        row = leases.take(connection, conversations, ref._asdict(), ["capturing"], holder, known, nothing_unsettled)
        if row is None:
            connection.rollback()
            return None
        return held_of(row)


def held_of(row: RowMapping) -> HeldConversation:
    """What this process holds, from a row that was just taken."""
    return HeldConversation(
        ref=ConversationRef(row["conversation_id"], row["revision"]),
        day=row["day"],
        conversation_start=row["conversation_start"],
        conversation_end=row["conversation_end"],
        record=row["record"],
        deadline_at=row["deadline_at"],
        taken_at=row["taken_at"],
        attempts=row["attempts"],
        first_seen_at=row["first_seen_at"],
        names=row["names"],
        decided=decided_of(row),
        awaits=row["awaits"],
        background=row["background"],
        shortest_lock_days=row["shortest_lock_days"],
    )


def decided_of(row: RowMapping) -> Decided | None:
    """What the policy decided, from a row of the table; None while nothing is decided."""
    # of what has ended the class is known, and no more why
    if row["retention_class"] is None or row["decision"] is None:
        return None
    return Decided(
        row["retention_class"], row["lock_mode"], row["retain_until"], row["policy_version"], row["decision"]
    )


def decision_columns(decided: Decided) -> dict[str, Any]:
    """The decision as the table has it."""
    return {
        "retention_class": decided.retention_class,
        "lock_mode": decided.lock_mode,
        "retain_until": decided.retain_until,
        "policy_version": decided.policy_version,
        "decision": decided.decision,
    }


def begin_capturing(
    engine: Engine,
    held: HeldConversation,
    holder: Holder,
    record: dict[str, Any],
    decided: Decided,
    names: dict[str, Any],
    expected: Sequence[ExpectedRecording],
    *,
    deadline_s: float,
) -> list[RecordingRef]:
    """Record the decision and the recordings that must settle; those still to be fetched, which must be enqueued.

    `record` is what was decided from. Raises LeaseLost. What is carried over has settled from the start.
    """
    with transaction(engine) as connection:
        leases.change(
            connection,
            conversations,
            held.ref._asdict(),
            ["discovered"],
            holder,
            state="capturing",
            cause=f"{len(expected)} recordings expected",
            record=record,
            names=names,
            awaits=None,
            **decision_columns(decided),
            due_at=func.clock_timestamp(),
            enqueued_at=func.clock_timestamp(),
        )
        if not expected:
            return []
        return expect_recordings(connection, held.ref, expected, deadline_s)


def expect_more(
    engine: Engine,
    held: HeldConversation,
    holder: Holder,
    expected: Sequence[ExpectedRecording],
    *,
    deadline_s: float,
) -> list[RecordingRef]:
    """More recordings turned out before the manifest was written; they must be enqueued. Raises LeaseLost."""
    with transaction(engine) as connection:
        now = func.clock_timestamp()
        cause = f"{len(expected)} more recordings listed"
        leases.change(
            connection,
            conversations,
            held.ref._asdict(),
            ["capturing"],
            holder,
            cause=cause,
            due_at=now,
            enqueued_at=now,
        )
        return expect_recordings(connection, held.ref, expected, deadline_s)


def expect_recordings(
    connection: Connection,
    ref: ConversationRef,
    expected: Sequence[ExpectedRecording],
    deadline_s: float | ColumnElement[datetime],
) -> list[RecordingRef]:
    """Expect recordings of a revision, within a transaction; those that are to be fetched.

    Their deadline is so many seconds from now, or that instant.
    """
    deadline_at = leases.seconds_from_now(deadline_s) if isinstance(deadline_s, float | int) else deadline_s
    of_back_fill = (
        select(conversations.c.background)
        .where(conversations.c.conversation_id == ref.conversation_id, conversations.c.revision == ref.revision)
        .scalar_subquery()
    )
    rows = [
        ref._asdict()
        | {
            "recording_id": one.recording_id,
            "session_id": one.session_id,
            "media": one.media,
            "listed": one.listed,
            "state": one.state,
            "cause": one.cause,
            "objects_revision": one.objects_revision or ref.revision,
            "unavailable": one.unavailable or null(),
            "enqueued_at": func.clock_timestamp(),
            "deadline_at": deadline_at,
            "background": of_back_fill,
        }
        for one in expected
    ]
    connection.execute(postgresql_insert(recordings).values(rows).on_conflict_do_nothing())
    return [RecordingRef(*ref, one.recording_id) for one in expected if one.state == "expected"]


def postpone_conversation(
    engine: Engine, held: HeldConversation, holder: Holder, due_in_s: float, cause: str, *, lost_s: float = 0
) -> None:
    """It did not work out this time; due again in `due_in_s`. Raises LeaseLost.

    `lost_s` is time that doesn't count: a server or an allowance failed us, and the deadline moves.
    """
    with transaction(engine) as connection:
        leases.postpone(
            connection,
            conversations,
            held.ref._asdict(),
            OPEN_CONVERSATION_STATES,
            holder,
            leases.seconds_from_now(due_in_s),
            cause=cause,
            deadline_at=conversations.c.deadline_at + leases.seconds(lost_s),
        )


def send_conversation_to_review(engine: Engine, held: HeldConversation, holder: Holder, reason: str) -> None:
    """A person must look at it; the reason says at what. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.change(
            connection,
            conversations,
            held.ref._asdict(),
            OPEN_CONVERSATION_STATES,
            holder,
            state="review",
            cause=reason,
        )
        append_events(connection, [NewEvent("sent to review", holder.actor, *held.ref, reason=reason)])


def expire_conversation(engine: Engine, held: HeldConversation, holder: Holder, decided: Decided, reason: str) -> None:
    """The policy would have let it go by now: it is listed, and not archived. Raises LeaseLost.

    Nothing of people and of what was said is kept: who asks for it again has its record from Genesys again.
    """
    with transaction(engine) as connection:
        leases.change(
            connection,
            conversations,
            held.ref._asdict(),
            ["discovered"],
            holder,
            state="expired",
            cause=reason,
            record={},
            names=null(),
            **decision_columns(decided),
        )


def archived(
    engine: Engine,
    held: HeldConversation,
    holder: Holder,
    manifest: ObjectRow,
    objects: int,
    *,
    locks_lengthened: int = 0,
) -> None:
    """Its manifest stands in the vault and names so many objects: all there are. Raises LeaseLost.

    `locks_lengthened`: of earlier revisions' objects, which had a shorter or a weaker one.
    """
    details: dict[str, object] = {
        "manifest": manifest.key,
        "versionId": manifest.version_id,
        "sha256": manifest.sha256,
        "objects": objects,
    } | ({"locksLengthened": locks_lengthened} if locks_lengthened else {})
    with transaction(engine) as connection:
        leases.change(
            connection,
            conversations,
            held.ref._asdict(),
            ["capturing"],
            holder,
            state="archived",
            cause="the manifest stands in the vault",
        )
        # what a batch gave has served its turn: a day's would be as many rows as it has recordings
        connection.execute(delete(batch_results).where(leases.identified(batch_results, held.ref._asdict())))
        append_events(connection, [NewEvent("archived", holder.actor, *held.ref, details=details)])
