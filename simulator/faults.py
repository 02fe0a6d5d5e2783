"""Faults on demand: what goes wrong, how often, drawn from a seeded generator."""

import math
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Faults:
    """Rates are shares of requests, from 0 to 1.

    API: `rate_429`, `rate_500`, `rate_503`, `rate_token_refused` (the token is invalid from then on), `rate_job_failed`
    (a details job ends FAILED or EXPIRED).
    Batches: `rate_batch_429` (submitting one), `rate_batch_stuck` (one stops half-way and never finishes),
    `rate_batch_error` (a result is an error, though there is a recording), `rate_batch_twice` (a result comes twice).
    Media: `rate_truncated` (fewer bytes than Content-Length says), `rate_overlong` (no Content-Length, and bytes
    after the end), `rate_expired_link` (a link that is past its time when it is given out).
    Both: `rate_slow` (answers after `slow_s` seconds), `rate_reset` (the connection is reset in mid-answer),
    `latency_ms` on every request. `unstable_bytes`: ZIP, EML, JSON and transcodes differ at every request.
    """

    rate_429: float = 0.0
    rate_500: float = 0.0
    rate_503: float = 0.0
    rate_slow: float = 0.0
    slow_s: float = 5.0
    latency_ms: float = 0.0
    rate_reset: float = 0.0
    rate_truncated: float = 0.0
    rate_overlong: float = 0.0
    rate_expired_link: float = 0.0
    rate_token_refused: float = 0.0
    rate_job_failed: float = 0.0
    rate_batch_429: float = 0.0
    rate_batch_stuck: float = 0.0
    rate_batch_error: float = 0.0
    rate_batch_twice: float = 0.0
    unstable_bytes: bool = False

    def merged(self, changes: Mapping[str, object]) -> "Faults":
        """These faults with changes. Raises ValueError, in words, for an unknown name or a value that can't be."""
        known = {field.name for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"there is no fault {name!r}; there are {', '.join(sorted(known))}")
            _check(name, value)
        return replace(self, **dict(changes))  # type: ignore[arg-type]

    def shown(self) -> dict[str, Any]:
        """All of them, by name."""
        return asdict(self)


class Dice:
    """The faults in force, and the generator that decides which request meets one."""

    def __init__(self, seed: int, faults: Faults) -> None:
        self.faults = faults
        self._random = random.Random(f"faults {seed}")

    def falls(self, rate: float) -> bool:
        """Whether a fault of this rate happens now."""
        return rate > 0 and self._random.random() < rate

    def between(self, lowest: int, highest: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(lowest, highest)

    def nonce(self) -> str:
        """A word that is new each time while bytes are unstable, and empty while they are stable."""
        return f" {self._random.getrandbits(64):016x}" if self.faults.unstable_bytes else ""


def _check(name: str, value: object) -> None:
    if name == "unstable_bytes":
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false, not {value!r}")
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} is a number from 0 up, not {value!r}")
    if name.startswith("rate_") and value > 1:
        raise ValueError(f"{name} is a share from 0 to 1, not {value!r}")
