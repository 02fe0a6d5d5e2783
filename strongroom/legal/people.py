"""Who signs in, and who is behind a session's token or a machine's key."""

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import structlog

from config.groups import GroupGrant
from strongroom.actor import Actor
from strongroom.canonical import sha256_hex
from strongroom.errors import StrongroomError
from strongroom.ledger.access_events import record_access_event
from strongroom.ledger.api_keys import key_of
from strongroom.ledger.engine import Engine
from strongroom.ledger.sessions import end_session, find_session, open_session
from strongroom.ledger.sign_in_throttle import count_attempt, forgive
from strongroom.ledger.users import User, credential_of, provision_user, replace_hash, withdraw_access
from strongroom.legal.access import Principal, Role
from strongroom.legal.passwords import Passwords
from strongroom.legal.secrets import fingerprint, new_token

FREE_FAILURES_OF_A_NAME = 5
FREE_FAILURES_OF_AN_ADDRESS = 20
UNPROVEN = "unknown"
"""Who an event names that tried to sign in and could not."""
KEY_PREFIX = "strongroom_"
"""How a machine's key begins, so that scanners for leaked secrets can know it."""
KEY_ACTOR = "key:"
"""What comes before a key's name where the custody chain names a machine; no user's name holds a colon."""

_NAME = re.compile(r"[^\s:/\\<>\"',;]{1,200}")
_log = structlog.get_logger()


class SignInRefused(StrongroomError):
    """Nobody is signed in. The words are the same whatever was wrong with name and password."""


class NoRole(SignInRefused):
    """The provider knows them, but none of their groups may use the desk."""


class Throttled(StrongroomError):
    """Too many attempts: try again after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, round(wait.total_seconds()))
        super().__init__("too many attempts to sign in", where="sign-in", todo=f"wait {seconds} s and try again")
        self.retry_after_s = seconds


class NameRefused(StrongroomError):
    """Not a name that a user or a key can have."""

    exit_code = 2


@dataclass(frozen=True)
class SessionLimits:
    """When a session ends by itself: so long after the last request, and so long after it was opened."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True)
class SignedIn:
    """A session just opened. `token` is told to the browser, once, and kept nowhere."""

    user: User
    token: str


def clean_name(text: str) -> str:
    """A name as it is kept: small letters, in Unicode's one form for each. Raises NameRefused."""
    name = unicodedata.normalize("NFKC", text).strip().lower()
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise NameRefused(
            "a name has 1 to 200 characters, no spaces and none of : / \\ < > \" ' , ;",
            where="the name given",
            todo="choose another, an e-mail address for one",
        )
    return name


def sign_in(
    engine: Engine, passwords: Passwords, limits: SessionLimits, name: str, password: str, address: str
) -> SignedIn:
    """Sign a local user in. Raises SignInRefused, Throttled, LedgerUnreachable.

    `address` is where they come from. Counted first: attempts made at once, in any process, are so many attempts.
    """
    try:
        name = clean_name(name)
    except NameRefused:
        name = ""  # nobody's
    by_name, by_address = f"name {sha256_hex(name.encode())}", f"address {_network(address)}"
    wait = count_attempt(engine, {by_name: FREE_FAILURES_OF_A_NAME, by_address: FREE_FAILURES_OF_AN_ADDRESS})
    if wait > timedelta(0):
        _log.warning("sign-in throttled", origin=address)
        raise Throttled(wait)
    credential = credential_of(engine, name)
    # the check of the password comes first, for the same time whatever is wrong
    matches = passwords.matches(None if credential is None else credential.password_hash, password)
    if credential is None or not matches or credential.user.disabled_at is not None:
        # the name as typed may be a password: only one that exists is told
        _log.warning("sign-in refused", user=None if credential is None else name, origin=address)
        if credential is not None:
            record_access_event(engine, "sign-in refused", name, Actor(UNPROVEN, address))
        raise _refused()
    user = credential.user
    password_hash = passwords.renewed(
        credential.password_hash,
        password,
        lambda new: replace_hash(engine, user.user_id, credential.password_hash, new),
    )
    signed_in = _open(engine, limits, user, password_hash, address, "password")
    forgive(engine, by_name, by_address)
    return signed_in


