"""Making the store agree with the matters, a conversation at a time: what must be changed, and what has been."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from strongroom.ledger import leases
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.hold_schema import IN_FORCE, conversation_holds, hold_records, matters
from strongroom.ledger.holds import held_by
from strongroom.ledger.leases import Holder
from strongroom.ledger.schema import objects

_WANTED = ("wanted",)


@dataclass(frozen=True)
class HoldWork:
    """A conversation whose objects this process makes held, or free. `asked` tells what it has seen of the matters."""

    conversation_id: UUID
    held: bool
    asked: int
    attempts: int


@dataclass(frozen=True)
class ToChange:
    """An object that stands, and of which the store does not say what it must."""

    object_id: int
    key: str
    version_id: str


def take_hold_work(engine: Engine, conversation_id: UUID, holder: Holder) -> HoldWork | None:
    """Take a conversation whose holds have changed; None: another has it, it is not due, or nothing has changed."""
    with transaction(engine) as connection:
        row = leases.take(connection, conversation_holds, {"conversation_id": conversation_id}, _WANTED, holder)
        if row is None:
            return None
        held = bool(held_by(connection, [conversation_id]))
    return HoldWork(conversation_id, held, row["asked"], row["attempts"])


def to_change(engine: Engine, work: HoldWork) -> list[ToChange]:
    """The objects of all revisions that the store is to be told of. Raises LedgerUnreachable."""
    statement = (
        select(objects.c.object_id, objects.c.key, objects.c.version_id)
        .where(objects.c.conversation_id == work.conversation_id, objects.c.held.is_distinct_from(work.held))
        .order_by(objects.c.key)
    )
    with transaction(engine) as connection:
        return [ToChange(*row) for row in connection.execute(statement)]


def intend_hold(engine: Engine, work: HoldWork, holder: Holder, one: ToChange) -> None:
    """The store is about to be told of this object: until it has answered nobody knows what it says.

    Raises LeaseLost unless it is still ours, and the matters are as they were when it was taken.
    """
    with transaction(engine) as connection:
        _require_ours(connection, work, holder)
        connection.execute(update(objects).where(objects.c.object_id == one.object_id).values(held=None))


def record_hold(engine: Engine, work: HoldWork, holder: Holder, one: ToChange) -> None:
    """The store says that it holds this object, or holds it no more. Raises LeaseLost."""
    with transaction(engine) as connection:
        _require_ours(connection, work, holder)
        connection.execute(update(objects).where(objects.c.object_id == one.object_id).values(held=work.held))


def is_held(engine: Engine, conversation_id: UUID) -> bool:
    """Whether a matter holds it now. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        return bool(held_by(connection, [conversation_id]))


def settle_hold(engine: Engine, work: HoldWork, holder: Holder) -> bool:
    """The store agrees with the matters, and custody is told; False: meanwhile an object came, and it goes on.

    Raises LeaseLost, also when the matters have changed since.
    """
    conversation_id, ids = work.conversation_id, {"conversation_id": work.conversation_id}
    with transaction(engine) as connection:
        told = _require_ours(connection, work, holder)
        of_conversation = objects.c.conversation_id == conversation_id
        counted = select(
            func.count().filter(objects.c.held.is_distinct_from(work.held)), func.count().filter(objects.c.held)
        ).where(of_conversation)
        left, standing = connection.execute(counted).one()
        if left:
            leases.postpone(connection, conversation_holds, ids, _WANTED, holder, func.clock_timestamp())
            return False
        applied = _move(connection, conversation_id, in_force=True, state="applied") if standing else []
        ended = _move(connection, conversation_id, in_force=False, state="released")
        cause = f"the store holds {standing} objects" if work.held else "no matter holds it, and no object is held"
        leases.change(
            connection,
            conversation_holds,
            ids,
            _WANTED,
            holder,
            state="settled",
            cause=cause,
            told=standing,
            attempts=0,
        )
        names = list(held_by(connection, [conversation_id]).get(conversation_id, ()))
        events = []
        if work.held and standing and (applied or standing != told):
            details: dict[str, object] = {"step": "applied", "matters": names, "objects": standing}
            events.append(NewEvent("held", holder.actor, conversation_id, None, None, details))
        if ended or (told and not work.held):
            details = {
                "step": "kept" if work.held else "lifted",
                "matters": ended,
                "heldBy": names,
                "objects": standing,
            }
            events.append(NewEvent("released", holder.actor, conversation_id, None, None, details))
        append_events(connection, events)
        return True


def hold_later(engine: Engine, work: HoldWork, holder: Holder, due_in_s: float, cause: str) -> None:
    """The store can't be told now; due again in `due_in_s`. Raises LeaseLost."""
    with transaction(engine) as connection:
        ids, due_at = {"conversation_id": work.conversation_id}, leases.seconds_from_now(due_in_s)
        leases.postpone(connection, conversation_holds, ids, _WANTED, holder, due_at, cause=cause)


def give_back(engine: Engine, work: HoldWork, holder: Holder) -> None:
    """The matters have changed since it was taken: whoever takes it now sees them as they are."""
    ours = (
        conversation_holds.c.conversation_id == work.conversation_id,
        conversation_holds.c.lease_owner == holder.owner,
    )
    with transaction(engine) as connection:
        connection.execute(update(conversation_holds).where(*ours).values(lease_owner=None, lease_until=None))


def _require_ours(connection: Connection, work: HoldWork, holder: Holder) -> int:
    """What custody was last told; until the transaction ends no matter changes what must be of it."""
    statement = (
        select(conversation_holds.c.told)
        .where(
            conversation_holds.c.conversation_id == work.conversation_id,
            conversation_holds.c.state.in_(_WANTED),
            conversation_holds.c.asked == work.asked,
            conversation_holds.c.lease_owner == holder.owner,
        )
        .with_for_update()
    )
    told: int | None = connection.execute(statement).scalar_one_or_none()
    if told is None:
        raise LeaseLost(f"holds of conversation {work.conversation_id}")
    return told


def _move(connection: Connection, conversation_id: UUID, *, in_force: bool, state: str) -> list[str]:
    """Say of each matter that holds it, or did, that the store agrees; the names of those where that is news."""
    condition = matters.c.state.in_(IN_FORCE) if in_force else matters.c.state.not_in(IN_FORCE)
    statement = (
        update(hold_records)
        .where(
            hold_records.c.conversation_id == conversation_id,
            hold_records.c.state != state,
            hold_records.c.matter_id == matters.c.matter_id,
            condition,
        )
        .values(state=state, state_at=func.clock_timestamp(), cause="the store agrees")
        .returning(matters.c.name)
    )
    found: Sequence[str] = connection.execute(statement).scalars().all()
    return sorted(found)
