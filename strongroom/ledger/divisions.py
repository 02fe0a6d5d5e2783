"""Which divisions conversations belong to: what somebody of some divisions may know of."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.schema import conversations

_BATCH = 200


def known_of(engine: Engine, conversation_ids: Sequence[UUID], divisions: Collection[str] | None) -> set[UUID]:
    """Those of these conversations that the ledger has and whose latest revision belongs to one of the
    divisions; None: to any or none.

    Raises LedgerUnreachable.
    """
    known: dict[UUID, bool] = {}
    wanted = list(dict.fromkeys(conversation_ids))
    for start in range(0, len(wanted), _BATCH):
        # the record is read here: PostgreSQL can't take apart JSON that holds a NUL or a lone surrogate
        columns = [conversations.c.conversation_id]
        # of what has ended nothing can be asked for, nor can it be held
        gone: tuple[str, ...] = ("ending", "ended")
        if divisions is not None:
            columns.append(conversations.c.record)
            # of what was let go nobody knows any more whose it was; an earlier revision may be in the archive
            gone = (*gone, "expired")
        statement = (
            select(*columns)
            .where(
                conversations.c.conversation_id.in_(wanted[start : start + _BATCH]),
                conversations.c.state.not_in(gone),
            )
            .order_by(conversations.c.conversation_id, conversations.c.revision)
        )
        with transaction(engine) as connection:
            for conversation_id, *record in connection.execute(statement):
                # the latest revision's, as the search has it
                known[conversation_id] = divisions is None or not set(divisions).isdisjoint(_divisions(record[0]))
    return {conversation_id for conversation_id, may_know in known.items() if may_know}


def _divisions(record: object) -> list[str]:
    listed = record.get("divisionIds") if isinstance(record, dict) else None
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
