"""Which conversations are held, and by which matters."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Connection, select

from strongroom.ledger.hold_schema import IN_FORCE, hold_records, matters

_BATCH = 1_000


def held_by(connection: Connection, conversation_ids: Collection[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """The names of the matters in force that hold each of these conversations; what none holds is left out.

    A matter holds all revisions of a conversation, whether the store has been told or not. Nobody places or releases a
    hold before the transaction ends where `hold_order.await_other_holds` was asked for before.
    """
    found: dict[UUID, tuple[str, ...]] = {}
    for start in range(0, len(ids := list(conversation_ids)), _BATCH):
        statement = (
            select(hold_records.c.conversation_id, matters.c.name)
            .join_from(hold_records, matters, hold_records.c.matter_id == matters.c.matter_id)
            .where(
                hold_records.c.conversation_id.in_(ids[start : start + _BATCH]),
                matters.c.state.in_(IN_FORCE),
            )
            .order_by(matters.c.name_key)
        )
        for conversation_id, name in connection.execute(statement):
            found[conversation_id] = (*found.get(conversation_id, ()), name)
    return found
