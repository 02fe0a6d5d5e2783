"""Work that takes a while: details jobs, batch requests, recording jobs. Each is kept as it was asked for."""

from dataclasses import dataclass
from typing import Any

from simulator.query import Filter


@dataclass(frozen=True)
class DetailsJob:
    """Conversations active in an interval, as they stood at `as_of_ms`. It ends in `fate` after `job_s` seconds."""

    id: str
    submitted_s: float
    job_s: float
    begin_ms: int
    end_ms: int
    as_of_ms: int
    filters: tuple[Filter, ...]
    fate: str

    def state(self, now_s: float) -> str:
        """QUEUED, PENDING, and what it ends in."""
        age_s = now_s - self.submitted_s
        if age_s < self.job_s:
            return "QUEUED" if age_s < self.job_s / 2 else "PENDING"
        return self.fate


@dataclass(frozen=True)
class Batch:
    """Results of a batch download, in the order in which they get ready, for the OAuth client that asked.

    One that is `stuck` stops half-way.
    """

    id: str
    client: str
    submitted_s: float
    batch_s: float
    results: tuple[dict[str, Any], ...]
    stuck: bool = False

    def counts(self, now_s: float) -> tuple[int, int]:
        """How many results are ready, and how many are expected so far: more as it works, all of them only at last."""
        total = len(self.results)
        most = 0.5 if self.stuck else 1.0
        done = most if self.batch_s == 0 else min(most, (now_s - self.submitted_s) / self.batch_s)
        if done >= 1:
            return total, total
        ready = int(total * done)
        return ready, max(ready + 1, round(total * (1 + done) / 2))


@dataclass
class RecordingJob:
    """A bulk action on recordings; READY once it is counted, carried out when it is told to."""

    id: str
    client: str
    created_s: float
    job_s: float
    query: dict[str, Any]
    total_conversations: int
    total_recordings: int
    started_s: float | None = None

    def state(self, now_s: float) -> str:
        """PENDING, READY, PROCESSING, FULFILLED."""
        if self.started_s is None:
            return "READY" if now_s - self.created_s >= self.job_s else "PENDING"
        return "FULFILLED" if now_s - self.started_s >= self.job_s else "PROCESSING"

    def percent(self, now_s: float) -> int:
        """How far it is."""
        if self.started_s is None:
            return 0
        return 100 if self.job_s == 0 else min(100, int(100 * (now_s - self.started_s) / self.job_s))


class Jobs:
    """All that were asked for, by id."""

    def __init__(self) -> None:
        self.details: dict[str, DetailsJob] = {}
        self.batches: dict[str, Batch] = {}
        self.recordings: dict[str, RecordingJob] = {}
