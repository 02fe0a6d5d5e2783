"""Sessions of users: opened by signing in, ended by signing out, by time, by disabling or by a new password."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update

from strongroom.actor import Actor
from strongroom.ledger.access_events import append_access_event
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.people_schema import sessions, users
from strongroom.ledger.users import USER_COLUMNS, User, user_of

_SEEN_EVERY = timedelta(seconds=15)
"""How exact `seen_at` is: not every request of a page writes."""


@dataclass(frozen=True)
class OpenSession:
    """Whose session it is. `second_factor` says whether an identity provider saw one; None: none was asked."""

    user: User
    second_factor: bool | None


def open_session(
    engine: Engine,
    user: User,
    password_hash: str | None,
    token_sha256: str,
    lasts: timedelta,
    origin: str,
    second_factor: bool | None = None,
) -> bool:
    """Open a session; False when the user was disabled, or got another password, since they were looked at.

    `password_hash` is what the password was held against, None of an issuer's user. Raises LedgerUnreachable.
    """
    now = func.clock_timestamp()
    # locked, so that whoever disables the user or changes the password sees this session, or we see that
    still = (
        select(users.c.user_id)
        .where(
            users.c.user_id == user.user_id,
            users.c.disabled_at.is_(None),
            users.c.password_hash.is_not_distinct_from(password_hash),
        )
        .with_for_update()
    )
    with transaction(engine) as connection:
        if connection.execute(still).one_or_none() is None:
            return False
        connection.execute(delete(sessions).where(sessions.c.ends_at < now))
        connection.execute(
            insert(sessions).values(
                token_sha256=token_sha256,
                user_id=user.user_id,
                created_at=now,
                seen_at=now,
                ends_at=now + lasts,
                second_factor=second_factor,
            )
        )
        connection.execute(update(users).where(users.c.user_id == user.user_id).values(last_signed_in_at=now))
        append_access_event(connection, "signed in", user.name, Actor(user.name, origin))
    return True


def find_session(engine: Engine, token_sha256: str, idle: timedelta, *, by_itself: bool) -> OpenSession | None:
    """Whose session it is, which is not idle then; None when there is none, or it ran out. Raises LedgerUnreachable.

    `by_itself`: a page asks and nobody has clicked, which is no sign of life.
    """
    now = func.clock_timestamp()
    statement = (
        select(*USER_COLUMNS, sessions.c.second_factor, (sessions.c.seen_at < now - _SEEN_EVERY).label("stale"))
        .join(users, users.c.user_id == sessions.c.user_id)
        .where(
            sessions.c.token_sha256 == token_sha256,
            sessions.c.ends_at > now,
            sessions.c.seen_at > now - idle,
            users.c.disabled_at.is_(None),
        )
    )
    seen = update(sessions).where(sessions.c.token_sha256 == token_sha256).values(seen_at=now)
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
        if row is not None and row.stale and not by_itself:
            connection.execute(seen)
    return None if row is None else OpenSession(user_of(row), row.second_factor)


def end_session(engine: Engine, token_sha256: str, by: Actor) -> None:
    """Done twice it changes nothing. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        if connection.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256)).rowcount:
            append_access_event(connection, "signed out", by.name, by)
