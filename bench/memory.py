"""Peak memory of a worker process while it archives one recording, small and large.

Measured by the operating system: `VmHWM` in /proc/PID/status, the most resident memory each process ever had, shared
libraries included, of a Celery worker from the Procfile and of its pool's only process. Each size has servers and a
worker of its own. The simulator makes the bytes on demand; the store is a sink that keeps their hashes, so that 4 GiB
lie nowhere but in the worker's spool. `SIZES_MIB=1,256` for others.
"""

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import psutil
import requests

from bench.report import Goal, write_report
from bench.sink import running_sink
from embedded.command import strongroom
from embedded.fleet import Fleet, running_fleet
from embedded.postgres import running_postgres
from embedded.redis import running_redis
from embedded.s3 import running_s3
from embedded.simulator import Simulator, running_simulator
from embedded.stack import settings_environment

MIB = 1024 * 1024
GOAL_MIB = 150
SIZES_MIB = (1, 256, 4_096)
_DAY = date(2026, 3, 10)
_SEEDS = range(1, 200)
_TIMEOUT_S = 3_600


@dataclass(frozen=True)
class Peak:
    """The most resident memory of the worker's processes, in MiB, and what they archived."""

    recording_bytes: int
    worker_mib: float
    pool_process_mib: float
    seconds: float


@dataclass(frozen=True)
class ArchivedCall:
    """A day that has one recording, archived. `environment` is that of every process on its servers."""

    environment: dict[str, str]
    fleet: Fleet
    recording_bytes: int
    seconds: float


@contextmanager
def archived_call(audio_bytes: int, folder: Path, *, keeps_bytes: bool = True) -> Iterator[ArchivedCall]:
    """Archive a day that has one recording, of about `audio_bytes`, with one worker process, which still runs then."""
    with ExitStack() as running:
        simulator = _day_of_one_call(running, folder)
        requests.post(f"{simulator.url}/_sim/media", json={"audio_bytes": audio_bytes}, timeout=10).raise_for_status()
        postgres = running.enter_context(running_postgres(folder / "postgres.log"))
        redis = running.enter_context(running_redis(folder / "redis.log"))
        store_url = running.enter_context(_store(folder, keeps_bytes=keeps_bytes))
        environment = settings_environment(
            folder,
            postgres.create_database("bench"),
            redis.url(),
            store_url,
            simulator.url,
            simulator.genesys_clients,
            _DAY,
        ) | {"CELERY_WORKER_CONCURRENCY": "1", "STRONGROOM_CATCH_UP_DAYS": "0", "STRONGROOM_LEASE_S": "300"}
        strongroom(environment, "migrate")
        if keeps_bytes:  # the sink has a bucket of every name
            strongroom(environment, "vault", "create")
        began = time.monotonic()
        fleet = running.enter_context(running_fleet(environment, folder, {"worker": 1, "control": 1, "beat": 1}))
        strongroom(environment, "archive", _DAY.isoformat(), "--wait", timeout_s=_TIMEOUT_S)
        seconds = time.monotonic() - began
        yield ArchivedCall(environment, fleet, simulator.stats()["media"]["bytes"], seconds)


@contextmanager
def _store(folder: Path, *, keeps_bytes: bool) -> Iterator[str]:
    """The URL of moto's S3 server, or of a sink that keeps hashes and no bytes: the desk's bench reads them back."""
    if keeps_bytes:
        with running_s3(folder / "s3.log") as server:
            yield server.endpoint_url
    else:
        with running_sink(folder / "sink.log") as url:
            yield url


def measure(audio_bytes: int, folder: Path) -> Peak:
    """The peak of the worker that archives such a day."""
    with archived_call(audio_bytes, folder, keeps_bytes=False) as archived:
        worker, pool = _peaks(archived.fleet)
        return Peak(archived.recording_bytes, worker, pool, archived.seconds)


def _day_of_one_call(running: ExitStack, folder: Path) -> Simulator:
    """A simulator whose day has one conversation with one recording, a call that is to be had."""
    for seed in _SEEDS:
        with ExitStack() as trial:
            simulator = trial.enter_context(
                running_simulator(folder / "simulator.log", conversations=1, day=_DAY, seed=seed)
            )
            [conversation] = simulator.truth(_DAY)["conversations"]
            found = [(recording["media"], recording["outcome"]) for recording in conversation["recordings"]]
            if found == [("audio", "available")]:
                running.enter_context(trial.pop_all())
                return simulator
    raise AssertionError("no seed gives a day of one call")


def _peaks(fleet: Fleet) -> tuple[float, float]:
    worker = next(child for child in fleet.children if child.name == "worker-1")
    pool = psutil.Process(worker.pid).children(recursive=True)
    return peak_mib(worker.pid), max(peak_mib(process.pid) for process in pool)


def peak_mib(pid: int) -> float:
    """The most resident memory a process ever had, in MiB."""
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if peak is None:
        raise AssertionError(f"/proc/{pid}/status has no VmHWM: this bench needs Linux")
    return int(peak[1]) / 1024


def main() -> Path:
    """Measure each size, the smallest as the baseline, and write the report."""
    sizes = [int(size) for size in os.environ.get("SIZES_MIB", "").split(",") if size] or SIZES_MIB
    with tempfile.TemporaryDirectory() as folder:
        peaks = {f"{size} MiB": measure(size * MIB, Path(folder) / str(size)) for size in sizes}
    goals = [
        goal
        for size, peak in peaks.items()
        for goal in (
            Goal(f"peak of the pool process at {size}, MiB", peak.pool_process_mib, GOAL_MIB, "<="),
            Goal(f"peak of the worker process at {size}, MiB", peak.worker_mib, GOAL_MIB, "<="),
        )
    ]
    return write_report("memory", {size: asdict(peak) for size, peak in peaks.items()}, goals)
