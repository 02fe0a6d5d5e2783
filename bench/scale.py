"""Asking Genesys with 1, 4 and 16 workers: throughput at 200 ms a request, and the share of a rate limit they use.

A worker is a process that asks for the recordings of one conversation after another, as the fleet's do: the pool of
OAuth clients, each request counted in Redis. Nothing is stored, so that neither the store nor the ledger is measured.
Without a limit, efficiency is the throughput of n workers over n times that of one. With the limit (300 requests a
minute, one OAuth client), the share is of the simulator's own count in each of its windows; steady state is all of
them but the first and the last, which the run fills in part.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from bench.report import Goal, write_report
from config.environment import load_settings
from embedded.redis import running_redis
from embedded.simulator import Simulator, running_simulator
from embedded.stack import settings_environment
from strongroom.genesys.analytics import started_on
from strongroom.genesys.errors import RateLimited
from strongroom.genesys.recordings import recording_metadata
from strongroom.house import House, open_house

WORKERS = (1, 4, 16)
GOAL_EFFICIENCY = 0.8
GOAL_SHARE = 0.9
LATENCY_MS = 200
PER_MINUTE = 300
_DAY = date(2026, 3, 10)
_CONVERSATIONS = 400
_UNLIMITED_S = 20.0
_LIMITED_MINUTES = 4


@dataclass(frozen=True)
class Unlimited:
    """So many workers without a limit: requests answered while all of them asked, and in what time."""

    workers: int
    requests: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Limited:
    """So many workers with the limit, by the simulator's count: requests in each window, and how many got 429.

    `put_off` is how often a worker was told to come again instead of waiting for room.
    """

    workers: int
    windows: list[int]
    most_in_a_minute: int
    refused: int
    put_off: int

    @property
    def share(self) -> float:
        """Of the allowance, in steady state."""
        steady = self.windows[1:-1]
        return sum(steady) / (len(steady) * PER_MINUTE)


def unlimited(workers: int, folder: Path) -> Unlimited:
    """Ask without a limit."""
    with running_redis(folder / "redis.log") as redis, _simulator(folder, 0) as simulator:
        asked = _ask(workers, _environment(folder, redis.url(), simulator, 1_000_000), _UNLIMITED_S)
        return Unlimited(workers, sum(requests for requests, _ in asked), _UNLIMITED_S)


def limited(workers: int, folder: Path) -> Limited:
    """Ask with the limit, in whole minutes and parts of two."""
    with running_redis(folder / "redis.log") as redis, _simulator(folder, PER_MINUTE) as simulator:
        asked = _ask(workers, _environment(folder, redis.url(), simulator, PER_MINUTE), 60.0 * _LIMITED_MINUTES)
        counted = simulator.limits()["client-1"]
        put_off = sum(times for _, times in asked)
        return Limited(workers, counted["windows"], counted["most"], counted["refused"], put_off)


def _simulator(folder: Path, rate_limit_per_min: int) -> AbstractContextManager[Simulator]:
    return running_simulator(
        folder / "simulator.log",
        conversations=_CONVERSATIONS,
        day=_DAY,
        now="2026-03-11T12:00:00Z",
        rate_limit_per_min=rate_limit_per_min,
        faults={"latency_ms": LATENCY_MS},
    )


def _environment(folder: Path, redis_url: str, simulator: Simulator, per_minute: int) -> dict[str, str]:
    return settings_environment(
        folder, "postgresql://nobody@127.0.0.1:1/none", redis_url, "http://127.0.0.1:1",
        simulator.url, simulator.genesys_clients, _DAY,
    ) | {"STRONGROOM_REQUESTS_PER_MINUTE": str(per_minute)}  # fmt: skip


def _ask(workers: int, environment: dict[str, str], seconds: float) -> list[tuple[int, int]]:
    """Start the workers, have them begin together, and gather of each its requests and how often it was put off."""
    command = [sys.executable, "-m", "bench.scale", str(seconds)]
    children = [
        subprocess.Popen(
            command, env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(workers)
    ]
    try:
        for child in children:
            _said(child)  # it is ready
        for child in children:
            print("go", file=child.stdin, flush=True)
        return [(requests, put_off) for requests, put_off in map(json.loads, map(_said, children))]
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _said(child: subprocess.Popen[str]) -> str:
    if child.stdout is None:
        raise AssertionError("its output is a pipe")
    return child.stdout.readline()


def ask_here(seconds: float) -> None:
    """What a worker does: get ready, wait for the word, ask for so long; prints its requests, and times put off."""
    house = open_house(load_settings(os.environ), "bench")
    ids = _some_conversations(house)
    print("ready", flush=True)
    sys.stdin.readline()
    requests = put_off = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            recording_metadata(house.genesys, ids[requests % len(ids)])
            requests += 1
        except RateLimited as limited:
            put_off += 1
            time.sleep(min(limited.retry_after_s, max(until - time.monotonic(), 0)))
    print(json.dumps([requests, put_off]), flush=True)


def _some_conversations(house: House) -> list[str]:
    """A page of the day's, from the query: the token is there then, too."""
    page = next(iter(started_on(house.patient_genesys, _DAY)))
    return [conversation.conversation_id for conversation in page.conversations]


def main() -> Path:
    """Measure without and with the limit; write the report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        free = [unlimited(workers, folder) for workers in WORKERS]
        bound = limited(WORKERS[-1], folder)
    efficiency = {one.workers: one.per_s / (one.workers * free[0].per_s) for one in free}
    goals = [
        Goal(f"efficiency of {WORKERS[-1]} workers", efficiency[WORKERS[-1]], GOAL_EFFICIENCY, ">="),
        Goal("share of the allowance used in steady state", bound.share, GOAL_SHARE, ">="),
        Goal("answers 429", bound.refused, 0, "<="),
        Goal("requests in any minute", bound.most_in_a_minute, PER_MINUTE, "<="),
    ]
    raw = {
        "latency_ms": LATENCY_MS,
        "unlimited": [asdict(one) | {"per_s": one.per_s, "efficiency": efficiency[one.workers]} for one in free],
        "limited": asdict(bound) | {"per_minute": PER_MINUTE, "share": bound.share},
    }
    return write_report("scale", raw, goals)


if __name__ == "__main__":
    ask_here(float(sys.argv[1]))
