"""The fleet at full load for half an hour: is what it takes flat, and does its work go on?

One process of each type of the Procfile, two of `control`, each Celery worker with a pool of two, archive one
simulated day after another: the next is asked for as soon as fewer conversations than two days' are unfinished, so
that the bulk's queue does not run dry. (One `control` would be what all wait for: it completes what two fetch.) The
source fails now and then, so that retries are part of it; days are read again by activity, recounted and sealed. The
store is a cheap sink; it, the simulator, PostgreSQL and Redis themselves are not measured. `MINUTES=2` for a try.

Every ten seconds each process is looked at from outside, and what is open and kept in PostgreSQL, Redis and the spool.
The minutes count from when so many days are recounted that a day is as much work as the one before it
(`WARM_UP_DAYS`): until then each night reads more days than the last, so the heap of whoever reads it grows with
reason. Days are small, so that each process of a pool has then had some of them.

What is flat is said in `bench/flatness.py`: the last quarter's median against the second's. For memory the bound is 5
% of RSS, which counts shared pages fully; PSS and USS are in the report, with each slope over the second half in MiB
an hour. RSS of a forked process holds what it shares with its parent from the start, so it does not grow by pages that
copy-on-write merely makes its own, as USS does. Nothing here replaces a process of a pool (there is no
`max-tasks-per-child`), so one that ends is counted: its successor would hide a leak.

Numbers that are small and whole (descriptors, threads, connections, keys) may differ by a few between the quarters,
since a request that is under way has a connection and a thread of its own.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.day_in_sink import DAY, Bench, running_bench, wanted
from bench.flatness import Flatness, Samples, fewest_in_a_minute, flatness
from bench.fleet_samples import FleetSample, ProcessSample, observing
from bench.memory import MIB
from bench.report import Goal, write_report
from embedded.command import strongroom
from embedded.fleet import running_fleet
from strongroom.ledger.engine import MAX_OVERFLOW, POOL_SIZE

MINUTES = 30
DAY_SIZE = 250
WARM_UP_DAYS = 11
"""A night reads seven days back and looks again at three: from the eleventh day on each is as much work as the last."""
POOL = 2
FLEET = {"worker": 1, "control": 2, "restore": 1, "records": 1, "beat": 1}
SETTINGS = {"CELERY_WORKER_CONCURRENCY": str(POOL)}
FAULTS = {
    "rate_500": 0.01,
    "rate_503": 0.01,
    "rate_reset": 0.01,
    "rate_truncated": 0.01,
    "rate_expired_link": 0.01,
    "rate_batch_error": 0.01,
}
GOAL_MEMORY_PERCENT = 5.0
GOAL_REDIS_PERCENT = 10.0
GOAL_FEW = 2
_DAYS_A_MINUTE = 8  # more than two cores archive
_EVERY_S = 10.0
_LONGEST_WARM_UP_S = 3_600.0


@dataclass(frozen=True)
class Soaked:
    """What was sampled before and after the warm-up was over, and what was left when the fleet had stopped.

    Seconds are counted from the first sample of all.
    """

    warm_up: Sequence[tuple[float, FleetSample]]
    samples: Sequence[tuple[float, FleetSample]]
    days_asked_for: int
    spooled_at_the_end: int

    def series(self, value: Callable[[FleetSample], float]) -> Samples:
        """One number over time."""
        return [(second, value(sample)) for second, sample in self.samples]

    def process_series(self, name: str, value: Callable[[ProcessSample], float]) -> Samples:
        """One number of one process over the time that it was there."""
        return [(second, value(one.processes[name])) for second, one in self.samples if name in one.processes]

    @property
    def processes(self) -> list[str]:
        """All that were ever seen."""
        return sorted({name for _, sample in self.samples for name in sample.processes})

    @property
    def replaced(self) -> list[str]:
        """Those that were not there from the first sample to the last."""
        first, last = self.samples[0][1].processes, self.samples[-1][1].processes
        return [name for name in self.processes if name not in first or name not in last]


def soak(bench: Bench, minutes: int) -> Soaked:
    """Run the fleet for so many minutes after its warm-up."""
    environment = bench.environment | SETTINGS | _log_key(bench)
    strongroom(environment, "migrate")
    warm_up: list[tuple[float, FleetSample]] = []
    samples: list[tuple[float, FleetSample]] = []
    days = _days()
    asked_for = 0
    with running_fleet(environment, bench.folder / "logs", FLEET) as fleet, observing(fleet, environment) as observer:
        began = time.monotonic()
        while not samples or samples[-1][0] - samples[0][0] < 60 * minutes:
            fleet.require_alive()
            second = time.monotonic() - began
            sample = observer.look()
            if second > _LONGEST_WARM_UP_S and not samples:
                raise AssertionError(f"not warm in time: {sample.ledger}")
            is_warm = bool(samples) or sample.ledger.recounts >= WARM_UP_DAYS
            (samples if is_warm else warm_up).append((second, sample))
            if not sample.ledger.enumerating and sample.ledger.unfinished < 2 * DAY_SIZE:
                strongroom(environment, "archive", next(days).isoformat())
                asked_for += 1
            time.sleep(max(0.0, began + second + _EVERY_S - time.monotonic()))
    spooled = sum(1 for _ in Path(environment["STRONGROOM_SPOOL_DIR"]).glob("*"))
    return Soaked(warm_up, samples, asked_for, spooled)


def _log_key(bench: Bench) -> dict[str, str]:
    """A key that settled days are sealed with."""
    key_file = str(bench.folder / "log.pem")
    strongroom(bench.environment, "log", "new-key", key_file)
    return {"STRONGROOM_LOG_KEY_FILE": key_file}


def _days() -> Iterator[date]:
    day = DAY
    while True:
        yield day
        day += timedelta(days=1)


def goals_of(soaked: Soaked) -> list[Goal]:
    """Each figure against its bound."""
    connections = soaked.series(lambda one: one.ledger.connections)
    pool_processes = sum(" pool " in name for name in soaked.samples[0][1].processes)
    return [
        Goal("fewest recordings stored in a minute", fewest_in_a_minute(soaked.series(_stored)), 1, ">="),
        *_memory(soaked),
        Goal("processes replaced", len(soaked.replaced), 0, "<="),
        *_of_worst(soaked, "descriptors", lambda one: one.descriptors),
        *_of_worst(soaked, "threads", lambda one: one.threads),
        Goal("most connections", _most(connections), (POOL_SIZE + MAX_OVERFLOW) * pool_processes, "<="),
        *_few("connections, growth", connections),
        *_few("Redis's clients, growth", soaked.series(lambda one: one.redis.clients)),
        *_few("Redis's keys, growth", soaked.series(lambda one: sum(one.redis.keys.values()))),
        *_redis_memory("Redis's memory, growth, MiB", soaked.series(lambda one: one.redis.used_bytes / MIB)),
        *_redis_memory("the same without queues", soaked.series(lambda one: one.redis.rest_bytes / MIB)),
        *_few("files in the spool, growth", soaked.series(lambda one: one.spooled)),
        Goal("files in the spool once the fleet has stopped", soaked.spooled_at_the_end, 0, "<="),
    ]


def _memory(soaked: Soaked) -> list[Goal]:
    found = {name: flatness(soaked.process_series(name, lambda one: one.rss_mib)) for name in soaked.processes}
    return [
        Goal(f"RSS of {name}, growth, %", one.growth_percent, GOAL_MEMORY_PERCENT, "<=")
        for name, one in found.items()
        if one is not None
    ]


def _of_worst(soaked: Soaked, what: str, value: Callable[[ProcessSample], float]) -> list[Goal]:
    found = [flatness(soaked.process_series(name, value)) for name in soaked.processes]
    worst = max((one.growth for one in found if one is not None), default=None)
    return [] if worst is None else [Goal(f"{what} of the process that gained most, growth", worst, GOAL_FEW, "<=")]


def _few(name: str, samples: Samples) -> list[Goal]:
    found = flatness(samples)
    return [] if found is None else [Goal(name, found.growth, GOAL_FEW, "<=")]


def _redis_memory(name: str, samples: Samples) -> list[Goal]:
    """A tenth of it, or a MiB, whichever is more: queues are between half full and full."""
    found = flatness(samples)
    if found is None:
        return []
    return [Goal(name, found.growth, max(1.0, found.second_quarter * GOAL_REDIS_PERCENT / 100), "<=")]


def _stored(sample: FleetSample) -> float:
    return sample.ledger.stored


def _most(samples: Samples) -> float:
    return max(value for _, value in samples)


def raw_of(soaked: Soaked) -> dict[str, Any]:
    """The flatness of each series of each process, what was done, and every sample."""
    seconds, stored = [second for second, _ in soaked.samples], soaked.series(_stored)
    measures: dict[str, Callable[[ProcessSample], float]] = {
        "rss_mib": lambda one: one.rss_mib,
        "pss_mib": lambda one: one.pss_mib,
        "uss_mib": lambda one: one.uss_mib,
        "descriptors": lambda one: one.descriptors,
        "threads": lambda one: one.threads,
    }
    return {
        "seconds": seconds[-1] - seconds[0],
        "day_size": DAY_SIZE,
        "days_asked_for": soaked.days_asked_for,
        "ledger_at_the_end": asdict(soaked.samples[-1][1].ledger),
        "recordings_a_second": (stored[-1][1] - stored[0][1]) / (seconds[-1] - seconds[0]),
        "replaced": soaked.replaced,
        "processes": {
            name: {measure: _shown(flatness(soaked.process_series(name, value))) for measure, value in measures.items()}
            for name in soaked.processes
        },
        "warm_up": [{"second": second} | asdict(sample) for second, sample in soaked.warm_up],
        "samples": [{"second": second} | asdict(sample) for second, sample in soaked.samples],
    }


def _shown(found: Flatness | None) -> dict[str, float] | None:
    return None if found is None else asdict(found) | {"growth": found.growth}


def main() -> Path:
    """Soak for MINUTES, and write the report."""
    minutes = wanted("MINUTES", MINUTES)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_bench(
            Path(folder),
            conversations=DAY_SIZE,
            latency_ms=0,
            days=_DAYS_A_MINUTE * (minutes + WARM_UP_DAYS),
            faults=FAULTS,
        ) as bench,
    ):
        soaked = soak(bench, minutes)
    return write_report("soak", raw_of(soaked), goals_of(soaked))
