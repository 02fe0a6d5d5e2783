"""The objects of a restore: `needed → asked → readable`, or `failed`.

A copy that lapses while it is needed leads back to `asked`. Each is changed by whoever holds the restore.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, exists, func, select, update

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.restore_schema import FOLLOWED_RESTORE_STATES, restore_objects, restores

_UNSETTLED = ("needed", "asked", "readable")


@dataclass(frozen=True)
class RestoreObject:
    """One object of a restore. `tier` and `days` are what S3 was asked for, None when it need not be asked.

    `readable_until` None: in an instant storage class, or not readable.
    """

    key: str
    version_id: str
    size_bytes: int
    storage_class: str | None
    state: str
    cause: str
    tier: str | None
    days: int | None
    asks: int
    asked_at: datetime | None
    expected_at: datetime | None
    readable_at: datetime | None
    readable_until: datetime | None


def objects_of_restore(engine: Engine, restore_id: int) -> list[RestoreObject]:
    """The objects of a restore by key."""
    columns = [restore_objects.c[name] for name in RestoreObject.__dataclass_fields__]
    statement = select(*columns).where(restore_objects.c.restore_id == restore_id).order_by(restore_objects.c.key)
    with transaction(engine) as connection:
        return [RestoreObject(*row) for row in connection.execute(statement)]


def object_readable(
    engine: Engine, restore_id: int, holder: Holder, key: str, storage_class: str, until: datetime | None
) -> None:
    """An object can be read, until then or (None) for good. Raises LeaseLost."""
    _change_object(
        engine,
        restore_id,
        holder,
        key,
        state="readable",
        cause="it can be read",
        storage_class=storage_class,
        readable_at=func.coalesce(restore_objects.c.readable_at, func.clock_timestamp()),
        readable_until=until,
    )


def object_asked(
    engine: Engine,
    restore_id: int,
    holder: Holder,
    key: str,
    *,
    storage_class: str,
    tier: str,
    days: int,
    expected_in_s: float,
    cause: str,
) -> None:
    """The store is about to be asked for an object: committed before the request is sent. Raises LeaseLost."""
    _change_object(
        engine,
        restore_id,
        holder,
        key,
        state="asked",
        cause=cause,
        storage_class=storage_class,
        tier=tier,
        days=days,
        asks=restore_objects.c.asks + 1,
        asked_at=func.clock_timestamp(),
        expected_at=leases.seconds_from_now(expected_in_s),
        readable_at=None,
        readable_until=None,
    )


def object_not_asked(
    engine: Engine, restore_id: int, holder: Holder, before: RestoreObject, cause: str, *, state: str
) -> None:
    """The store refused the request: how it was asked for before it, or not at all, still holds. Raises LeaseLost."""
    _change_object(
        engine,
        restore_id,
        holder,
        before.key,
        state=state,
        cause=cause,
        tier=before.tier,
        days=before.days,
        asked_at=before.asked_at,
        expected_at=before.expected_at,
    )


def object_under_way(
    engine: Engine, restore_id: int, holder: Holder, key: str, storage_class: str, expected_in_s: float
) -> None:
    """Somebody else asked for the object, by a tier nobody tells; it is there at the latest then. Raises LeaseLost."""
    _change_object(
        engine,
        restore_id,
        holder,
        key,
        state="asked",
        cause="a restore that was not asked for here is under way",
        storage_class=storage_class,
        expected_at=leases.seconds_from_now(expected_in_s),
        readable_at=None,
        readable_until=None,
    )


def object_failed(engine: Engine, restore_id: int, holder: Holder, key: str, cause: str) -> None:
    """No retry can bring this object back. Raises LeaseLost."""
    _change_object(engine, restore_id, holder, key, state="failed", cause=cause, readable_at=None, readable_until=None)


def _change_object(engine: Engine, restore_id: int, holder: Holder, key: str, **values: Any) -> None:
    ours = exists(
        select(restores.c.restore_id)
        .where(
            restores.c.restore_id == restore_id,
            restores.c.lease_owner == holder.owner,
            restores.c.state.in_(FOLLOWED_RESTORE_STATES),
        )
        .with_for_update(read=True)
    )
    statement = (
        update(restore_objects)
        .where(
            restore_objects.c.restore_id == restore_id,
            restore_objects.c.key == key,
            restore_objects.c.state.in_(_UNSETTLED),
            ours,
        )
        .values(
            state_at=case(
                (restore_objects.c.state == values["state"], restore_objects.c.state_at), else_=func.clock_timestamp()
            ),
            **values,
        )
    )
    with transaction(engine) as connection:
        if connection.execute(statement).rowcount != 1:
            raise LeaseLost(f"{key} of restore {restore_id}")
