"""Restores of archived recordings, inside Genesys: within an allowance, slow, and for a time only."""

from typing import Any

from simulator.clock import Clock, instant
from simulator.errors import ApiError
from simulator.story import Recording

ARCHIVED_AFTER_MS = 60_000


class Restores:
    """A restore takes `restore_s` seconds; `allowance` of them may be asked for."""

    def __init__(self, clock: Clock, restore_s: float, allowance: int) -> None:
        self._clock = clock
        self.restore_s = restore_s
        self._allowance = allowance
        self._asked: dict[str, tuple[float, float]] = {}
        self._count = 0

    def ask(self, recording_id: str, until_s: float) -> None:
        """Restore an archived recording until then, seconds since the epoch. Raises ApiError 400."""
        if self.state(recording_id) == "ARCHIVED":
            if self.remaining <= 0:
                raise ApiError(
                    400, "recording.restore.limit.reached", "The organization has no archive restorations remaining."
                )
            self._count += 1
            self._asked[recording_id] = (self._clock.now_s(), until_s)
        else:
            self._asked[recording_id] = (self._asked[recording_id][0], until_s)

    def state(self, recording_id: str) -> str:
        """ARCHIVED, RESTORING, RESTORED, and ARCHIVED again."""
        asked_s, until_s = self._asked.get(recording_id, (0.0, 0.0))
        now_s = self._clock.now_s()
        if now_s >= until_s:
            return "ARCHIVED"
        return "RESTORING" if now_s - asked_s < self.restore_s else "RESTORED"

    @property
    def remaining(self) -> int:
        """How many restores may still be asked for."""
        return self._allowance - self._count

    def shown(self, recording: Recording) -> dict[str, Any]:
        """The fields of an archived recording that tell of its archive and its restore."""
        shape: dict[str, Any] = {
            "archiveDate": instant(recording.end_ms + ARCHIVED_AFTER_MS),
            "archiveMedium": "CLOUDARCHIVE",
            "maxAllowedRestorationsForOrg": self._allowance,
            "remainingRestorationsAllowedForOrg": self.remaining,
        }
        if self.state(recording.id) != "ARCHIVED":
            shape["restoreExpirationTime"] = instant(int(self._asked[recording.id][1] * 1000))
        return shape
