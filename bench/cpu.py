"""CPU seconds of the worker processes a recording, against a bare loop of the calls a recording can't do without.

The bare loop gets each recording's bytes from a link, puts them locked, and reads the lock back, with the same
libraries in one process. The fleet's figure is of all its worker processes, main and pool, by the operating system: it
includes enumerating, batches, conversation.json, manifests and the index. The store is a cheap sink, so that it isn't
measured. A profile of the pipeline's own steps in one process says where the rest goes.
"""

import cProfile
import io
import pstats
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from bench.day_in_sink import DAY, Bench, archive_day, running_bench, wanted
from bench.report import Goal, write_report
from config.environment import load_settings
from embedded.command import strongroom
from strongroom.genesys.batches import batch_status, submit_batch
from strongroom.house import House, open_house, open_store
from strongroom.ledger.due import claim_batches
from strongroom.ledger.runs import open_run
from strongroom.pipeline.batch_following import follow_batch
from strongroom.pipeline.batching import gather_batch
from strongroom.pipeline.complete import complete_conversation
from strongroom.pipeline.enumerate import enumerate_day
from strongroom.pipeline.recording import archive_recording

INTERACTIONS = 500
GOAL_TIMES = 2.5
PROFILED = 60
FLEET = {"worker": 1, "control": 1}
SETTINGS = {"CELERY_WORKER_CONCURRENCY": "2"}
_RETAINED_UNTIL = datetime(2040, 1, 1, tzinfo=UTC)


def bare_loop(bench: Bench, house: House) -> tuple[int, float]:
    """GET, PUT and HEAD for every recording a batch gives: how many, and CPU seconds of this process for them."""
    links = _links(house, [one["conversationId"] for one in bench.simulator.truth(DAY)["conversations"]])
    s3 = open_store(house.settings).once
    session = requests.Session()
    began = time.process_time()
    for number, url in enumerate(links):
        body = session.get(url, timeout=60).content
        key = f"bare/{number}"
        s3.put_object(
            Bucket="bare",
            Key=key,
            Body=body,
            ChecksumAlgorithm="SHA256",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=_RETAINED_UNTIL,
        )
        if s3.head_object(Bucket="bare", Key=key)["ObjectLockMode"] != "COMPLIANCE":
            raise AssertionError("not locked")
    return len(links), time.process_time() - began


def _links(house: House, ids: list[str]) -> list[str]:
    client = house.pool.choose()
    found = []
    for first in range(0, len(ids), 100):
        job_id = submit_batch(client, ids[first : first + 100])
        while not (status := batch_status(client, job_id)).is_done:
            time.sleep(0.5)
        found += [one.url for one in status.results if one.url is not None]
    return found


def profiled(house: House) -> tuple[str, int]:
    """The pipeline's steps for some recordings under cProfile, in this process: the costliest, and how many."""
    open_run(house.engine, DAY, "a bench")
    for _ in enumerate_day(house, DAY):
        pass
    gather_batch(house)
    time.sleep(house.settings.batch_first_look_s)
    batches = claim_batches(house.engine, house.settings.enqueue_grace_s, 1)
    if not batches:
        raise AssertionError("nothing to profile")
    given = follow_batch(house, batches[0]).recordings[:PROFILED]
    profile = cProfile.Profile()
    steps: list[Callable[[], Any]] = [lambda ref=ref: archive_recording(house, ref) for ref in given]
    profile.enable()
    for step in steps:
        done = step()
        if done.complete is not None:
            complete_conversation(house, done.complete)
    profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("cumulative").print_stats(60)
    return text.getvalue(), len(given)


def main() -> Path:
    """Measure the bare loop and the fleet on the same day, profile the steps, and write the report."""
    interactions = wanted("INTERACTIONS", INTERACTIONS)
    with tempfile.TemporaryDirectory() as folder:
        mix = {"outcomes": {"late": 0.0, "never": 0.0}, "batch_s": 1}
        with running_bench(Path(folder), conversations=interactions, latency_ms=0, **mix) as bench:
            house = open_house(load_settings(bench.environment), "bench")
            recordings, bare_s = bare_loop(bench, house)
            fleet = archive_day(bench, FLEET | {"beat": 1}, SETTINGS)
        with running_bench(Path(folder), conversations=min(interactions, 100), latency_ms=0, **mix) as bench:
            strongroom(bench.environment, "migrate")
            settings = load_settings(bench.environment | {"STRONGROOM_BATCH_FIRST_LOOK_S": "2"})
            table, steps = profiled(open_house(settings, "bench"))
    workers_s = sum(seconds for name, seconds in fleet.cpu_s.items() if "beat" not in name)
    stored = sum(fleet.recordings.values())
    each, bare_each = workers_s / stored, bare_s / recordings
    raw = {
        "recordings": stored,
        "worker_cpu_s_a_recording": each,
        "bare_loop": {"recordings": recordings, "cpu_s_a_recording": bare_each},
        "fleet": asdict(fleet),
        "profiled_recordings": steps,
        "profile": table.splitlines(),
    }
    goal = Goal("CPU a recording, times the bare loop", each / bare_each, GOAL_TIMES, "<=")
    return write_report("cpu", raw, [goal])
