"""API requests an interaction, by endpoint, from the simulator's own count: the fleet, and the guide's script.

The mix is the simulator's: 5 % of recorded conversations have a recording that is late, 1 % one that never comes, 2 % a
deleted and 1 % a failed one. What is late comes with the second batch. What never comes is tried here until a deadline
of two retries, not for four hours: sixteen retries would cost 0.15 requests an interaction more on this mix.
"""

import tempfile
from dataclasses import asdict
from pathlib import Path

from bench.day_in_sink import api_requests, archive_day, running_bench, wanted
from bench.guide import run_guide
from bench.report import Goal, write_report

INTERACTIONS = 5_000
GOAL = 0.1
FLEET = {"worker": 1, "control": 1, "beat": 1}
SETTINGS = {"CELERY_WORKER_CONCURRENCY": "4"}


def main() -> Path:
    """Archive a day both ways, count, and write the report."""
    interactions = wanted("INTERACTIONS", INTERACTIONS)
    with tempfile.TemporaryDirectory() as folder:
        with running_bench(Path(folder), conversations=interactions, latency_ms=0) as bench:
            fleet = archive_day(bench, FLEET, SETTINGS)
        with running_bench(Path(folder), conversations=interactions, latency_ms=0) as bench:
            guide = run_guide(bench)
    asked = api_requests(fleet.stats)
    each = sum(asked.values()) / fleet.conversations
    by_guide = sum(guide["api_requests"].values()) / guide["interactions"]
    raw = {
        "interactions": interactions,
        "fleet_requests": asked,
        "fleet_requests_an_interaction": each,
        "fleet": asdict(fleet),
        "guide": guide,
        "guide_requests_an_interaction": by_guide,
    }
    return write_report("requests", raw, [Goal("API requests an interaction", each, GOAL, "<=")])
