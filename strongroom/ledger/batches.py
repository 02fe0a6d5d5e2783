"""Batch downloads: `submitted → done | given up`, and the conversations that wait for them."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, or_, select, tuple_, update

from strongroom.ledger import leases
from strongroom.ledger.backfills import of_stopped_backfill
from strongroom.ledger.batch_schema import batch_results, batches
from strongroom.ledger.conversations import Decided, HeldConversation, decision_columns, held_of
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.schema import OPEN_RECORDING_STATES, conversations, recordings


@dataclass(frozen=True)
class HeldBatch:
    """A batch this process holds. `taken_at` is the database's clock."""

    batch_id: int
    client_id: str
    job_id: str
    deadline_at: datetime
    taken_at: datetime
    attempts: int


@dataclass(frozen=True)
class Gathered:
    """A conversation revision that goes into a batch: what it was decided from, and the decision.

    One that was in a batch before is decided already: its `record` and `decided` are None.
    """

    held: HeldConversation
    record: dict[str, Any] | None = None
    decided: Decided | None = None
    names: dict[str, Any] | None = None


@dataclass(frozen=True)
class Waiting:
    """A conversation revision that waits for a batch's results, and how many batches it has been in."""

    ref: ConversationRef
    record: dict[str, Any]
    asks: int


@dataclass
class Released:
    """What a batch's end leaves to be done: revisions to be listed singly, and those whose manifest is due."""

    unlisted: list[ConversationRef] = field(default_factory=list)
    captured: list[ConversationRef] = field(default_factory=list)


def to_be_gathered() -> ColumnElement[bool]:
    """What goes into a batch: a conversation's first revision, and what waits to be asked for in another one.

    A re-opened conversation is asked for by itself: only a listing tells whether its recordings went on.
    """
    new = and_(conversations.c.state == "discovered", conversations.c.revision == 1)
    again = and_(
        conversations.c.state == "capturing", conversations.c.awaits == "batch", conversations.c.batch_id.is_(None)
    )
    return or_(new, again)


