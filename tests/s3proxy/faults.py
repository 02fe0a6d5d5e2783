"""Faults on demand: which are set, which requests they fit, and how often they still apply."""

from dataclasses import dataclass
from typing import Any

NAMES = frozenset(
    {
        "drop_checksum",  # SHA-256 checksums are stripped from the answers
        "drop_conditional",  # If-None-Match is stripped: a store without conditional puts
        "drop_multipart_lock",  # lock headers are stripped from CreateMultipartUpload
        "drop_put_lock",  # lock headers are stripped from PutObject
        "error_500",
        "error_503",
        "flip_bit",  # one bit of the body is turned round on the way
        "hold_answer",  # the request is done, its answer waits `seconds`
        "lose_put_answer",  # the put is done, then the connection is cut
        "lose_restore_answer",  # the restore has begun, then the connection is cut
        "reset",  # the connection is cut before anything is done
        "slow",  # the request waits `seconds`
        "trust_checksums",  # a store that repeats the checksum it is told without computing it
    }
)
_PUTS = frozenset({"PutObject", "CompleteMultipartUpload"})
_OPERATIONS = {
    "drop_conditional": _PUTS,
    "drop_multipart_lock": frozenset({"CreateMultipartUpload"}),
    "drop_put_lock": frozenset({"PutObject"}),
    "flip_bit": frozenset({"PutObject", "UploadPart"}),
    "lose_put_answer": _PUTS,
    "lose_restore_answer": frozenset({"RestoreObject"}),
}


@dataclass
class Fault:
    """A fault that is set. `times` is how many more requests it meets; None is all of them."""

    times: int | None = None
    method: str | None = None
    operation: str | None = None
    key_contains: str = ""
    seconds: float = 1.0


class Faults:
    """The faults that are set now, and how often each has been applied."""

    def __init__(self) -> None:
        self._set: dict[str, Fault] = {}
        self.applied: dict[str, int] = {}

    def replace(self, wanted: dict[str, Any]) -> None:
        """Set exactly these: `{"error_503": {"operation": "GetObject", "times": 2}, "drop_conditional": true}`.

        Raises ValueError for a fault that does not exist, TypeError for an option that does not.
        """
        if unknown := set(wanted) - NAMES:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(sorted(NAMES))}")
        if wanted:  # what comes is counted anew; clearing leaves what was counted to be read
            self.applied.clear()
        self._set = {name: Fault(**(options if isinstance(options, dict) else {})) for name, options in wanted.items()}

    def take(self, name: str, operation: str, method: str, path: str) -> Fault | None:
        """The fault, when it is set and this request meets it; counts as applied."""
        fault = self._set.get(name)
        if (
            fault is None
            or fault.times == 0
            or operation not in _OPERATIONS.get(name, {operation})
            or fault.method not in {None, method}
            or fault.operation not in {None, operation}
            or fault.key_contains not in path
        ):
            return None
        if fault.times is not None:
            fault.times -= 1
        self.applied[name] = self.applied.get(name, 0) + 1
        return fault
