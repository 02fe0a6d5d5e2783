"""Preparing a request: which files it has, and what was found of each; changed by whoever holds the request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, case, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger import leases
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.request_schema import (
    PREPARED_REQUEST_STATES,
    request_conversations,
    request_files,
    requests,
)
from strongroom.ledger.schema import conversations, objects

_PREPARING = ("preparing",)
_MANIFEST = "manifest"


@dataclass(frozen=True)
class HeldRequest:
    """A request that this process prepares. `now` is the database's time when it was taken."""

    request_id: UUID
    requester: str
    origin: str
    justification: str
    needed_by: datetime
    open_until: datetime
    attempts: int
    now: datetime


@dataclass(frozen=True)
class FileFound:
    """What was found of a file: `verified`, `damaged` or `missing`, and why in words."""

    key: str
    state: str
    cause: str


def take_request(engine: Engine, request_id: UUID, holder: Holder) -> HeldRequest | None:
    """Take a request to prepare it, or None when it is held, not due, over, waits for approval or is unknown."""
    in_time = requests.c.open_until > func.clock_timestamp()
    with transaction(engine) as connection:
        row = leases.take(connection, requests, {"request_id": request_id}, _PREPARING, holder, in_time)
    if row is None:
        return None
    known = {name: row[name] for name in HeldRequest.__dataclass_fields__ if name != "now"}
    return HeldRequest(**known, now=row["taken_at"])


def plan_files(engine: Engine, held: HeldRequest, holder: Holder, conversation_id: UUID) -> int:
    """Write down every object of the conversation's archived revisions as a file of the request; how many there are.

    Raises LeaseLost.
    """
    archived = exists(
        select(conversations.c.revision).where(
            conversations.c.conversation_id == objects.c.conversation_id,
            conversations.c.revision == objects.c.revision,
            conversations.c.state == "archived",
        )
    )
    names = ["conversation_id", "revision", "part", "key", "version_id", "size_bytes", "sha256", "content_type"]
    standing = select(
        literal(held.request_id),
        *[objects.c[name] for name in names],
        objects.c.file_name,
        literal("waiting"),
        literal("not read yet"),
    ).where(objects.c.conversation_id == conversation_id, archived)
    into = ["request_id", *names, "file_name", "state", "cause"]
    with transaction(engine) as connection:
        _require_ours(connection, held.request_id, holder)
        connection.execute(postgresql_insert(request_files).from_select(into, standing).on_conflict_do_nothing())
        counted = select(func.count()).where(
            request_files.c.request_id == held.request_id, request_files.c.conversation_id == conversation_id
        )
        return connection.execute(counted).scalar_one()


def conversation_goes_on(
    engine: Engine,
    held: HeldRequest,
    holder: Holder,
    conversation_id: UUID,
    *,
    state: str,
    cause: str,
    ready_by: datetime | None,
    restore_id: int | None = None,
) -> None:
    """Say how far a conversation is that is not ready yet. Raises LeaseLost."""
    with transaction(engine) as connection:
        _require_ours(connection, held.request_id, holder)
        values: dict[str, Any] = {"state": state, "cause": cause, "ready_by": ready_by}
        if restore_id is not None:
            values["restore_id"] = restore_id
        _change_conversation(connection, held.request_id, conversation_id, values)


def conversation_settled(
    engine: Engine,
    held: HeldRequest,
    holder: Holder,
    conversation_id: UUID,
    *,
    state: str,
    cause: str,
    found: Sequence[FileFound],
    events: Sequence[NewEvent],
) -> None:
    """Record what was found of a conversation's files, all at once with its events. Raises LeaseLost."""
    with transaction(engine) as connection:
        _require_ours(connection, held.request_id, holder)
        for one in found:
            connection.execute(
                update(request_files)
                .where(request_files.c.request_id == held.request_id, request_files.c.key == one.key)
                .values(
                    state=one.state,
                    state_at=func.clock_timestamp(),
                    cause=one.cause,
                    verified_at=func.clock_timestamp() if one.state == "verified" else None,
                )
            )
        values = {"state": state, "cause": cause, "ready_by": None}
        _change_conversation(connection, held.request_id, conversation_id, values)
        append_events(connection, events)


