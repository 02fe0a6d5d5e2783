"""Restores: the objects of a conversation brought back by a due time, `open → ready → ended`, or `failed`.

One restore a conversation is under way at a time, and a second request joins it. Of each object:
`needed → asked → readable`, or `failed`; a copy that lapses while it is needed leads back to `asked`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.ledger import leases
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.restore_objects import RestoreObject, objects_of_restore
from strongroom.ledger.restore_schema import FOLLOWED_RESTORE_STATES, restore_objects, restores
from strongroom.ledger.schema import objects

_FOLLOWED = restores.c.state.in_(FOLLOWED_RESTORE_STATES)
_FAILED_AND_NEEDED = and_(restores.c.state == "failed", restores.c.needed_until > func.clock_timestamp())


class NothingToRestore(StrongroomError):
    """Nothing of the conversation stands in the vault."""


class UnknownRestore(StrongroomError):
    """There is no restore of that number."""


@dataclass(frozen=True)
class HeldRestore:
    """A restore that this process holds. `now` is the database's time when it was taken.

    `due_at` as it was then: a request that joins the restore meanwhile changes it.
    """

    restore_id: int
    conversation_id: UUID
    needed_by: datetime
    needed_until: datetime
    state: str
    due_at: datetime
    attempts: int
    warned_at: datetime | None
    now: datetime


@dataclass(frozen=True)
class RestoreRow:
    """A restore as it stands, with its objects by key."""

    restore_id: int
    conversation_id: UUID
    needed_by: datetime
    needed_until: datetime
    requester: str
    reason: str | None
    state: str
    state_at: datetime
    cause: str
    warned_at: datetime | None
    objects: tuple[RestoreObject, ...]


def open_restore(
    engine: Engine,
    conversation_id: UUID,
    *,
    needed_by: datetime,
    needed_until: datetime,
    requester: Actor,
    reason: str | None,
) -> int:
    """Want every object of a conversation, all revisions', readable from `needed_by` to `needed_until`; its number.

    One that is under way is joined: it keeps the earlier due time and the later end. Who asked is in the custody chain.
    Raises NothingToRestore when nothing of the conversation stands in the vault; LedgerUnreachable.
    """
    asked = postgresql_insert(restores).values(
        conversation_id=conversation_id,
        needed_by=needed_by,
        needed_until=needed_until,
        requester=requester.name,
        reason=reason,
        state="open",
        cause="asked for",
        due_at=func.clock_timestamp(),
    )
    joined = asked.on_conflict_do_update(
        index_elements=[restores.c.conversation_id],
        index_where=_FOLLOWED,
        set_={
            "needed_by": func.least(restores.c.needed_by, asked.excluded.needed_by),
            "needed_until": func.greatest(restores.c.needed_until, asked.excluded.needed_until),
            "due_at": asked.excluded.due_at,
            "enqueued_at": None,
            # a sooner due time is worth a warning of its own
            "warned_at": case((asked.excluded.needed_by >= restores.c.needed_by, restores.c.warned_at)),
        },
    ).returning(restores.c.restore_id)
    with transaction(engine) as connection:
        restore_id: int = connection.execute(joined).scalar_one()
        number = _want_objects(connection, restore_id, conversation_id)
        event = NewEvent(
            act="restored",
            actor=requester,
            conversation_id=conversation_id,
            reason=reason,
            details={"step": "asked for", "restore": restore_id, "neededBy": needed_by.isoformat(), "objects": number},
        )
        append_events(connection, [event])
    return restore_id


def _want_objects(connection: Connection, restore_id: int, conversation_id: UUID) -> int:
    """Want what the ledger has of the conversation, beside what the restore wants already; how many in all."""
    standing = select(
        literal(restore_id), objects.c.key, objects.c.version_id, objects.c.size_bytes, literal("needed"), literal("")
    ).where(objects.c.conversation_id == conversation_id)
    names = ["restore_id", "key", "version_id", "size_bytes", "state", "cause"]
    connection.execute(postgresql_insert(restore_objects).from_select(names, standing).on_conflict_do_nothing())
    counted = select(func.count()).select_from(restore_objects).where(restore_objects.c.restore_id == restore_id)
    number: int = connection.execute(counted).scalar_one()
    if number == 0:
        raise NothingToRestore(
            "nothing of this conversation stands in the vault",
            where=f"conversation {conversation_id}",
            todo="check the id, and whether it is archived: strongroom policy explain CONVERSATION",
        )
    return number


def take_restore(engine: Engine, restore_id: int, holder: Holder) -> HeldRestore | None:
    """Take a restore, or None when it is held, not due, over or unknown."""
    with transaction(engine) as connection:
        row = leases.take(connection, restores, {"restore_id": restore_id}, FOLLOWED_RESTORE_STATES, holder)
    if row is None:
        return None
    known = {name: row[name] for name in HeldRestore.__dataclass_fields__ if name != "now"}
    return HeldRestore(**known, now=row["taken_at"])


def follow_later(
    engine: Engine,
    held: HeldRestore,
    holder: Holder,
    due_in_s: float,
    cause: str,
    *,
    state: str = "open",
    late: bool = False,
    events: Sequence[NewEvent] = (),
) -> None:
    """Hand a restore back, `open` or `ready`, until it is due again; at once, if a request joined it meanwhile.

    `late`: it was said that it will be, or is. Raises LeaseLost.
    """
    due_at = case((_not_joined(held), leases.seconds_from_now(due_in_s)), else_=restores.c.due_at)
    _hand_back(
        engine, held, holder, events, state=state, cause=cause, due_at=due_at, warned_at=_since(late), enqueued_at=None
    )


def settle_restore(
    engine: Engine, held: HeldRestore, holder: Holder, state: str, cause: str, events: Sequence[NewEvent] = ()
) -> None:
    """End a restore, `ended` or `failed`; it goes on if a request joined it meanwhile. Raises LeaseLost."""
    following = case((_not_joined(held), state), else_="open")
    _hand_back(engine, held, holder, events, state=following, cause=cause, warned_at=_since(state == "failed"))


def _not_joined(held: HeldRestore) -> ColumnElement[bool]:
    return restores.c.due_at == held.due_at


def _since(late: bool) -> ColumnElement[datetime] | None:
    return func.coalesce(restores.c.warned_at, func.clock_timestamp()) if late else None


def _hand_back(engine: Engine, held: HeldRestore, holder: Holder, events: Sequence[NewEvent], **values: Any) -> None:
    ids = {"restore_id": held.restore_id}
    with transaction(engine) as connection:
        leases.change(connection, restores, ids, FOLLOWED_RESTORE_STATES, holder, **values)
        append_events(connection, events)


def restore_row(engine: Engine, restore_id: int) -> RestoreRow:
    """A restore as it stands. Raises UnknownRestore, LedgerUnreachable."""
    found = _rows(engine, restores.c.restore_id == restore_id)
    if not found:
        raise UnknownRestore(
            "the ledger knows no such restore", where=f"restore {restore_id}", todo="see: strongroom restore --list"
        )
    return found[0]


def restores_needed(engine: Engine) -> list[RestoreRow]:
    """Every restore that is followed, and those that failed while they are still needed; the first needed first."""
    return _rows(engine, or_(_FOLLOWED, _FAILED_AND_NEEDED))


def is_late() -> ColumnElement[bool]:
    """A condition: it was said that the restore will not be in time, and it is needed still."""
    return and_(restores.c.warned_at.is_not(None), or_(restores.c.state == "open", _FAILED_AND_NEEDED))


def late_restores(engine: Engine) -> list[tuple[datetime, int]]:
    """How many will not be in time, by when they are needed: as one request has it for all its conversations."""
    statement = select(restores.c.needed_by, func.count()).where(is_late()).group_by(restores.c.needed_by)
    with transaction(engine) as connection:
        return [(row[0], row[1]) for row in connection.execute(statement.order_by(restores.c.needed_by))]


def _rows(engine: Engine, condition: ColumnElement[bool]) -> list[RestoreRow]:
    names = [name for name in RestoreRow.__dataclass_fields__ if name != "objects"]
    statement = select(*[restores.c[name] for name in names]).where(condition).order_by(restores.c.needed_by)
    with transaction(engine) as connection:
        found = connection.execute(statement).mappings().all()
    return [RestoreRow(**row, objects=tuple(objects_of_restore(engine, row["restore_id"]))) for row in found]
