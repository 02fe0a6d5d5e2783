"""An Object Lock: its mode and its end, and which of two is the longer and the stricter."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from strongroom.errors import StrongroomError


class LockMode(StrEnum):
    """S3's retention modes, from the weaker to the stricter.

    GOVERNANCE can be lifted by `s3:BypassGovernanceRetention`; COMPLIANCE by nobody, the account's root included.
    """

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


TRIAL_DAYS = 1
"""How long a trial vault locks anything: mistakes made while trying must not stand for years."""
_STRICTNESS = {LockMode.GOVERNANCE: 0, LockMode.COMPLIANCE: 1}


class LockInThePast(StrongroomError):
    """A lock would end before it begins. S3 answers 400 to it; it is refused here before anything is sent."""


@dataclass(frozen=True)
class Lock:
    """A retention lock. `retain_until` is in UTC and whole seconds, as S3 keeps it; a fraction is rounded up.

    Raises ValueError when `retain_until` has no time zone.
    """

    mode: LockMode
    retain_until: datetime

    def __post_init__(self) -> None:
        if self.retain_until.tzinfo is None:
            raise ValueError("retain_until has no time zone")
        until = self.retain_until.astimezone(UTC)
        if until.microsecond:
            until = until.replace(microsecond=0) + timedelta(seconds=1)
        object.__setattr__(self, "retain_until", until)

    def covers(self, other: "Lock") -> bool:
        """Whether this lock holds at least as long as the other, and at least as strictly."""
        return self.union(other) == self

    def union(self, other: "Lock") -> "Lock":
        """The longer of the two ends with the stricter of the two modes: what satisfies both."""
        return Lock(
            mode=max(self.mode, other.mode, key=_STRICTNESS.__getitem__),
            retain_until=max(self.retain_until, other.retain_until),
        )

    def require_future(self, now: datetime, where: str) -> None:
        """Raise LockInThePast when the lock ends at `now` or before it."""
        if self.retain_until <= now:
            raise LockInThePast(
                f"the lock would end at {self.retain_until.isoformat()}, which is past",
                where=where,
                todo="check the retention class: what need no longer be kept can't be locked",
            )


def trial_lock(now: datetime) -> Lock:
    """The lock of everything that is put into a trial vault: GOVERNANCE, for a day from `now`."""
    return Lock(LockMode.GOVERNANCE, now + timedelta(days=TRIAL_DAYS))
