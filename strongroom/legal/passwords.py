"""Passwords of local users: Argon2id, checked in the same time whether there is such a user or not."""

import secrets
import threading
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from strongroom.errors import StrongroomError

SHORTEST = 12
LONGEST = 1_024
"""Nobody types more; hashing a megabyte is work an attacker would have us do."""

_AT_ONCE = 2
_GENERATED_BYTES = 15


class PasswordRefused(StrongroomError):
    """A password that can't be set."""

    exit_code = 2


class Passwords:
    """Hashing and checking, at most two at a time in this process: each takes 64 MiB (RFC 9106, second choice)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)
        # what an unknown user's password is held against
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(_GENERATED_BYTES))

    def hash(self, password: str) -> str:
        """The PHC string to keep. Raises PasswordRefused for one that is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise PasswordRefused(
                f"a password has {SHORTEST} to {LONGEST:,} characters",
                where="the new password",
                todo="choose another, several words for one",
            )
        with self._turn:
            return self._hasher.hash(_bytes(password))

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one; None, of a user who isn't there, takes as long and is False."""
        if len(password) > LONGEST:
            return False
        with self._turn:
            try:
                self._hasher.verify(password_hash or self._nobodys, _bytes(password))
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def renewed(self, password_hash: str, password: str, keep: Callable[[str], None]) -> str:
        """The hash under today's parameters, given to `keep` where it is another; `password` has matched it."""
        if not self._hasher.check_needs_rehash(password_hash):
            return password_hash
        with self._turn:
            new = self._hasher.hash(_bytes(password))
        keep(new)
        return new


def generated_password() -> str:
    """120 random bits."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


def _bytes(password: str) -> bytes:
    # a form may bring what UTF-8 can't hold
    return password.encode("utf-8", errors="surrogatepass")
