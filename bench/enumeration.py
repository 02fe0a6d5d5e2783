"""Enumerating a day of 100,000 conversations into the ledger: time, and the most memory it ever took.

The step itself, `enumerate_day`, in a process of its own, against the simulator without a rate limit and a real
PostgreSQL; peak memory is `VmHWM`, from the operating system. The baseline is a day of 1,000 in the same run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from bench.memory import peak_mib
from bench.report import Goal, write_report
from config.environment import load_settings
from embedded.postgres import running_postgres
from embedded.redis import running_redis
from embedded.simulator import running_simulator
from embedded.stack import settings_environment
from strongroom.house import open_house
from strongroom.ledger.engine import connect
from strongroom.ledger.migrate import migrate
from strongroom.ledger.runs import open_run
from strongroom.pipeline.enumerate import enumerate_day

_DAY = date(2026, 3, 10)
_GOAL_MIB = 200


@dataclass(frozen=True)
class Enumeration:
    """One day enumerated."""

    conversations: int
    found: int
    seconds: float
    peak_mib: float
    simulator_peak_mib: float


def measure(conversations: int, folder: Path) -> Enumeration:
    """Enumerate a day of so many conversations."""
    with (
        running_postgres(folder / "postgres.log") as postgres,
        running_redis(folder / "redis.log") as redis,
        running_simulator(
            folder / "simulator.log", conversations=conversations, day=_DAY, clients=1, rate_limit_per_min=0
        ) as simulator,
    ):
        environment = settings_environment(
            folder, postgres.create_database("bench"), redis.url(), "http://127.0.0.1:1",
            simulator.url, simulator.genesys_clients, _DAY,
        ) | {"STRONGROOM_REQUESTS_PER_MINUTE": "1000000"}  # fmt: skip
        command = [sys.executable, "-m", "bench.enumeration"]
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
        found, seconds, peak = json.loads(done.stdout.splitlines()[-1])
        return Enumeration(conversations, found, seconds, peak, peak_mib(simulator.child.pid))


def enumerate_here() -> None:
    """What the measured process does; prints how many were found, in how many seconds, and the peak in MiB."""
    settings = load_settings(os.environ)
    migrate(connect(settings.database_url.get_secret_value(), connect_timeout_s=10))
    house = open_house(settings, "bench")
    open_run(house.engine, _DAY, "a bench")
    began = time.monotonic()
    found = sum(len(page) for page in enumerate_day(house, _DAY))
    print(json.dumps([found, time.monotonic() - began, peak_mib(os.getpid())]))


def main() -> Path:
    """Measure 1,000, the baseline, and 100,000; write the report."""
    with tempfile.TemporaryDirectory() as folder:
        baseline = measure(1_000, Path(folder) / "small")
        large = measure(100_000, Path(folder) / "large")
    goals = [Goal("peak while enumerating 100,000, MiB", large.peak_mib, _GOAL_MIB, "<=")]
    return write_report("enumeration", {"baseline": asdict(baseline), "large": asdict(large)}, goals)


if __name__ == "__main__":
    enumerate_here()
