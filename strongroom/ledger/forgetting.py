"""Taking out of the ledger all that a record holds of people and of what was said; the id and the dates stay.

They must: a conversation that is found again is known by them, and the log's leaf by the certificate that they name.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, delete, func, literal, null, select, update

from strongroom.ledger.evidence_schema import verifications
from strongroom.ledger.hold_schema import conversation_holds
from strongroom.ledger.request_schema import request_conversations, request_files, request_links, requests
from strongroom.ledger.restore_schema import restore_objects, restores
from strongroom.ledger.schema import conversations, intents, objects, recordings

REMOVED = "(removed with the record it was for)"
"""What stands where a request's own words were: they may have named the customer."""


def close_links(connection: Connection, conversation_id: UUID) -> None:
    """No link leads to a file of the conversation any more."""
    files = select(request_files.c.file_id).where(request_files.c.conversation_id == conversation_id)
    connection.execute(delete(request_links).where(request_links.c.file_id.in_(files)))


def forget_record(connection: Connection, conversation_id: UUID, certificate: int, words: str) -> list[UUID]:
    """Forget a record that is ending; the requests that had named it and were given it. In the caller's transaction.

    `words` say what happened, as `erased under certificate 7`. Who asked for it and was told that it is missing is told
    nothing else now: it may be another division's, and that it ever was is not theirs to know.
    """
    close_links(connection, conversation_id)
    given = (
        request_conversations.c.conversation_id == conversation_id,
        request_conversations.c.state != "missing",
    )
    asked = list(connection.scalars(select(request_conversations.c.request_id).where(*given)))
    connection.execute(delete(request_files).where(request_files.c.conversation_id == conversation_id))
    connection.execute(
        update(request_conversations)
        .where(*given)
        .values(state="missing", state_at=func.clock_timestamp(), cause=words, ready_by=None, restore_id=None)
    )
    _blank_requests(connection, asked)
    _remove_restores(connection, conversation_id)
    # a revision that was found meanwhile is another record's beginning
    ending = list(
        connection.scalars(
            select(conversations.c.revision).where(
                conversations.c.conversation_id == conversation_id, conversations.c.state == "ending"
            )
        )
    )
    for table in (verifications, recordings, intents, objects):
        connection.execute(
            delete(table).where(table.c.conversation_id == conversation_id, table.c.revision.in_(ending))
        )
    connection.execute(delete(conversation_holds).where(conversation_holds.c.conversation_id == conversation_id))
    connection.execute(
        update(conversations)
        .where(conversations.c.conversation_id == conversation_id, conversations.c.state == "ending")
        .values(
            state="ended",
            state_at=func.clock_timestamp(),
            cause=words,
            certificate=certificate,
            record=literal({}, conversations.c.record.type),
            names=null(),
            decision=null(),
        )
    )
    return asked


def _blank_requests(connection: Connection, request_ids: Sequence[UUID]) -> None:
    """None of them is open, since a record that an open request names does not end; but in a ledger that was restored
    from before the end one may be. What was erased is forgotten there too, its own words with it.
    """
    connection.execute(
        update(requests)
        .where(requests.c.request_id.in_(request_ids))
        .values(justification=REMOVED, on_behalf_of=None, cause=REMOVED)
    )


def _remove_restores(connection: Connection, conversation_id: UUID) -> None:
    ours = select(restores.c.restore_id).where(restores.c.conversation_id == conversation_id)
    connection.execute(delete(restore_objects).where(restore_objects.c.restore_id.in_(ours)))
    connection.execute(delete(restores).where(restores.c.conversation_id == conversation_id))
