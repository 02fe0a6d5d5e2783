"""Requests of the Legal desk: `waiting → preparing → ready | damaged`, or `refused`, `cancelled`; in the end `closed`.

Each change is guarded by the state before it, and told to the custody chain in the transaction of the change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.request_schema import (
    OPEN_REQUEST_STATES,
    request_conversations,
    request_files,
    requests,
)
from strongroom.ledger.schema import objects


@dataclass(frozen=True)
class NewRequest:
    """A request as it is made. `missing` are those of the conversations that can't be handed over to the requester."""

    request_id: UUID
    requester: str
    origin: str
    on_behalf_of: str | None
    justification: str
    needed_by: datetime
    open_until: datetime
    conversations: tuple[UUID, ...]
    missing: tuple[UUID, ...]


@dataclass(frozen=True)
class RequestedFile:
    """A file of a request, with what was archived of it. `file_name` is the vendor's, None where it gave none."""

    file_id: int
    conversation_id: UUID
    revision: int
    part: str
    key: str
    version_id: str
    size_bytes: int
    sha256: str
    content_type: str
    file_name: str | None
    state: str
    cause: str
    verified_at: datetime | None


@dataclass(frozen=True)
class RequestedConversation:
    """A conversation of a request. `ready_by` is when it is expected, None where nobody can say or it is past."""

    conversation_id: UUID
    state: str
    state_at: datetime
    cause: str
    restore_id: int | None
    ready_by: datetime | None
    files: tuple[RequestedFile, ...]


@dataclass(frozen=True)
class RequestRow:
    """A request as it stands. `needed_by` is the time by which Legal must have the files."""

    request_id: UUID
    requester: str
    origin: str
    on_behalf_of: str | None
    justification: str
    needed_by: datetime
    open_until: datetime
    approver: str | None
    approved_at: datetime | None
    state: str
    state_at: datetime
    cause: str
    created_at: datetime
    conversations: tuple[RequestedConversation, ...]


def create_request(engine: Engine, new: NewRequest, *, state: str, cause: str, events: Sequence[NewEvent]) -> None:
    """Record a request, `waiting` or `preparing`. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        connection.execute(
            insert(requests).values(
                request_id=new.request_id,
                requester=new.requester,
                origin=new.origin,
                on_behalf_of=new.on_behalf_of,
                justification=new.justification,
                needed_by=new.needed_by,
                open_until=new.open_until,
                state=state,
                cause=cause,
            )
        )
        missing = set(new.missing)
        connection.execute(
            insert(request_conversations),
            [
                {
                    "request_id": new.request_id,
                    "conversation_id": one,
                    "state": "missing" if one in missing else "preparing",
                    "cause": "there is no such conversation" if one in missing else "asked for",
                }
                for one in new.conversations
            ],
        )
        append_events(connection, events)


def decide_request(
    engine: Engine,
    request_id: UUID,
    *,
    approver: str,
    state: str,
    cause: str,
    events: Sequence[NewEvent],
) -> bool:
    """Approve (`preparing`) or refuse (`refused`) a request that waits; False when it doesn't wait (any more).

    Whose request it is can't decide on it, nor can the one it is for: the database itself won't have it.
    """
    statement = (
        update(requests)
        .where(
            requests.c.request_id == request_id,
            requests.c.state == "waiting",
            requests.c.open_until > func.clock_timestamp(),
            func.lower(requests.c.requester) != approver.lower(),
            or_(requests.c.on_behalf_of.is_(None), func.lower(requests.c.on_behalf_of) != approver.lower()),
        )
        .values(
            state=state,
            state_at=func.clock_timestamp(),
            cause=cause,
            approver=approver,
            approved_at=func.clock_timestamp(),
            due_at=func.clock_timestamp(),
            enqueued_at=None,
        )
    )
    return _changed(engine, statement, events)


def cancel_request(engine: Engine, request_id: UUID, requester: str, cause: str, events: Sequence[NewEvent]) -> bool:
    """Cancel a request that is open; False when it isn't. Whoever prepares it just now has lost it."""
    statement = (
        update(requests)
        .where(
            requests.c.request_id == request_id,
            requests.c.requester == requester,
            requests.c.state.in_(OPEN_REQUEST_STATES),
        )
        .values(state="cancelled", state_at=func.clock_timestamp(), cause=cause, lease_owner=None, lease_until=None)
    )
    return _changed(engine, statement, events)


def close_over_requests(engine: Engine) -> list[UUID]:
    """Close every request whose time is over; which. Their links have ended with it."""
    statement = (
        update(requests)
        .where(requests.c.state.in_(OPEN_REQUEST_STATES), requests.c.open_until <= func.clock_timestamp())
        .values(
            state="closed",
            state_at=func.clock_timestamp(),
            cause="its time is over",
            lease_owner=None,
            lease_until=None,
        )
        .returning(requests.c.request_id)
    )
    with transaction(engine) as connection:
        return list(connection.scalars(statement))