def access_of_groups(
    grants: Collection[GroupGrant], groups: Collection[str]
) -> tuple[frozenset[Role], frozenset[str] | None]:
    """The roles and divisions that membership of these groups gives: what each of them gives, added up."""
    given = [grant for grant in grants if grant.group in groups]
    roles = _roles([role for grant in given for role in grant.roles])
    if any(grant.divisions is None for grant in given):
        return roles, None
    return roles, frozenset(division for grant in given for division in grant.divisions or ())


def sign_in_from_provider(
    engine: Engine,
    limits: SessionLimits,
    issuer: str,
    subject: str,
    name: str,
    roles: Collection[Role],
    divisions: Collection[str] | None,
    address: str,
    *,
    second_factor: bool,
) -> SignedIn:
    """Sign in whom an OpenID provider vouches for; roles and divisions are those of their groups now.

    `second_factor`: it says that one was used.

    Raises NoRole, SignInRefused for a disabled user, NameTaken, NameRefused, LedgerUnreachable.
    """
    if not roles:
        withdraw_access(engine, issuer, subject, address)
        _log.warning("sign-in refused: no group with a role", origin=address)
        raise NoRole(
            "none of your groups may use the Legal desk",
            where="sign-in",
            todo="ask whoever manages its users for a group that may",
        )
    user = provision_user(engine, issuer, subject, clean_name(name), roles, divisions, address)
    if user.disabled_at is not None:
        _log.warning("sign-in refused", user=user.name, origin=address)
        raise _refused()
    return _open(engine, limits, user, None, address, "OpenID Connect", second_factor=second_factor)


def sign_out(engine: Engine, token: str, user: str, address: str) -> None:
    """End a session. Raises LedgerUnreachable."""
    end_session(engine, fingerprint(token), Actor(user, address))
    _log.info("signed out", user=user, origin=address)


def principal_of_session(
    engine: Engine, limits: SessionLimits, token: str, address: str, *, by_itself: bool
) -> Principal | None:
    """Whose session this token opens; None when it opens none any more. Raises LedgerUnreachable.

    `by_itself`: a page asks and nobody has clicked; the session is no longer open for that.
    """
    session = find_session(engine, fingerprint(token), limits.idle, by_itself=by_itself)
    if session is None:
        return None
    user = session.user
    return Principal(user.name, _roles(user.roles), user.divisions, address, session.second_factor)


def principal_of_key(engine: Engine, key: str, address: str) -> Principal | None:
    """Which machine this key is; None when it is none, or none any more. Raises LedgerUnreachable."""
    if not key.startswith(KEY_PREFIX):
        return None
    known = key_of(engine, fingerprint(key))
    if known is None:
        return None
    return Principal(f"{KEY_ACTOR}{known.name}", _roles(known.roles), known.divisions, address)


def _open(
    engine: Engine,
    limits: SessionLimits,
    user: User,
    password_hash: str | None,
    address: str,
    by: str,
    *,
    second_factor: bool | None = None,
) -> SignedIn:
    token = new_token()
    if not open_session(engine, user, password_hash, fingerprint(token), limits.absolute, address, second_factor):
        raise _refused()
    _log.info("signed in", user=user.name, origin=address, by=by)
    return SignedIn(user, token)


def _refused() -> SignInRefused:
    return SignInRefused(
        "name and password are not those of a user", where="sign-in", todo="check both, or ask for a new password"
    )


def _roles(names: Collection[str]) -> frozenset[Role]:
    # a role of another version of the desk gives no right in this one
    known = {role.value for role in Role}
    return frozenset(Role(name) for name in names if name in known)


def _network(address: str) -> str:
    """What is one attacker's: an IPv4 address, an IPv6 network of 64 bits."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
