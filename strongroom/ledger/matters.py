"""Matters of legal holds: `open → release asked → released`, or `open` again where a second person refused it.

Each change is guarded by the state before it, told to the custody chain in its transaction, and made while no other
hold changes (`hold_order`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, func, insert, or_, select, update

from strongroom.actor import Actor
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.hold_order import await_other_holds
from strongroom.ledger.hold_records import NAMED, hold, say_held
from strongroom.ledger.hold_schema import conversation_holds, hold_records, matter_searches, matters
from strongroom.ledger.hold_searches import Sought, add_search
from strongroom.ledger.search import of_divisions
from strongroom.ledger.search_schema import search_records

_BATCH = 1_000


@dataclass(frozen=True)
class NewHold:
    """What is placed: a new matter of this name, or more for the one that is open. `sought` is looked for, now and as
    long as the matter holds; `requester` on whose request it is.
    """

    name: str
    name_key: str
    reason: str
    requester: str
    conversations: tuple[UUID, ...]
    sought: Sought | None


@dataclass(frozen=True)
class Placed:
    """The matter, how many of the named conversations it did not hold before, and the search to be looked through."""

    matter_id: UUID
    new: int
    search_id: int | None


@dataclass(frozen=True)
class MatterSearch:
    """A search of a matter; `sought` None: the matter is released, and what it looked for is forgotten.

    Or it is `withheld` from who reads it.
    """

    search_id: int
    placed_by: str
    placed_at: datetime
    state: str
    sought: Sought | None
    withheld: bool = False


@dataclass(frozen=True)
class MatterRow:
    """A matter as it stands. `records` are the conversations it holds or held, `applied` those whose objects all carry
    the hold in the store, `lifted` those that the release is through with.
    """

    matter_id: UUID
    name: str
    reason: str
    requester: str
    placed_by: str
    placed_at: datetime
    state: str
    state_at: datetime
    cause: str
    release_asked_by: str | None
    release_asked_at: datetime | None
    release_reason: str | None
    released_by: str | None
    released_at: datetime | None
    records: int
    applied: int
    lifted: int
    searches: tuple[MatterSearch, ...]


@dataclass(frozen=True)
class HoldRecord:
    """A conversation that a matter holds. `found_by`: named, search, or later."""

    conversation_id: UUID
    found_by: str
    placed_at: datetime
    state: str
    state_at: datetime
    cause: str


def place(engine: Engine, new: NewHold, by: Actor) -> Placed | None:
    """Open a matter or let an open one grow; None: there is one of this name, and it is not open any more.

    Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        await_other_holds(connection)
        known = _of_name(connection, new.name_key)
        events: list[NewEvent] = []
        if known is None:
            matter_id, name = uuid4(), new.name
            connection.execute(
                insert(matters).values(
                    matter_id=matter_id,
                    name=name,
                    name_key=new.name_key,
                    reason=new.reason,
                    requester=new.requester,
                    placed_by=by.name,
                    state="open",
                    cause="placed",
                )
            )
            details: dict[str, object] = {
                "step": "opened",
                "matter": str(matter_id),
                "name": name,
                "requester": new.requester,
            }
            events.append(NewEvent("held", by, None, None, new.reason, details))
        elif known["state"] != "open":
            return None
        else:
            matter_id, name = known["matter_id"], known["name"]
        placed = []
        for start in range(0, len(new.conversations), _BATCH):
            some = new.conversations[start : start + _BATCH]
            placed += hold(connection, matter_id, name, new.reason, some, NAMED, by)
        search_id = None
        if new.sought is not None:
            search_id, told = add_search(connection, matter_id, name, new.reason, new.sought, by)
            events += told
        append_events(connection, [*events, *placed])
        return Placed(matter_id, len(placed), search_id)


def ask_release(engine: Engine, matter_id: UUID, reason: str, by: Actor) -> bool:
    """Ask for a matter's release; False when it isn't open. It holds until a second person has approved."""
    values = {
        "state": "release asked",
        "cause": "a second person has to approve its release",
        "release_asked_by": by.name,
        "release_asked_at": func.clock_timestamp(),
        "release_reason": reason,
    }
    with transaction(engine) as connection:
        await_other_holds(connection)
        row = _change(connection, matter_id, matters.c.state == "open", values)
        if row is None:
            return False
        details = {"step": "asked", **_told(row), "records": _records(connection, matter_id)}
        append_events(connection, [NewEvent("released", by, None, None, reason, details)])
        return True