def find_request(engine: Engine, request_id: UUID) -> RequestRow | None:
    """A request with its conversations and files, None when there is none. Raises LedgerUnreachable."""
    found = _rows(engine, requests.c.request_id == request_id)
    return found[0] if found else None


def requests_of(engine: Engine, requester: str | None, limit: int) -> list[RequestRow]:
    """The latest requests, of one requester or (None) of all, the newest first, without their files."""
    condition = requests.c.request_id.is_not(None) if requester is None else requests.c.requester == requester
    return _rows(engine, condition, limit, with_files=False)


def open_request_for(engine: Engine, requester: str, conversation_id: UUID) -> RequestRow | None:
    """A requester's open request for a conversation: one that is prepared before one that isn't, then the newest."""
    statement = (
        select(requests.c.request_id)
        .join_from(requests, request_conversations, requests.c.request_id == request_conversations.c.request_id)
        .where(
            requests.c.requester == requester,
            requests.c.state.in_(OPEN_REQUEST_STATES),
            requests.c.open_until > func.clock_timestamp(),
            request_conversations.c.conversation_id == conversation_id,
            request_conversations.c.state != "missing",
        )
        .order_by(
            request_conversations.c.state.in_(("ready", "damaged")).desc(),
            requests.c.first_seen_at.desc(),
        )
        .limit(1)
    )
    with transaction(engine) as connection:
        request_id = connection.scalar(statement)
    return None if request_id is None else find_request(engine, request_id)


def bytes_of(engine: Engine, request_id: UUID) -> int:
    """How many bytes a request asks for, by what the ledger says stands of its conversations."""
    from_objects = (
        select(func.coalesce(func.sum(objects.c.size_bytes), 0))
        .join_from(objects, request_conversations, objects.c.conversation_id == request_conversations.c.conversation_id)
        .where(request_conversations.c.request_id == request_id, request_conversations.c.state != "missing")
    )
    with transaction(engine) as connection:
        return int(connection.execute(from_objects).scalar_one())


def _changed(engine: Engine, statement: Any, events: Sequence[NewEvent]) -> bool:
    with transaction(engine) as connection:
        if connection.execute(statement).rowcount != 1:
            return False
        append_events(connection, events)
        return True


def _rows(
    engine: Engine, condition: ColumnElement[bool], limit: int | None = None, *, with_files: bool = True
) -> list[RequestRow]:
    names = [name for name in RequestRow.__dataclass_fields__ if name not in {"conversations", "created_at"}]
    statement = (
        select(*[requests.c[name] for name in names], requests.c.first_seen_at.label("created_at"))
        .where(condition)
        .order_by(requests.c.first_seen_at.desc(), requests.c.request_id)
        .limit(limit)
    )
    with transaction(engine) as connection:
        found = connection.execute(statement).mappings().all()
        ids = [row["request_id"] for row in found]
        files = _files(connection, ids) if with_files else {}
        conversations = _conversations(connection, ids, files)
    return [RequestRow(**row, conversations=tuple(conversations.get(row["request_id"], ()))) for row in found]


def _conversations(
    connection: Connection, ids: Sequence[UUID], files: dict[tuple[UUID, UUID], list[RequestedFile]]
) -> dict[UUID, list[RequestedConversation]]:
    names = [name for name in RequestedConversation.__dataclass_fields__ if name != "files"]
    statement = (
        select(request_conversations.c.request_id, *[request_conversations.c[name] for name in names])
        .where(request_conversations.c.request_id.in_(ids))
        .order_by(request_conversations.c.conversation_id)
    )
    found: dict[UUID, list[RequestedConversation]] = {}
    for row in connection.execute(statement).mappings():
        its_files = tuple(files.get((row["request_id"], row["conversation_id"]), ()))
        values = {name: row[name] for name in names}
        found.setdefault(row["request_id"], []).append(RequestedConversation(**values, files=its_files))
    return found


def _files(connection: Connection, ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], list[RequestedFile]]:
    columns = [request_files.c[name] for name in RequestedFile.__dataclass_fields__]
    statement = (
        select(request_files.c.request_id, *columns)
        .where(request_files.c.request_id.in_(ids))
        .order_by(request_files.c.key)
    )
    found: dict[tuple[UUID, UUID], list[RequestedFile]] = {}
    for request_id, *values in connection.execute(statement):
        one = RequestedFile(*values)
        found.setdefault((request_id, one.conversation_id), []).append(one)
    return found
