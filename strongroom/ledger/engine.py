"""The connection to Postgres, and one error type for all that can be wrong with it."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from strongroom.errors import Misconfigured, StrongroomError, Unreachable

__all__ = ["Engine", "LeaseLost", "LedgerUnreachable", "connect", "transaction"]

POOL_SIZE = 3
"""Connections that a process keeps."""
MAX_OVERFLOW = 5
"""Connections it may have beside those for as long as they are in use."""

_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+psycopg2"})

_REFUSES_LOGIN = re.compile(
    r"authentication failed|no password supplied|no pg_hba|(role|database) \".*\" does not exist"
)
_ASKED_AFTER_IDLE_S = 1.0
_USED_AT = "strongroom_used_at"
_GONE_WITHOUT_A_WORD = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A host that vanished sends no reset: after a minute its connections are errors here, not waits without an end.

Seconds, but the last, which is in milliseconds: PostgreSQL's documentation, "Parameter Key Words" of libpq.
"""
_INSUFFICIENT_PRIVILEGE = "42501"  # PostgreSQL's documentation, appendix A


class LedgerUnreachable(Unreachable):
    """Postgres does not answer, or broke off. Nothing was committed, so the work is still due."""


class LeaseLost(StrongroomError):
    """Another worker holds the row by now, or it has moved on: what was done here must not be recorded."""

    def __init__(self, row: str) -> None:
        super().__init__("the lease was lost", where=row, todo="nothing to do: whoever holds the row finishes it")


def connect(database_url: str, *, connect_timeout_s: float) -> Engine:
    """An engine for the ledger; no connection is made yet. Raises Misconfigured for an address that is none.

    Sessions run in UTC. A statement that waits for a lock for more than a minute is broken off, not waited for.
    """
    engine = create_engine(
        _address(database_url),
        # an error's text must not hold records
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        # ASCII only: the `json` type then takes what UTF-8 can't hold (lone surrogates, NUL), as received
        json_serializer=lambda value: json.dumps(value, ensure_ascii=True, separators=(",", ":")),
        connect_args={
            "connect_timeout": max(2, round(connect_timeout_s)),
            **_GONE_WITHOUT_A_WORD,
            "application_name": "strongroom",
            "options": "-c timezone=UTC -c lock_timeout=60000",
        },
    )
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _require_alive)
    return engine


def _note_use(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = time.monotonic()


def _require_alive(connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
    """Ask a connection that lay idle whether it is still one; the pool makes another where it isn't.

    SQLAlchemy's own `pool_pre_ping` asks each time: a tenth of a worker's time, for it goes on within milliseconds.
    """
    used_at = record.info.get(_USED_AT)
    if used_at is None or time.monotonic() - used_at < _ASKED_AFTER_IDLE_S:
        return
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise InvalidatePoolError from error


def _address(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _SCHEMES:
        raise Misconfigured(
            "this is not the address of a PostgreSQL database",
            where="STRONGROOM_DATABASE_URL",
            todo="give it as postgresql://user:password@host/name",
        )
    # named, because SQLAlchemy's own choice for a bare postgresql:// is another driver from 2.1 on
    return url.set(drivername="postgresql+psycopg2")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Raises LedgerUnreachable when the server can't be reached or goes away, Misconfigured when the role may not.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise _unreachable(engine, error) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _unreachable(engine, error) from error
        if getattr(error.orig, "pgcode", None) == _INSUFFICIENT_PRIVILEGE:
            raise Misconfigured(
                f"PostgreSQL refuses: {str(error.orig).strip().splitlines()[0]}",
                where=f"database {engine.url.database}, role {engine.url.username}",
                todo="grant it; `strongroom migrate` needs CREATE on the schema, everything else uses its tables",
            ) from error
        raise


def _unreachable(engine: Engine, error: Exception) -> StrongroomError:
    # psycopg2's first line names the host or the reason ("connection refused", "password authentication failed"),
    # never the password
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    if _REFUSES_LOGIN.search(reason):
        return Misconfigured(
            f"PostgreSQL refuses the login: {reason}",
            where=f"STRONGROOM_DATABASE_URL, {engine.url.host or 'socket'}/{engine.url.database}",
            todo="correct user, password or database name, or create them",
        )
    return LedgerUnreachable(
        f"PostgreSQL does not answer: {reason}",
        where=f"STRONGROOM_DATABASE_URL, {engine.url.host or 'socket'}/{engine.url.database}",
        todo="start the server, or correct the address",
    )
