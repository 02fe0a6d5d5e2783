"""Links to verified files, and looks at them: what may be handed over is decided in the statement that records it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, literal, or_, select, update

from strongroom.ledger import leases
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.request_schema import HANDED_OUT_REQUEST_STATES, request_files, request_links, requests

_FORGOTTEN_AFTER_S = 86_400.0


@dataclass(frozen=True)
class HandedFile:
    """A file that may be handed over now, and under whose request."""

    file_id: int
    request_id: UUID
    requester: str
    conversation_id: UUID
    revision: int
    part: str
    key: str
    version_id: str
    size_bytes: int
    sha256: str
    content_type: str
    file_name: str | None
    verified_at: datetime


def issue_link(
    engine: Engine, token_sha256: str, requester: str, request_id: UUID, file_id: int, life_s: float
) -> datetime | None:
    """Record a link to a file; when it expires, or None when this requester can't have it (any more).

    Links that expired a day ago are forgotten.
    """
    expires_at = func.least(leases.seconds_from_now(life_s), requests.c.open_until)
    allowed = (
        select(literal(token_sha256), request_files.c.file_id, expires_at)
        .join_from(request_files, requests, request_files.c.request_id == requests.c.request_id)
        .where(_may_be_had(), requests.c.requester == requester, _is(request_id, file_id))
    )
    names = ["token_sha256", "file_id", "expires_at"]
    with transaction(engine) as connection:
        connection.execute(
            delete(request_links).where(request_links.c.expires_at < leases.seconds_from_now(-_FORGOTTEN_AFTER_S))
        )
        issued = insert(request_links).from_select(names, allowed).returning(request_links.c.expires_at)
        expires: datetime | None = connection.scalar(issued)
        return expires


def file_behind(engine: Engine, token_sha256: str) -> HandedFile | None:
    """The file a link leads to; None when there is no such link, it has expired, or what it leads to can't be had."""
    statement = (
        _files()
        .join(request_links, request_links.c.file_id == request_files.c.file_id)
        .where(
            request_links.c.token_sha256 == token_sha256,
            request_links.c.expires_at > func.clock_timestamp(),
            _may_be_had(),
        )
    )
    return _one(engine, statement)


def file_for(engine: Engine, requester: str, request_id: UUID, file_id: int) -> HandedFile | None:
    """A verified file of a requester's own open request; None when it can't be had."""
    return _one(engine, _files().where(_may_be_had(), requests.c.requester == requester, _is(request_id, file_id)))


def look_begins(engine: Engine, file_id: int, within_s: float, events: Sequence[NewEvent]) -> bool:
    """Record a look at a file, unless one began less than `within_s` ago, to which this belongs; whether it did."""
    statement = (
        update(request_files)
        .where(
            request_files.c.file_id == file_id,
            or_(
                request_files.c.looked_at.is_(None),
                request_files.c.looked_at <= leases.seconds_from_now(-within_s),
            ),
        )
        .values(looked_at=func.clock_timestamp())
    )
    with transaction(engine) as connection:
        if connection.execute(statement).rowcount != 1:
            return False
        append_events(connection, events)
        return True


def _may_be_had() -> ColumnElement[bool]:
    return and_(
        request_files.c.state == "verified",
        requests.c.state.in_(HANDED_OUT_REQUEST_STATES),
        requests.c.open_until > func.clock_timestamp(),
    )


def _is(request_id: UUID, file_id: int) -> ColumnElement[bool]:
    return and_(request_files.c.request_id == request_id, request_files.c.file_id == file_id)


def _files() -> Select[Any]:
    columns = [
        requests.c.requester if name == "requester" else request_files.c[name]
        for name in HandedFile.__dataclass_fields__
    ]
    return select(*columns).join_from(request_files, requests, request_files.c.request_id == requests.c.request_id)


def _one(engine: Engine, statement: Select[Any]) -> HandedFile | None:
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else HandedFile(*row)
