"""Retrieval by id among 10 million interactions (`ROWS=` for fewer): one probe of one index."""

import os
import random
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID, uuid4

from bench.report import Goal, write_report
from bench.search import ROWS, plan_of, searched
from bench.search_material import load_records
from strongroom.legal.access import NotThere, Principal, Role
from strongroom.legal.search import look_up

_ANALYST = Principal("bench", frozenset({Role.ANALYST}), None, "here")
_TIMES = 4_000


def main() -> Path:
    """Look up ids that are there, one in ten that is not, and write the report."""
    rows = int(os.environ.get("ROWS") or ROWS)
    with tempfile.TemporaryDirectory() as name, searched(Path(name)) as house:
        material = load_records(house.engine, rows, postings=False)
        draw = random.Random(1)
        times: list[float] = []
        for number in range(_TIMES):
            wanted = uuid4() if number % 10 == 9 else UUID(draw.choice(material.ids))
            began = time.perf_counter()
            try:
                look_up(house, _ANALYST, wanted)
            except NotThere:
                assert number % 10 == 9
            times.append((time.perf_counter() - began) * 1_000)
        plan = plan_of(house, lambda: look_up(house, _ANALYST, UUID(material.ids[0])))
        build_s = material.build_s
    percentiles = quantiles(times, n=100)
    raw = {"rows": rows, "build_s": build_s, "p50_ms": median(times), "p99_ms": percentiles[98], "plan": plan}
    probes = plan.count("Index Scan using pk_search_records")
    goals = [
        Goal("p50, ms", median(times), 10, "<="),
        Goal("p99, ms", percentiles[98], 10, "<="),
        Goal("index probes", probes, 1, "<="),
        Goal("index probes, at least", probes, 1, ">="),
        Goal("whole tables read", plan.count("Seq Scan on search_records"), 0, "<="),
    ]
    return write_report("lookup", raw, goals)