def refuse_release(engine: Engine, matter_id: UUID, reason: str, by: Actor) -> bool:
    """The matter goes on holding; False when its release is not asked for, or was by the same person."""
    values = {
        "state": "open",
        "cause": f"its release was refused: {reason}",
        "release_asked_by": None,
        "release_asked_at": None,
        "release_reason": None,
    }
    with transaction(engine) as connection:
        await_other_holds(connection)
        row = _change(connection, matter_id, _by_another(by), values)
        if row is None:
            return False
        append_events(connection, [NewEvent("refused", by, None, None, reason, {"what": "release", **_told(row)})])
        return True


def approve_release(engine: Engine, matter_id: UUID, by: Actor) -> bool:
    """The matter holds nothing any more; what no other holds is due to be lifted in the store.

    False when its release is not asked for, or was by the same person: the database itself won't have it. What it
    looked for is forgotten.
    """
    values = {
        "state": "released",
        "cause": "its release was approved",
        "released_by": by.name,
        "released_at": func.clock_timestamp(),
    }
    of_matter = select(hold_records.c.conversation_id).where(hold_records.c.matter_id == matter_id)
    with transaction(engine) as connection:
        await_other_holds(connection)
        row = _change(connection, matter_id, _by_another(by), values)
        if row is None:
            return False
        connection.execute(
            update(matter_searches)
            .where(matter_searches.c.matter_id == matter_id)
            .values(
                criteria=None,
                state="looked",
                state_at=func.clock_timestamp(),
                cause="the matter is released",
                lease_owner=None,
                lease_until=None,
            )
        )
        connection.execute(
            update(conversation_holds)
            .where(conversation_holds.c.conversation_id.in_(of_matter))
            .values(
                state="wanted",
                state_at=func.clock_timestamp(),
                cause=f"{row['name']} is released",
                asked=conversation_holds.c.asked + 1,
                due_at=func.clock_timestamp(),
                enqueued_at=None,
            )
        )
        ids = list(connection.scalars(of_matter))
        for start in range(0, len(ids), _BATCH):
            say_held(connection, ids[start : start + _BATCH])
        details = {
            "what": "release",
            **_told(row),
            "askedBy": row["release_asked_by"],
            "records": len(ids),
        }
        append_events(connection, [NewEvent("approved", by, None, None, row["release_reason"], details)])
        return True


def find_matter(engine: Engine, matter_id: UUID) -> MatterRow | None:
    """A matter, None when there is none. Raises LedgerUnreachable."""
    found = _rows(engine, matters.c.matter_id == matter_id)
    return found[0] if found else None


def matter_named(engine: Engine, name_key: str) -> MatterRow | None:
    """The matter of this name, None when there is none. Raises LedgerUnreachable."""
    found = _rows(engine, matters.c.name_key == name_key)
    return found[0] if found else None


def all_matters(engine: Engine, divisions: frozenset[str] | None, placed_by: str, limit: int) -> list[MatterRow]:
    """Matters in force first, then those that are released; the newest first.

    With `divisions` those alone that hold a record of one of them, and those that `placed_by` placed. Raises
    LedgerUnreachable.
    """
    condition: ColumnElement[bool] = matters.c.matter_id.is_not(None)
    if divisions is not None:
        condition = or_(
            matters.c.placed_by == placed_by,
            exists().where(hold_records.c.matter_id == matters.c.matter_id, _seen_by(divisions)),
        )
    return _rows(engine, condition, limit)


def holds_others(engine: Engine, matter_id: UUID, divisions: frozenset[str]) -> bool:
    """Whether a matter holds a record that is in none of these divisions, or is not archived yet."""
    statement = select(exists().where(hold_records.c.matter_id == matter_id, ~_seen_by(divisions)))
    with transaction(engine) as connection:
        return bool(connection.scalar(statement))


