"""What a matter holds, record by record: written in the caller's transaction, with what follows from it."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.actor import Actor
from strongroom.ledger.custody import NewEvent
from strongroom.ledger.hold_schema import IN_FORCE, conversation_holds, hold_records, matters
from strongroom.ledger.search_schema import search_records

NAMED = "named"
SEARCH = "search"
LATER = "later"
"""How a matter came to hold a record: by its id, by a search when that was placed, or by it when it was archived."""


def hold(
    connection: Connection,
    matter_id: UUID,
    name: str,
    reason: str,
    conversation_ids: Collection[UUID],
    found_by: str,
    by: Actor,
) -> list[NewEvent]:
    """Let a matter hold these conversations as well; an event for each that it did not hold before, to be appended.

    The caller keeps the order of holds (`hold_order`), and has seen that the matter is in force.
    """
    if not conversation_ids:
        return []
    ids = sorted(conversation_ids)
    # in the order in which indexing takes them: first the search's rows, one after the other, then those of the holds
    of_search = search_records.c.conversation_id
    connection.execute(select(of_search).where(of_search.in_(ids)).order_by(of_search).with_for_update())
    values = [
        {
            "matter_id": matter_id,
            "conversation_id": one,
            "found_by": found_by,
            "state": "placed",
            "cause": "the store is to be told",
        }
        for one in ids
    ]
    statement = (
        postgresql_insert(hold_records)
        .values(values)
        .on_conflict_do_nothing()
        .returning(hold_records.c.conversation_id)
    )
    new = sorted(connection.scalars(statement))
    want(connection, new, f"held by {name}")
    connection.execute(update(search_records).where(search_records.c.conversation_id.in_(new)).values(held=True))
    details: dict[str, object] = {"step": "placed", "matter": str(matter_id), "name": name, "foundBy": found_by}
    return [NewEvent("held", by, one, None, reason, details) for one in new]


def want(connection: Connection, conversation_ids: Sequence[UUID], cause: str) -> None:
    """Have the store made to agree with the matters for these conversations: due now, whoever works on it."""
    if not conversation_ids:
        return
    values = [{"conversation_id": one, "state": "wanted", "cause": cause} for one in conversation_ids]
    now = func.clock_timestamp()
    statement = (
        postgresql_insert(conversation_holds)
        .values(values)
        .on_conflict_do_update(
            index_elements=["conversation_id"],
            set_={
                "state": "wanted",
                "state_at": now,
                "cause": cause,
                "asked": conversation_holds.c.asked + 1,
                "due_at": now,
                "enqueued_at": None,
            },
        )
    )
    connection.execute(statement)


def object_stored(connection: Connection, conversation_id: UUID) -> None:
    """An object of the conversation was recorded: where it is held, the store must be told of that one too."""
    connection.execute(
        update(conversation_holds)
        .where(conversation_holds.c.conversation_id == conversation_id)
        .values(
            state="wanted",
            state_at=func.clock_timestamp(),
            cause="another object of it stands",
            asked=conversation_holds.c.asked + 1,
            due_at=func.clock_timestamp(),
            enqueued_at=None,
        )
    )


def say_held(connection: Connection, conversation_ids: Collection[UUID]) -> None:
    """Let the search say of these conversations what the matters say; the caller keeps the order of holds."""
    in_force = (
        select(hold_records.c.conversation_id)
        .join_from(hold_records, matters, hold_records.c.matter_id == matters.c.matter_id)
        .where(
            hold_records.c.conversation_id == search_records.c.conversation_id,
            matters.c.state.in_(IN_FORCE),
        )
        .exists()
    )
    connection.execute(
        update(search_records)
        .where(search_records.c.conversation_id.in_(conversation_ids), search_records.c.held != in_force)
        .values(held=in_force)
    )