def take_for_batch(engine: Engine, holder: Holder, most: int, *, background: bool) -> list[HeldConversation]:
    """Take up to so many revisions that are due for a batch, of back-fills or of all else, the longest due first.

    Two workers never take the same. Of a back-fill that is stopped none is taken.
    """
    key = (conversations.c.conversation_id, conversations.c.revision)
    due = (
        select(*key)
        .where(
            to_be_gathered(),
            conversations.c.background.is_(background),
            ~of_stopped_backfill(),
            conversations.c.due_at <= func.clock_timestamp(),
            leases.free(conversations),
        )
        .order_by(conversations.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(conversations)
        .where(tuple_(*key).in_(select(*due.columns)))
        .values(
            lease_owner=holder.owner,
            lease_until=func.clock_timestamp() + holder.duration,
            attempts=conversations.c.attempts + 1,
        )
        .returning(*conversations.c, func.clock_timestamp().label("taken_at"))
    )
    with transaction(engine) as connection:
        return [held_of(row) for row in connection.execute(statement).mappings()]


def record_batch(
    engine: Engine,
    gathered: Sequence[Gathered],
    holder: Holder,
    *,
    client_id: str,
    job_id: str,
    due_in_s: float,
    deadline_s: float,
    conversation_deadline_s: float,
) -> int:
    """A batch was submitted for these: record it and what was decided of each, in one transaction; its id.

    What another worker holds by now is left out: its results are nobody's business. The first batch begins the four
    hours in which what is missing may still come.
    """
    with transaction(engine) as connection:
        batch_id: int = connection.execute(
            insert(batches)
            .values(
                client_id=client_id,
                job_id=job_id,
                state="submitted",
                cause=f"{len(gathered)} conversations asked for",
                due_at=leases.seconds_from_now(due_in_s),
                deadline_at=leases.seconds_from_now(deadline_s),
            )
            .returning(batches.c.batch_id)
        ).scalar_one()
        for one in gathered:
            changes = _decision(one, conversation_deadline_s) | {
                "awaits": "batch",
                "batch_id": batch_id,
                "batch_asks": conversations.c.batch_asks + 1,
                "cause": f"in batch {batch_id}",
            }
            with suppress(LeaseLost):
                _decided(connection, one, holder, changes)
    return batch_id


def list_all_instead(
    engine: Engine, gathered: Sequence[Gathered], holder: Holder, cause: str, *, conversation_deadline_s: float
) -> list[ConversationRef]:
    """No batch was to be had for these: record what was decided of each, and that they are listed by themselves.

    Those that are to be listed, without what another worker holds by now.
    """
    unlisted = []
    with transaction(engine) as connection:
        for one in gathered:
            now = func.clock_timestamp()
            changes = _decision(one, conversation_deadline_s) | {
                "awaits": "listing",
                "cause": cause,
                "due_at": now,
                "enqueued_at": now,
            }
            with suppress(LeaseLost):
                _decided(connection, one, holder, changes)
                unlisted.append(one.held.ref)
    return unlisted


def _decision(one: Gathered, conversation_deadline_s: float) -> dict[str, Any]:
    """What changes with the decision on a conversation; nothing where it was decided before."""
    if one.decided is None:
        return {}
    return decision_columns(one.decided) | {
        "record": one.record,
        "names": one.names,
        "state": "capturing",
        "deadline_at": leases.seconds_from_now(conversation_deadline_s),
    }


def _decided(connection: Connection, one: Gathered, holder: Holder, changes: dict[str, Any]) -> None:
    state = "discovered" if one.decided is not None else "capturing"
    leases.change(connection, conversations, one.held.ref._asdict(), [state], holder, attempts=0, **changes)


def list_instead(engine: Engine, held: HeldConversation, holder: Holder, cause: str) -> None:
    """No batch takes a revision that was in one before: it is listed by itself. Raises LeaseLost."""
    with transaction(engine) as connection:
        now = func.clock_timestamp()
        leases.change(
            connection,
            conversations,
            held.ref._asdict(),
            ["capturing"],
            holder,
            awaits="listing",
            cause=cause,
            due_at=now,
            enqueued_at=None,
        )


def take_batch(engine: Engine, batch_id: int, holder: Holder) -> HeldBatch | None:
    """Take a batch that is due to be looked at, or None when it is held, not due, over or unknown."""
    with transaction(engine) as connection:
        row = leases.take(connection, batches, {"batch_id": batch_id}, ["submitted"], holder)
    if row is None:
        return None
    return HeldBatch(batch_id, row["client_id"], row["job_id"], row["deadline_at"], row["taken_at"], row["attempts"])


def postpone_batch(
    engine: Engine, batch: HeldBatch, holder: Holder, due_in_s: float, cause: str, *, lost_s: float = 0
) -> None:
    """Look again in `due_in_s`, at its deadline at the latest. Raises LeaseLost.

    `lost_s` is time that doesn't count, a server or an allowance failed us: the deadline moves, from now on where it
    has passed.
    """
    deadline_at: ColumnElement[datetime] = batches.c.deadline_at
    if lost_s:
        deadline_at = func.greatest(deadline_at, func.clock_timestamp()) + leases.seconds(lost_s)
    due_at = func.least(leases.seconds_from_now(due_in_s), func.greatest(deadline_at, func.clock_timestamp()))
    with transaction(engine) as connection:
        leases.postpone(
            connection,
            batches,
            {"batch_id": batch.batch_id},
            ["submitted"],
            holder,
            due_at,
            cause=cause,
            deadline_at=deadline_at,
        )


def waiting_for(engine: Engine, batch_id: int) -> list[Waiting]:
    """The conversation revisions that wait for a batch."""
    statement = select(
        conversations.c.conversation_id,
        conversations.c.revision,
        conversations.c.record,
        conversations.c.batch_asks,
    ).where(conversations.c.batch_id == batch_id, conversations.c.awaits == "batch")
    with transaction(engine) as connection:
        return [Waiting(ConversationRef(row[0], row[1]), row[2], row[3]) for row in connection.execute(statement)]


def end_batch(
    engine: Engine,
    batch: HeldBatch,
    holder: Holder,
    state: str,
    cause: str,
    *,
    known: Collection[ConversationRef] = (),
    again: Collection[ConversationRef] = (),
    again_in_s: float = 0,
) -> Released:
    """A batch is `done` or `given up`: decide of every conversation that waits for it, in one transaction.

    Of those `known` all recordings are known; those to be asked for `again` go into another batch, and all others must
    be listed one by one. Raises LeaseLost. Rows are locked in the order in which settling a recording locks them, so
    of this and the last recording's settling exactly one sees that a manifest is due.
    """
    known, again = set(known), set(again)
    released = Released()
    with transaction(engine) as connection:
        waiting = [
            ConversationRef(*row)
            for row in connection.execute(
                select(conversations.c.conversation_id, conversations.c.revision)
                .where(conversations.c.batch_id == batch.batch_id, conversations.c.awaits == "batch")
                .order_by(conversations.c.conversation_id)
                .with_for_update()
            )
        ]
        unlisted = [ref for ref in waiting if ref not in known and ref not in again]
        now = func.clock_timestamp()
        for refs, changes in (
            (known, {"awaits": None, "due_at": now, "enqueued_at": now, "cause": "its recordings are known"}),
            (
                again,
                {
                    "batch_id": None,
                    "due_at": leases.seconds_from_now(again_in_s),
                    "enqueued_at": None,
                    "cause": "not all of its recordings are ready",
                },
            ),
            (unlisted, {"awaits": "listing", "due_at": now, "enqueued_at": now, "cause": "to be listed by itself"}),
        ):
            if refs:
                connection.execute(update(conversations).where(_among(refs), _of(batch)).values(**changes))
        unsettled = exists(
            select(recordings.c.recording_id).where(
                recordings.c.conversation_id == conversations.c.conversation_id,
                recordings.c.revision == conversations.c.revision,
                recordings.c.state.in_(OPEN_RECORDING_STATES),
            )
        )
        if known:
            settled = select(conversations.c.conversation_id, conversations.c.revision).where(
                _among(known), conversations.c.batch_id == batch.batch_id, ~unsettled
            )
            released.captured = [ConversationRef(*row) for row in connection.execute(settled)]
        released.unlisted = unlisted
        if state == "given up":
            _withdraw(connection, batch)
        else:
            _erase_settled(connection, batch)
        leases.change(
            connection, batches, {"batch_id": batch.batch_id}, ["submitted"], holder, state=state, cause=cause
        )
    return released


def _withdraw(connection: Connection, batch: HeldBatch) -> None:
    """It may not have told all parts of a recording: what it gave is asked for singly, stored or not.

    What stands is not put again. Who works on one now finds no results when it would settle.
    """
    now = func.clock_timestamp()
    connection.execute(
        update(recordings)
        .where(_has_results(batch), recordings.c.state == "stored")
        .values(state="waiting", state_at=now, cause="its batch did not tell all", due_at=now, enqueued_at=None)
    )
    connection.execute(update(batch_results).where(batch_results.c.batch_id == batch.batch_id).values(results=None))


def _erase_settled(connection: Connection, batch: HeldBatch) -> None:
    """While it worked, the places of a recording's parts were needed; the links themselves are secrets."""
    settled = and_(_has_results(batch), recordings.c.state.not_in(OPEN_RECORDING_STATES))
    connection.execute(
        update(batch_results)
        .where(batch_results.c.batch_id == batch.batch_id, exists(select(recordings.c.recording_id).where(settled)))
        .values(results=None)
    )


def _has_results(batch: HeldBatch) -> ColumnElement[bool]:
    return and_(
        batch_results.c.batch_id == batch.batch_id,
        recordings.c.conversation_id == batch_results.c.conversation_id,
        recordings.c.revision == batch_results.c.revision,
        recordings.c.recording_id == batch_results.c.recording_id,
    )


def _among(refs: Collection[ConversationRef]) -> ColumnElement[bool]:
    return tuple_(conversations.c.conversation_id, conversations.c.revision).in_([tuple(ref) for ref in refs])


def _of(batch: HeldBatch) -> ColumnElement[bool]:
    return and_(conversations.c.batch_id == batch.batch_id, conversations.c.awaits == "batch")