def prepare_later(engine: Engine, held: HeldRequest, holder: Holder, due_in_s: float, cause: str) -> None:
    """Hand a request back until there is more to do. Raises LeaseLost."""
    with transaction(engine) as connection:
        ids = {"request_id": held.request_id}
        due_at = leases.seconds_from_now(due_in_s)
        leases.postpone(connection, requests, ids, _PREPARING, holder, due_at, cause=cause)


def request_prepared(engine: Engine, held: HeldRequest, holder: Holder, state: str, cause: str) -> None:
    """Every conversation has settled: the request is `ready` or `damaged`. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.change(
            connection, requests, {"request_id": held.request_id}, _PREPARING, holder, state=state, cause=cause
        )


def prepare_again(engine: Engine, file_id: int, cause: str) -> None:
    """What was verified can't be read any more, a restored copy having lapsed: its conversation is prepared again."""
    with transaction(engine) as connection:
        ids = connection.execute(
            select(request_files.c.request_id, request_files.c.conversation_id).where(
                request_files.c.file_id == file_id
            )
        ).one_or_none()
        if ids is None:
            return
        reopened = (
            update(requests)
            .where(requests.c.request_id == ids.request_id, requests.c.state.in_(PREPARED_REQUEST_STATES))
            .values(
                state="preparing",
                state_at=func.clock_timestamp(),
                cause=cause,
                due_at=func.clock_timestamp(),
                enqueued_at=None,
            )
        )
        if connection.execute(reopened).rowcount == 1:
            values = {"state": "preparing", "cause": cause, "ready_by": None}
            _change_conversation(connection, ids.request_id, ids.conversation_id, values)


def file_damaged(engine: Engine, file_id: int, cause: str, events: Sequence[NewEvent]) -> bool:
    """A file that was verified is not what was archived any more; False when that had been recorded."""
    with transaction(engine) as connection:
        ids = connection.execute(
            update(request_files)
            .where(request_files.c.file_id == file_id, request_files.c.state == "verified")
            .values(state="damaged", state_at=func.clock_timestamp(), cause=cause, verified_at=None)
            .returning(request_files.c.request_id, request_files.c.conversation_id)
        ).one_or_none()
        if ids is None:
            return False
        values = {"state": "damaged", "cause": cause, "ready_by": None}
        _change_conversation(connection, ids.request_id, ids.conversation_id, values)
        connection.execute(
            update(requests)
            .where(requests.c.request_id == ids.request_id, requests.c.state == "ready")
            .values(state="damaged", state_at=func.clock_timestamp(), cause=cause)
        )
        append_events(connection, events)
        return True


def _change_conversation(
    connection: Connection, request_id: UUID, conversation_id: UUID, values: Mapping[str, object]
) -> None:
    table = request_conversations
    connection.execute(
        update(table)
        .where(table.c.request_id == request_id, table.c.conversation_id == conversation_id)
        .values(
            state_at=case((table.c.state == values["state"], table.c.state_at), else_=func.clock_timestamp()), **values
        )
    )


def _require_ours(connection: Connection, request_id: UUID, holder: Holder) -> None:
    """Raise LeaseLost unless the request is being prepared by us; until the transaction ends nobody can cancel it."""
    statement = (
        select(requests.c.request_id)
        .where(
            requests.c.request_id == request_id,
            requests.c.state.in_(_PREPARING),
            requests.c.lease_owner == holder.owner,
        )
        .with_for_update()
    )
    if connection.execute(statement).one_or_none() is None:
        raise LeaseLost(f"request {request_id}")
