"""What an operator asks the ledger outside of any work: one conversation, and what time it is there."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from strongroom.errors import StrongroomError
from strongroom.ledger.conversations import Decided, decided_of
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.schema import conversations


class UnknownConversation(StrongroomError):
    """The ledger has no such conversation."""


@dataclass(frozen=True)
class KnownConversation:
    """A conversation revision as it stands. `names` and `decided` are None until a worker has looked at it."""

    ref: ConversationRef
    day: date
    conversation_end: datetime
    state: str
    state_at: datetime
    cause: str
    record: dict[str, Any]
    names: dict[str, Any] | None
    decided: Decided | None


def latest_revision(engine: Engine, conversation_id: UUID) -> KnownConversation:
    """The latest revision of a conversation. Raises UnknownConversation, LedgerUnreachable."""
    statement = (
        select(conversations)
        .where(conversations.c.conversation_id == conversation_id)
        .order_by(conversations.c.revision.desc())
        .limit(1)
    )
    with transaction(engine) as connection:
        row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        raise UnknownConversation(
            "the ledger knows no such conversation",
            where=f"conversation {conversation_id}",
            todo="check the id; it is known once the day it ended on has been enumerated",
        )
    return KnownConversation(
        ref=ConversationRef(row["conversation_id"], row["revision"]),
        day=row["day"],
        conversation_end=row["conversation_end"],
        state=row["state"],
        state_at=row["state_at"],
        cause=row["cause"],
        record=row["record"],
        names=row["names"],
        decided=decided_of(row),
    )


def ended_as(engine: Engine, conversation_id: UUID) -> tuple[str, datetime] | None:
    """How a conversation ended of which nothing stands any more, as `erased under certificate 7`, and when.

    None where it stands or was never known. Raises LedgerUnreachable.
    """
    statement = (
        select(conversations.c.state, conversations.c.cause, conversations.c.state_at)
        .where(conversations.c.conversation_id == conversation_id)
        .order_by(conversations.c.revision.desc())
        .limit(1)
    )
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return (row.cause, row.state_at) if row is not None and row.state == "ended" else None


def database_clock(engine: Engine) -> datetime:
    """What time it is in PostgreSQL, whose clock decides leases and due times. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now
