"""Letting people and machines in, and out again: what `strongroom user` and `strongroom api-key` do."""

from collections.abc import Collection
from datetime import timedelta

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.ledger.api_keys import ApiKey, add_key
from strongroom.ledger.engine import Engine
from strongroom.ledger.users import User, add_local_user, set_access, set_password
from strongroom.legal.access import Role
from strongroom.legal.passwords import Passwords
from strongroom.legal.people import KEY_PREFIX, clean_name
from strongroom.legal.secrets import fingerprint, new_token

LONGEST_KEY_LIFE = timedelta(days=366)


class AccessRefused(StrongroomError):
    """Access that can't be given as asked."""

    exit_code = 2


def add_user(
    engine: Engine,
    passwords: Passwords,
    name: str,
    password: str,
    roles: Collection[Role],
    divisions: Collection[str] | None,
    by: Actor,
) -> User:
    """A new local user. Raises NameRefused, NameTaken, PasswordRefused, AccessRefused, LedgerUnreachable."""
    _require_access(roles, divisions)
    return add_local_user(engine, clean_name(name), passwords.hash(password), roles, divisions, by)


def change_password(engine: Engine, passwords: Passwords, name: str, password: str, by: Actor) -> User:
    """Another password; every session of theirs ends. Raises UnknownUser, PasswordRefused, LedgerUnreachable."""
    return set_password(engine, clean_name(name), passwords.hash(password), by)


def change_access(
    engine: Engine, name: str, roles: Collection[Role], divisions: Collection[str] | None, by: Actor
) -> User:
    """Other roles and divisions, from the next request on. Raises UnknownUser, AccessRefused, LedgerUnreachable."""
    _require_access(roles, divisions)
    return set_access(engine, clean_name(name), roles, divisions, by)


def new_api_key(
    engine: Engine,
    name: str,
    roles: Collection[Role],
    divisions: Collection[str] | None,
    lasts: timedelta,
    by: Actor,
) -> tuple[ApiKey, str]:
    """A key for a machine, and what it is to send: that is kept nowhere, so it is shown once.

    Raises NameRefused, KeyNameTaken, AccessRefused, LedgerUnreachable.
    """
    _require_access(roles, divisions)
    if not timedelta(0) < lasts <= LONGEST_KEY_LIFE:
        raise AccessRefused(
            f"a key lasts {LONGEST_KEY_LIFE.days} days at most",
            where=f"API key {name}",
            todo="let it expire, and make the next one in time",
        )
    key = KEY_PREFIX + new_token()
    return add_key(engine, clean_name(name), fingerprint(key), roles, divisions, lasts, by), key


def _require_access(roles: Collection[Role], divisions: Collection[str] | None) -> None:
    if not roles:
        raise AccessRefused("no role is given", where="the access asked for", todo="give at least one")
    if divisions is not None and not all(division.strip() for division in divisions):
        raise AccessRefused("a division's id is empty", where="the access asked for", todo="give the id Genesys has")
