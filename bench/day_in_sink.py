"""Simulated days archived into the sink by the fleet, for the benches that ask how fast, how dearly and how long."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil

from bench.sink import running_sink
from embedded.command import strongroom
from embedded.fleet import Fleet, running_fleet
from embedded.postgres import running_postgres
from embedded.redis import running_redis
from embedded.simulator import Simulator, running_simulator
from embedded.stack import settings_environment
from strongroom.ledger.engine import connect
from strongroom.ledger.progress import day_progress

DAY = date(2026, 3, 10)
CLIENTS = 4
_TIMEOUT_S = 7_200


@dataclass(frozen=True)
class Bench:
    """Servers that run: nothing is archived yet. `environment` is that of every process of the archive."""

    environment: dict[str, str]
    simulator: Simulator
    sink_url: str
    folder: Path


@dataclass(frozen=True)
class Archived:
    """How the fleet archived the day: wall seconds, CPU seconds of its processes, what was stored and asked."""

    seconds: float
    cpu_s: dict[str, float]
    conversations: int
    recordings: dict[str, int]
    objects: int
    stats: dict[str, Any]


@contextmanager
def running_bench(
    folder: Path, *, conversations: int, latency_ms: float, days: int = 1, **simulator_options: Any
) -> Iterator[Bench]:
    """Simulator, PostgreSQL, Redis and the sink; no rate limit, and every answer late by `latency_ms`.

    So many `days` from DAY on have `conversations` each; it is noon after the last of them.
    """
    with ExitStack() as running:
        simulator = running.enter_context(
            running_simulator(
                folder / "simulator.log",
                conversations=conversations,
                day=DAY,
                days=days,
                clients=CLIENTS,
                now=f"{DAY + timedelta(days=days)}T12:00:00Z",
                **(_SIMULATED | {"faults": {"latency_ms": latency_ms}} | simulator_options),
            )
        )
        sink_url = running.enter_context(running_sink(folder / "sink.log"))
        postgres = running.enter_context(running_postgres(folder / "postgres.log"))
        redis = running.enter_context(running_redis(folder / "redis.log"))
        database = postgres.create_database("bench")
        settings = settings_environment(
            folder, database, redis.url(), sink_url, simulator.url, simulator.genesys_clients, DAY
        )
        yield Bench(settings | _SETTINGS, simulator, sink_url, folder)


_SIMULATED: dict[str, Any] = {"rate_limit_per_min": 0, "late_s": 20, "batch_s": 5, "transcode_s": 0}
_SETTINGS = {
    "STRONGROOM_REQUESTS_PER_MINUTE": "1000000",  # the simulator has no limit
    "STRONGROOM_CATCH_UP_DAYS": "0",
    "STRONGROOM_LEASE_S": "120",
    "STRONGROOM_BATCH_FIRST_LOOK_S": "6",
    "STRONGROOM_BATCH_LONGEST_PAUSE_S": "30",
    "STRONGROOM_BATCH_DEADLINE_S": "600",
    # what is late here is late by 20 s and comes with the second batch; what never comes is given up soon after it
    "STRONGROOM_RETRY_INTERVAL_S": "30",
    "STRONGROOM_RETRY_DEADLINE_S": "60",
    "STRONGROOM_ENQUEUE_GRACE_S": "600",
    "STRONGROOM_SWEEP_INTERVAL_S": "5",
}


def archive_day(
    bench: Bench, sizes: dict[str, int], settings: dict[str, str], watch: Callable[[Fleet], None] | None = None
) -> Archived:
    """Archive the day with a fleet of these sizes: from the first process's start to the last conversation archived."""
    environment = bench.environment | settings
    strongroom(environment, "migrate")
    engine = connect(environment["STRONGROOM_DATABASE_URL"], connect_timeout_s=10)
    bench.simulator._ask("POST", "stats", {"reset": True})
    try:
        with running_fleet(environment, bench.folder / "logs", sizes) as fleet:
            for child in fleet.children:
                if "beat" not in child.name:
                    child.wait_until(lambda child=child: True if " ready." in child.log_text() else None, timeout_s=120)
            before = _cpu_s(fleet)
            began = time.monotonic()
            strongroom(environment, "archive", DAY.isoformat())
            while not day_progress(engine, DAY).finished:
                fleet.require_alive()
                if time.monotonic() - began > _TIMEOUT_S:
                    raise AssertionError(f"not archived in time: {day_progress(engine, DAY)}")
                time.sleep(0.2)
            seconds = time.monotonic() - began
            after = _cpu_s(fleet)
            if watch is not None:
                watch(fleet)
        progress = day_progress(engine, DAY)
    finally:
        engine.dispose()
    return Archived(
        seconds=seconds,
        cpu_s={name: after[name] - before[name] for name in after},
        conversations=sum(progress.conversations.values()),
        recordings=dict(progress.recordings),
        objects=progress.objects,
        stats=bench.simulator.stats(),
    )


def api_requests(stats: dict[str, Any]) -> dict[str, int]:
    """How often each endpoint of the API was asked, by the simulator's count; media links are none of them."""
    counts = {endpoint: sum(statuses.values()) for endpoint, statuses in stats["requests"].items()}
    return {endpoint: count for endpoint, count in sorted(counts.items()) if " /api/" in endpoint}


def wanted(name: str, default: int) -> int:
    """A number from the environment, as `INTERACTIONS=100 make bench ONLY=guide` gives it."""
    return int(os.environ.get(name) or default)


def next_day() -> date:
    """The day after the bench's, in which its overlap ends."""
    return DAY + timedelta(days=1)


def _cpu_s(fleet: Fleet) -> dict[str, float]:
    """CPU seconds of each process of the fleet with its children, by the operating system."""
    found = {}
    for child in fleet.children:
        parent = psutil.Process(child.pid)
        times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
        found[child.name] = sum(one.user + one.system for one in times)
    return found
