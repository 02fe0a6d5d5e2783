"""What follows from an error: try again, and when, or give it to a person."""

import random
import traceback
from dataclasses import dataclass
from pathlib import Path

from strongroom.errors import StrongroomError, Unreachable
from strongroom.genesys.errors import CredentialsRefused, GenesysUnavailable, LinkExpired, NotReady, RateLimited
from strongroom.vault.errors import NotLocked, VaultConflict, VaultRefused

FIRST_RETRY_S = 15.0
# An attempt that a killed worker or a full spool cost is counted as well, and is no word about the recording.
LEAST_ATTEMPTS = 10
# A wrong credential or bucket concerns everything at once: the night must not end on the review list for it.
_OURS = (Unreachable, CredentialsRefused)
_OF_ONE_OBJECT = frozenset({"InvalidObjectState", "EntityTooLarge", "KeyTooLongError"})
# How often 5xx count as Genesys being down, or a refusal of the operating system as the machine's; one recording that
# keeps failing after half a day is a matter of its own.
_OUTAGE_ATTEMPTS = 48
# How often an invitation to come back at once is followed: the allowance is everybody's.
_PROMPT_ATTEMPTS = 3


class Unexpected(StrongroomError):
    """A fault of our own. Says its kind and where in the code; its text, which may hold content, is not repeated.

    `of_machine`: the operating system refused something, so that it may well work on another machine.
    """

    def __init__(self, error: Exception) -> None:
        self.of_machine = isinstance(error, OSError)
        frame = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(
            f"unexpected {type(error).__name__} in {frame.name}",
            where=f"{Path(frame.filename).name} line {frame.lineno}",
            todo="report it; it is tried again, and goes to review at the deadline",
        )


@dataclass(frozen=True)
class Retry:
    """Try again in `due_in_s` seconds. `ours`: a server, a credential or an allowance fails us; no deadline ends it."""

    due_in_s: float
    ours: bool


@dataclass(frozen=True)
class Review:
    """No retry can help: a person must look at it."""


def given_up(error: StrongroomError, *, overdue: bool, attempts: int) -> bool:
    """Whether the deadline ends the trying.

    What is not ready has had its time then. A mishap (a broken connection, half a file) may have met one of few
    attempts, when a long queue stood before each: it gets some more.
    """
    return overdue and (isinstance(error, NotReady) or attempts >= LEAST_ATTEMPTS)


def backoff_s(attempts: int, retry_interval_s: float) -> float:
    """15 seconds, doubled at each attempt up to the retry interval."""
    return min(FIRST_RETRY_S * 2.0 ** min(attempts - 1, 20), retry_interval_s)


def verdict(error: StrongroomError, *, attempts: int, retry_interval_s: float) -> Retry | Review:
    """Decide what follows from an error.

    Not ready: the retry interval, or sooner when Genesys says so. Rate limited: when the window opens. Everything else
    that may pass: as `backoff_s` says, with ±20 % jitter so that what failed together does not return together.
    """
    match error:
        case VaultConflict() | NotLocked():
            return Review()
        case RateLimited():
            return Retry(error.retry_after_s, ours=True)
        case NotReady():
            prompt_s = error.estimate_s if attempts <= _PROMPT_ATTEMPTS else None
            estimate_s = retry_interval_s if prompt_s is None else prompt_s
            return Retry(min(max(estimate_s, 1.0), retry_interval_s), ours=False)
        case LinkExpired() if attempts <= _PROMPT_ATTEMPTS:
            return Retry(min(1.0, retry_interval_s), ours=False)
    return Retry(backoff_s(attempts, retry_interval_s) * random.uniform(0.8, 1.2), ours=_is_ours(error, attempts))


def _is_ours(error: StrongroomError, attempts: int) -> bool:
    match error:
        case VaultRefused():
            return error.code not in _OF_ONE_OBJECT
        case GenesysUnavailable():
            return attempts < _OUTAGE_ATTEMPTS
        case Unexpected():
            return error.of_machine and attempts < _OUTAGE_ATTEMPTS
    return isinstance(error, _OURS)
