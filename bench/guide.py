"""The guide's own sequential script against the fleet: the same simulator, 200 ms a request, the same cheap S3 sink.

The fleet is one machine's: two workers of four processes each keep its two cores busy, and more only change places. No
rate limit, so that it is the way of working that is measured, not the allowance. `INTERACTIONS` for fewer than a
thousand.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.day_in_sink import DAY, Bench, api_requests, archive_day, running_bench, wanted
from bench.report import Goal, write_report
from embedded.isolation import AWS_ENVIRONMENT, clean_environment

INTERACTIONS = 1_000
LATENCY_MS = 200
GOAL_RATIO = 20
FLEET = {"worker": 1, "control": 1, "beat": 1}
SETTINGS = {"CELERY_WORKER_CONCURRENCY": "4"}
_TIMEOUT_S = 7_200


def run_guide(bench: Bench) -> dict[str, Any]:
    """Run the guide's script in a process of its own; its seconds, what it archived, and what it asked for."""
    bench.simulator._ask("POST", "stats", {"reset": True})
    answer = subprocess.run(
        [sys.executable, "-m", "bench.guide_script", DAY.isoformat(), bench.simulator.url, bench.sink_url],
        check=True,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        env=clean_environment() | AWS_ENVIRONMENT,
    )
    told: dict[str, Any] = json.loads(answer.stdout)
    return told | {"api_requests": api_requests(bench.simulator.stats())}


def main() -> Path:
    """Run both on a day each of their own, and write the report."""
    interactions = wanted("INTERACTIONS", INTERACTIONS)
    # what is late or never comes is waited for by the archive and passed over by the script: neither is in this day
    mix = {"outcomes": {"late": 0.0, "never": 0.0}}
    with tempfile.TemporaryDirectory() as folder:
        with running_bench(Path(folder), conversations=interactions, latency_ms=LATENCY_MS, **mix) as bench:
            guide = run_guide(bench)
        with running_bench(Path(folder), conversations=interactions, latency_ms=LATENCY_MS, **mix) as bench:
            fleet = archive_day(bench, FLEET, SETTINGS)
    guide_rate = guide["interactions"] / guide["seconds"]
    fleet_rate = fleet.conversations / fleet.seconds
    raw = {
        "interactions": interactions,
        "latency_ms": LATENCY_MS,
        "guide": guide,
        "guide_interactions_a_second": guide_rate,
        "fleet": asdict(fleet),
        "fleet_interactions_a_second": fleet_rate,
        "fleet_sizes": FLEET | SETTINGS,
        "mix": mix,
    }
    return write_report(
        "guide", raw, [Goal("the fleet, times the guide's script", fleet_rate / guide_rate, GOAL_RATIO, ">=")]
    )
