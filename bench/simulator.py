"""A day of a hundred thousand: how fast the simulator starts, and what it and a reader of all pages take.

Awkward in every way. Memory is measured by the operating system: `VmHWM` in /proc/PID/status, the most resident memory
each process ever had, shared libraries included. The reader is a process of its own: Strongroom's Genesys client with
`started_on`, which keeps no conversation it has read.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from bench.report import Goal, write_report
from embedded.simulator import running_simulator
from simulator.awkwardness import EVERY
from strongroom.genesys.analytics import started_on
from strongroom.genesys.client import GenesysClient

BASELINE, LARGE = 1_000, 100_000
GOAL_START_S = 10
GOAL_MIB = 200
GOAL_RATIO = 3
_DAY = date(2026, 3, 10)
_NOON_AFTER = "2026-03-11T12:00:00Z"
_READER = "import sys, bench.simulator; print(bench.simulator.read(sys.argv[1]))"
_TIMEOUT_S = 1_800


@dataclass(frozen=True)
class Figures:
    """Seconds and MiB for a day of so many conversations; `read` is how many of its start-day were found."""

    conversations: int
    start_s: float
    simulator_at_start_mib: float
    simulator_mib: float
    read: int
    read_s: float
    reader_mib: float


def measure(conversations: int, folder: Path) -> Figures:
    """Start a simulator and read its day by query pages."""
    began = time.monotonic()
    with running_simulator(
        folder / f"simulator-{conversations}.log",
        conversations=conversations,
        day=_DAY,
        now=_NOON_AFTER,
        awkward_only=",".join(EVERY),
        rate_limit_per_min=0,
    ) as simulator:
        start_s = time.monotonic() - began
        at_start_mib = _peak_mib(simulator.child.pid)
        reader = subprocess.run(
            [sys.executable, "-c", _READER, simulator.url],
            check=True,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
        read, read_s, reader_mib = json.loads(reader.stdout)
        return Figures(conversations, start_s, at_start_mib, _peak_mib(simulator.child.pid), read, read_s, reader_mib)


def read(url: str) -> str:
    """Read the whole day in this process: how many conversations, seconds, and this process's peak in MiB, as JSON."""
    client = GenesysClient(url, url, "client-1", "secret-1", connect_timeout_s=10, read_timeout_s=60)
    began = time.monotonic()
    count = sum(len(page.conversations) for page in started_on(client, _DAY))
    return json.dumps([count, time.monotonic() - began, _peak_mib("self")])


def _peak_mib(pid: int | str) -> float:
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if peak is None:
        raise AssertionError(f"/proc/{pid}/status has no VmHWM: this bench needs Linux")
    return int(peak[1]) / 1024


def main() -> Path:
    """Measure a thousand conversations, the baseline, and a hundred thousand; write the report."""
    with tempfile.TemporaryDirectory() as folder:
        baseline, large = (measure(conversations, Path(folder)) for conversations in (BASELINE, LARGE))
    goals = [
        Goal("start with 100,000 conversations, s", large.start_s, GOAL_START_S, "<="),
        Goal("peak of the simulator, MiB", large.simulator_mib, GOAL_MIB, "<="),
        Goal(
            "peak of the simulator against 1,000 conversations",
            large.simulator_mib / baseline.simulator_mib,
            GOAL_RATIO,
            "<=",
        ),
        Goal("peak of the reader of all pages, MiB", large.reader_mib, GOAL_MIB, "<="),
    ]
    return write_report("simulator", {"baseline": asdict(baseline), "large": asdict(large)}, goals)