def records_of(
    engine: Engine, matter_id: UUID, divisions: frozenset[str] | None, offset: int, limit: int
) -> list[HoldRecord]:
    """The conversations of these divisions that a matter holds or held, in the order they came; None: of all.

    Raises LedgerUnreachable.
    """
    columns = [hold_records.c[name] for name in HoldRecord.__dataclass_fields__]
    seen = () if divisions is None else (_seen_by(divisions),)
    statement = (
        select(*columns)
        .where(hold_records.c.matter_id == matter_id, *seen)
        .order_by(hold_records.c.placed_at, hold_records.c.conversation_id)
        .offset(offset)
        .limit(limit)
    )
    with transaction(engine) as connection:
        return [HoldRecord(*row) for row in connection.execute(statement)]


def _seen_by(divisions: frozenset[str]) -> ColumnElement[bool]:
    return exists().where(search_records.c.conversation_id == hold_records.c.conversation_id, of_divisions(divisions))


def _of_name(connection: Connection, name_key: str) -> RowMapping | None:
    return connection.execute(select(matters).where(matters.c.name_key == name_key)).mappings().one_or_none()


def _by_another(by: Actor) -> ColumnElement[bool]:
    asked = matters.c.state == "release asked"
    return asked & (func.lower(matters.c.release_asked_by) != by.name.lower())


def _change(
    connection: Connection, matter_id: UUID, condition: ColumnElement[bool], values: dict[str, Any]
) -> RowMapping | None:
    statement = (
        update(matters)
        .where(matters.c.matter_id == matter_id, condition)
        .values(state_at=func.clock_timestamp(), **values)
        .returning(*matters.c)
    )
    return connection.execute(statement).mappings().one_or_none()


def _told(row: RowMapping) -> dict[str, object]:
    return {"matter": str(row["matter_id"]), "name": row["name"]}


def _records(connection: Connection, matter_id: UUID) -> int:
    counted = select(func.count()).select_from(hold_records).where(hold_records.c.matter_id == matter_id)
    return connection.execute(counted).scalar_one()


def _rows(engine: Engine, condition: ColumnElement[bool], limit: int | None = None) -> list[MatterRow]:
    counted = {"records", "applied", "lifted", "searches"}
    names = [name for name in MatterRow.__dataclass_fields__ if name not in counted]
    statement = (
        select(*[matters.c[name] for name in names])
        .where(condition)
        .order_by(matters.c.state == "released", matters.c.placed_at.desc(), matters.c.matter_id)
        .limit(limit)
    )
    with transaction(engine) as connection:
        found = connection.execute(statement).mappings().all()
        ids = [row["matter_id"] for row in found]
        counts = _counts(connection, ids)
        searches = _searches(connection, ids)
    return [
        MatterRow(
            **row,
            records=sum(counts.get(row["matter_id"], {}).values()),
            applied=counts.get(row["matter_id"], {}).get("applied", 0),
            lifted=counts.get(row["matter_id"], {}).get("released", 0),
            searches=tuple(searches.get(row["matter_id"], ())),
        )
        for row in found
    ]


def _counts(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    statement = (
        select(hold_records.c.matter_id, hold_records.c.state, func.count())
        .where(hold_records.c.matter_id.in_(ids))
        .group_by(hold_records.c.matter_id, hold_records.c.state)
    )
    found: dict[UUID, dict[str, int]] = {}
    for matter_id, state, number in connection.execute(statement):
        found.setdefault(matter_id, {})[state] = number
    return found


def _searches(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, list[MatterSearch]]:
    statement = (
        select(matter_searches).where(matter_searches.c.matter_id.in_(ids)).order_by(matter_searches.c.search_id)
    )
    found: dict[UUID, list[MatterSearch]] = {}
    for row in connection.execute(statement).mappings():
        sought = None if row["criteria"] is None else Sought.of(row["criteria"], row["divisions"])
        one = MatterSearch(row["search_id"], row["placed_by"], row["first_seen_at"], row["state"], sought)
        found.setdefault(row["matter_id"], []).append(one)
    return found
