"""Users of the Legal desk: local ones with a password, and those an OpenID provider vouches for.

A name is in small letters and never given to another: the custody chain names people by it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.ledger.access_events import append_access_event
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.people_schema import sessions, users


class UnknownUser(StrongroomError):
    """There is no user of that name, or none that this can be done with."""


class NameTaken(StrongroomError):
    """Another user has that name."""


@dataclass(frozen=True)
class User:
    """A user as they stand. `divisions` None: all; `local` has a password here, the others an issuer elsewhere."""

    user_id: int
    name: str
    local: bool
    roles: frozenset[str]
    divisions: frozenset[str] | None
    created_at: datetime
    disabled_at: datetime | None
    last_signed_in_at: datetime | None


@dataclass(frozen=True)
class Credential:
    """What a local user's password is held against."""

    user: User
    password_hash: str


USER_COLUMNS = (
    users.c.user_id,
    users.c.name,
    users.c.password_hash.is_not(None).label("local"),
    users.c.roles,
    users.c.divisions,
    users.c.created_at,
    users.c.disabled_at,
    users.c.last_signed_in_at,
)


def user_of(row: Row[Any]) -> User:
    """The user that a row of USER_COLUMNS is."""
    return User(
        user_id=row.user_id,
        name=row.name,
        local=row.local,
        roles=frozenset(row.roles),
        divisions=None if row.divisions is None else frozenset(row.divisions),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        last_signed_in_at=row.last_signed_in_at,
    )


def add_local_user(
    engine: Engine,
    name: str,
    password_hash: str,
    roles: Collection[str],
    divisions: Collection[str] | None,
    by: Actor,
) -> User:
    """A new user with a password. Raises NameTaken, LedgerUnreachable."""
    statement = (
        insert(users)
        .values(name=name, password_hash=password_hash, **_access(roles, divisions))
        .on_conflict_do_nothing()
        .returning(*USER_COLUMNS)
    )
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
        if row is not None:
            append_access_event(connection, "user added", name, by, **_access(roles, divisions))
    if row is None:
        raise _taken(name)
    return user_of(row)


def provision_user(
    engine: Engine,
    issuer: str,
    subject: str,
    name: str,
    roles: Collection[str],
    divisions: Collection[str] | None,
    origin: str,
) -> User:
    """The user of an issuer's subject, made at the first time; roles and divisions are as the issuer says now.

    The name stays the first one. Raises NameTaken when another user has it, LedgerUnreachable.
    """
    access = _access(roles, divisions)
    known = select(*USER_COLUMNS).where(users.c.issuer == issuer, users.c.subject == subject).with_for_update()
    new = (
        insert(users)
        .values(name=name, issuer=issuer, subject=subject, **access)
        .on_conflict_do_nothing()
        .returning(*USER_COLUMNS)
    )
    by = Actor(issuer, origin)
    with transaction(engine) as connection:
        before = connection.execute(known).one_or_none()
        if before is None:
            row = connection.execute(new).one_or_none()
            if row is not None:
                append_access_event(connection, "user added", name, by, **access)
                return user_of(row)
            # two first sign-ins at once: the other one's row
            before = connection.execute(known).one_or_none()
        if before is not None:
            return _refreshed(connection, user_of(before), access, by)
    raise _taken(name)


def withdraw_access(engine: Engine, issuer: str, subject: str, origin: str) -> None:
    """An issuer's subject has no role any more: every session of theirs ends. Raises LedgerUnreachable."""
    known = select(*USER_COLUMNS).where(users.c.issuer == issuer, users.c.subject == subject).with_for_update()
    with transaction(engine) as connection:
        row = connection.execute(known).one_or_none()
        if row is not None:
            user = _refreshed(connection, user_of(row), _access((), ()), Actor(issuer, origin))
            _end_sessions(connection, user)


