"""Keys of machines: kept as hashes, scoped like a user, always expiring."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.ledger.access_events import append_access_event
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.people_schema import api_keys
from strongroom.times import format_instant

_USED_EVERY = timedelta(minutes=1)
"""How exact `last_used_at` is."""


class UnknownKey(StrongroomError):
    """There is no key of that name."""


class KeyNameTaken(StrongroomError):
    """A key has or had that name."""


@dataclass(frozen=True)
class ApiKey:
    """A key as it stands, without its secret. `divisions` None: all. `usable`: neither expired nor revoked."""

    name: str
    roles: frozenset[str]
    divisions: frozenset[str] | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    usable: bool


def add_key(
    engine: Engine,
    name: str,
    key_sha256: str,
    roles: Collection[str],
    divisions: Collection[str] | None,
    lasts: timedelta,
    by: Actor,
) -> ApiKey:
    """Raises KeyNameTaken, LedgerUnreachable."""
    now = func.clock_timestamp()
    statement = (
        insert(api_keys)
        .values(
            name=name,
            key_sha256=key_sha256,
            roles=sorted(roles),
            divisions=None if divisions is None else sorted(divisions),
            created_by=by.name,
            created_at=now,
            expires_at=now + lasts,
        )
        .on_conflict_do_nothing()
        .returning(*_COLUMNS)
    )
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
        if row is not None:
            details = {"roles": sorted(roles), "divisions": None if divisions is None else sorted(divisions)}
            append_access_event(connection, "key added", name, by, **details, expiresAt=format_instant(row.expires_at))
    if row is None:
        raise KeyNameTaken(
            "a key has this name, or had it",
            where=f"API key {name}",
            todo="choose another: the custody chain names machines by it",
        )
    return _key(row)


def key_of(engine: Engine, key_sha256: str) -> ApiKey | None:
    """The usable key with this hash, or None; it was used now. Raises LedgerUnreachable."""
    now = func.clock_timestamp()
    statement = select(*_COLUMNS).where(api_keys.c.key_sha256 == key_sha256, _USABLE)
    used = (
        update(api_keys)
        .where(
            api_keys.c.key_sha256 == key_sha256,
            or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < now - _USED_EVERY),
        )
        .values(last_used_at=now)
    )
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
        if row is not None and (row.last_used_at is None or row.now - row.last_used_at > _USED_EVERY):
            connection.execute(used)
    return None if row is None else _key(row)


def all_keys(engine: Engine) -> list[ApiKey]:
    """By name, those that are of no use any more as well. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        return [_key(row) for row in connection.execute(select(*_COLUMNS).order_by(api_keys.c.name))]


def revoke_key(engine: Engine, name: str, by: Actor) -> ApiKey:
    """It opens nothing from now on. Done again it changes nothing. Raises UnknownKey, LedgerUnreachable."""
    statement = (
        update(api_keys)
        .where(api_keys.c.name == name)
        .values(revoked_at=func.coalesce(api_keys.c.revoked_at, func.clock_timestamp()))
        .returning(*_COLUMNS)
    )
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
        if row is not None:
            append_access_event(connection, "key revoked", name, by)
    if row is None:
        raise UnknownKey("there is no such key", where=f"API key {name}", todo="see `strongroom api-key list`")
    return _key(row)


_USABLE = api_keys.c.revoked_at.is_(None) & (api_keys.c.expires_at > func.clock_timestamp())
_COLUMNS = (
    api_keys.c.name,
    api_keys.c.roles,
    api_keys.c.divisions,
    api_keys.c.created_by,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.revoked_at,
    api_keys.c.last_used_at,
    _USABLE.label("usable"),
    func.clock_timestamp().label("now"),
)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        name=row.name,
        roles=frozenset(row.roles),
        divisions=None if row.divisions is None else frozenset(row.divisions),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        usable=row.usable,
    )
