"""A lease on a row: who works on it, until when. The database's clock decides, so a worker's own may be wrong.

A lease is taken in the same statement that checks the row's state and due time; every later change of the row names
the owner in its WHERE clause. A message that comes early, late or twice therefore does nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Interval, RowMapping, Table, and_, func, literal, or_, update

from strongroom.actor import FLEET, Actor
from strongroom.ledger.backfill_schema import backfills
from strongroom.ledger.batch_schema import batches
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.hold_schema import conversation_holds, matter_searches
from strongroom.ledger.operations_schema import notices
from strongroom.ledger.request_schema import requests
from strongroom.ledger.restore_schema import restores
from strongroom.ledger.schema import activity_reads, conversations, recordings, runs

# a message with a countdown may be delivered a moment before the row is due
_EARLY = timedelta(seconds=1)


@dataclass(frozen=True)
class Holder:
    """Who takes leases in this process, and for how long at a time."""

    owner: str
    lease_s: float

    @property
    def actor(self) -> Actor:
        """Who the custody chain names for what is done under its leases: the fleet, and which process of it."""
        return Actor(FLEET, self.owner)

    @property
    def duration(self) -> timedelta:
        """The lease as SQL takes it."""
        return timedelta(seconds=self.lease_s)


def seconds(duration_s: float) -> ColumnElement[timedelta]:
    """A duration to add to an instant in SQL."""
    return literal(timedelta(seconds=duration_s), Interval)


def seconds_from_now(duration_s: float) -> ColumnElement[datetime]:
    """An instant by the database's clock."""
    return func.clock_timestamp() + seconds(duration_s)


def identified(table: Table, ids: Mapping[str, object]) -> ColumnElement[bool]:
    """The WHERE clause for one row."""
    return and_(*(table.c[name] == value for name, value in ids.items()))


def free(table: Table) -> ColumnElement[bool]:
    """Nobody holds the row: never held, handed back, or the holder's time is up."""
    return or_(table.c.lease_until.is_(None), table.c.lease_until < func.clock_timestamp())


def take(
    connection: Connection,
    table: Table,
    ids: Mapping[str, object],
    states: Collection[str],
    holder: Holder,
    *conditions: ColumnElement[bool],
    **changes: ColumnElement[Any],
) -> RowMapping | None:
    """Take the row if it is in one of the states, due and free; its columns and `taken_at`, or None.

    `changes` are made to the row in the same statement.
    """
    statement = (
        update(table)
        .where(
            identified(table, ids),
            table.c.state.in_(states),
            table.c.due_at <= func.clock_timestamp() + _EARLY,
            free(table),
            *conditions,
        )
        .values(
            lease_owner=holder.owner,
            lease_until=func.clock_timestamp() + holder.duration,
            attempts=table.c.attempts + 1,
            **changes,
        )
        .returning(*table.c, func.clock_timestamp().label("taken_at"))
    )
    return connection.execute(statement).mappings().one_or_none()


def change(
    connection: Connection,
    table: Table,
    ids: Mapping[str, object],
    states: Collection[str],
    holder: Holder,
    **values: Any,
) -> None:
    """Change a row we hold, and hand it back. Raises LeaseLost when we don't, or its state is another by now.

    An expired lease that nobody else has taken still counts as ours: nothing happened in between.
    """
    if "state" in values:
        values["state_at"] = func.clock_timestamp()
    statement = (
        update(table)
        .where(identified(table, ids), table.c.state.in_(states), table.c.lease_owner == holder.owner)
        .values(lease_owner=None, lease_until=None, **values)
    )
    if connection.execute(statement).rowcount != 1:
        raise LeaseLost(f"{table.name} {', '.join(str(value) for value in ids.values())}")


def postpone(
    connection: Connection,
    table: Table,
    ids: Mapping[str, object],
    states: Collection[str],
    holder: Holder,
    due_at: ColumnElement[datetime],
    **values: Any,
) -> None:
    """Hand a row we hold back until it is due again. Raises LeaseLost.

    No message is on its way for it: it is fed from the ledger when it is due.
    """
    change(connection, table, ids, states, holder, due_at=due_at, enqueued_at=None, **values)


def renew(engine: Engine, table: Table, ids: Mapping[str, object], holder: Holder) -> bool:
    """Prolong a lease we hold from now on; False when it is another's by now."""
    statement = (
        update(table)
        .where(identified(table, ids), table.c.lease_owner == holder.owner)
        .values(lease_until=func.clock_timestamp() + holder.duration)
    )
    with transaction(engine) as connection:
        return connection.execute(statement).rowcount == 1


LEASED = (
    runs,
    conversations,
    recordings,
    activity_reads,
    backfills,
    batches,
    restores,
    requests,
    conversation_holds,
    matter_searches,
    notices,
)
"""Every table whose rows are leased."""


def hand_back(engine: Engine, owner_prefix: str) -> int:
    """Free every row held under owners that start so: what a stopping worker held needn't wait for a time-out."""
    handed_back = 0
    with transaction(engine) as connection:
        for table in LEASED:
            statement = (
                update(table)
                .where(table.c.lease_owner.startswith(owner_prefix, autoescape=True))
                .values(lease_owner=None, lease_until=None, enqueued_at=None)
            )
            handed_back += connection.execute(statement).rowcount
    return handed_back