def credential_of(engine: Engine, name: str) -> Credential | None:
    """What a local user signs in with; None when there is no such user. Raises LedgerUnreachable."""
    statement = select(*USER_COLUMNS, users.c.password_hash).where(
        users.c.name == name, users.c.password_hash.is_not(None)
    )
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else Credential(user_of(row), row.password_hash)


def all_users(engine: Engine) -> list[User]:
    """By name. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        return [user_of(row) for row in connection.execute(select(*USER_COLUMNS).order_by(users.c.name))]


def replace_hash(engine: Engine, user_id: int, old: str, new: str) -> None:
    """The same password under new parameters: nothing else changes, and nothing where it was changed meanwhile."""
    statement = update(users).where(users.c.user_id == user_id, users.c.password_hash == old).values(password_hash=new)
    with transaction(engine) as connection:
        connection.execute(statement)


def set_password(engine: Engine, name: str, password_hash: str, by: Actor) -> User:
    """Another password for a local user; every session of theirs ends. Raises UnknownUser, LedgerUnreachable."""
    with transaction(engine) as connection:
        user = _changed(connection, name, users.c.password_hash.is_not(None), password_hash=password_hash)
        _end_sessions(connection, user)
        append_access_event(connection, "password changed", name, by)
    return user


def set_access(engine: Engine, name: str, roles: Collection[str], divisions: Collection[str] | None, by: Actor) -> User:
    """Other roles and divisions, from the next request on. Raises UnknownUser, LedgerUnreachable."""
    with transaction(engine) as connection:
        # an issuer's user gets theirs from the issuer at each sign-in
        user = _changed(connection, name, users.c.password_hash.is_not(None), **_access(roles, divisions))
        append_access_event(connection, "access changed", name, by, **_access(roles, divisions))
    return user


def disable_user(engine: Engine, name: str, by: Actor) -> User:
    """Nobody signs in under this name any more, and every session of theirs ends. Done again it changes nothing.

    Raises UnknownUser, LedgerUnreachable.
    """
    disabled_at = func.coalesce(users.c.disabled_at, func.clock_timestamp())
    with transaction(engine) as connection:
        user = _changed(connection, name, users.c.name == name, disabled_at=disabled_at)
        _end_sessions(connection, user)
        append_access_event(connection, "user disabled", name, by)
    return user


def enable_user(engine: Engine, name: str, by: Actor) -> User:
    """They may sign in again. Raises UnknownUser, LedgerUnreachable."""
    with transaction(engine) as connection:
        user = _changed(connection, name, users.c.name == name, disabled_at=None)
        append_access_event(connection, "user enabled", name, by)
    return user


def _access(roles: Collection[str], divisions: Collection[str] | None) -> dict[str, list[str] | None]:
    return {"roles": sorted(roles), "divisions": None if divisions is None else sorted(divisions)}


def _changed(connection: Connection, name: str, condition: Any, **values: Any) -> User:
    statement = update(users).where(users.c.name == name, condition).values(**values).returning(*USER_COLUMNS)
    return _known(connection.execute(statement).one_or_none(), name)


def _refreshed(connection: Connection, user: User, access: dict[str, list[str] | None], by: Actor) -> User:
    """The row, which is locked, with this access; an event only where that is another than before."""
    if _access(user.roles, user.divisions) == access:
        return user
    append_access_event(connection, "access changed", user.name, by, **access)
    return _changed(connection, user.name, users.c.user_id == user.user_id, **access)


def _end_sessions(connection: Connection, user: User) -> None:
    connection.execute(delete(sessions).where(sessions.c.user_id == user.user_id))


def _known(row: Row[Any] | None, name: str) -> User:
    if row is None:
        raise UnknownUser(
            "there is no such user, or none whose password and roles are kept here",
            where=f"user {name}",
            todo="see `strongroom user list`; who comes by OpenID Connect has both from there",
        )
    return user_of(row)


def _taken(name: str) -> NameTaken:
    return NameTaken(
        "another user has this name", where=f"user {name}", todo="choose another; a name is never given twice"
    )
