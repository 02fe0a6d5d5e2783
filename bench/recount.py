"""The recount of a day of 200,000 conversations: time, and the most memory it ever took.

The step itself, `pipeline/recount.py` up to the committed result, in a process of its own, against the simulator's
asynchronous job and a real PostgreSQL; peak memory is `VmHWM`, from the operating system. The bucket's listing is made
up in that process, a thousand keys a page, from what the ledger names: no S3 server here can list 400,000 objects in a
reasonable time. First every conversation is missed and recorded, the most a recount can have to do; then, all archived,
none is. The baseline is a day of 1,000 in the same run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import text

from bench.memory import peak_mib
from bench.report import Goal, write_report
from config.environment import load_settings
from embedded.postgres import running_postgres
from embedded.redis import running_redis
from embedded.simulator import running_simulator
from embedded.stack import settings_environment
from strongroom.genesys.details_jobs import job_status, submit_job
from strongroom.house import House, open_house
from strongroom.ledger.activity import submitted, take_activity_read, want_recount
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.kept_objects import kept_of_day
from strongroom.ledger.migrate import migrate
from strongroom.ledger.runs import open_run
from strongroom.pipeline.recount import recount
from strongroom.times import start_of
from strongroom.vault.store import Store

_DAY = date(2026, 3, 10)
_GOAL_MIB = 250
_PAGE = 1_000
_ARCHIVED = (
    "UPDATE conversations SET state = 'archived', indexed_at = now()",
    "INSERT INTO objects (conversation_id, revision, part, key, size_bytes, sha256, content_type, lock_mode,"
    " retain_until, version_id, adopted, under_delete_marker) SELECT conversation_id, 1, part,"
    " format('archive/%s/%s/%s.json', day, conversation_id, part), 1, repeat('0', 64), 'application/json',"
    " 'GOVERNANCE', now(), 'v1', false, false FROM conversations, unnest(ARRAY['manifest', 'conversation']) AS part",
    "INSERT INTO recordings (conversation_id, revision, recording_id, session_id, state, cause, deadline_at,"
    " objects_revision, manifest_state) SELECT conversation_id, 1, session ->> 'sessionId', session ->> 'sessionId',"
    " 'stored', '', now(), 1, 'stored' FROM conversations,"
    " json_array_elements(record -> 'participants') AS participant,"
    " json_array_elements(participant -> 'sessions') AS session WHERE session ->> 'recording' = 'true'",
)


@dataclass(frozen=True)
class Recounted:
    """One day recounted twice: all of it missed, then none."""

    conversations: int
    all_missed_seconds: float
    none_missed_seconds: float
    differences: int
    peak_mib: float


def measure(conversations: int, folder: Path) -> Recounted:
    """Recount a day of so many conversations."""
    with (
        running_postgres(folder / "postgres.log") as postgres,
        running_redis(folder / "redis.log") as redis,
        running_simulator(
            folder / "simulator.log",
            conversations=conversations,
            day=_DAY,
            clients=1,
            rate_limit_per_min=0,
            job_s=0,
            availability_lag_s=0,
        ) as simulator,
    ):
        environment = settings_environment(
            folder, postgres.create_database("bench"), redis.url(), "http://127.0.0.1:1",
            simulator.url, simulator.genesys_clients, _DAY,
        ) | {"STRONGROOM_REQUESTS_PER_MINUTE": "1000000"}  # fmt: skip
        command = [sys.executable, "-m", "bench.recount"]
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
        return Recounted(conversations, *json.loads(done.stdout.splitlines()[-1]))


def recount_here() -> None:
    """What the measured process does; prints the seconds of both, the differences of the second, the peak in MiB."""
    settings = load_settings(os.environ)
    migrate(connect(settings.database_url.get_secret_value(), connect_timeout_s=10))
    house = open_house(settings, "bench")
    open_run(house.engine, _DAY, "a bench")
    all_missed_s = _seconds(replace(house, store=_listing(house.engine)))
    with house.engine.begin() as connection:
        for statement in _ARCHIVED:
            connection.execute(text(statement))
        connection.execute(text("UPDATE activity_reads SET state = 'read'"))
    none_missed_s = _seconds(replace(house, store=_listing(house.engine)))
    with house.engine.begin() as connection:
        differences = connection.scalar(text("SELECT differences FROM recounts WHERE number = 2"))
    print(json.dumps([all_missed_s, none_missed_s, differences, peak_mib(os.getpid())]))


def _seconds(house: House) -> float:
    want_recount(house.engine, _DAY, "a bench")
    job_id = submit_job(house.genesys, start_of(_DAY), start_of(_DAY + timedelta(days=1)))
    while not job_status(house.genesys, job_id).is_fulfilled:
        time.sleep(0.1)
    take_activity_read(house.engine, _DAY, house.holder)
    submitted(house.engine, _DAY, house.holder, job_id, 0)
    read = take_activity_read(house.engine, _DAY, house.holder)
    if read is None:
        raise AssertionError("the read is another's")
    began = time.monotonic()
    for _ in recount(house, read, job_id):
        pass
    return time.monotonic() - began


def _listing(engine: Engine) -> Store:
    """A store that lists what the ledger names, a page at a time, and can do nothing else."""
    pages = _pages(engine)
    client = SimpleNamespace(list_object_versions=lambda **_: next(pages))
    return Store("bench", 1, cast(Any, client), cast(Any, client))


def _pages(engine: Engine) -> Iterator[dict[str, Any]]:
    versions: list[dict[str, Any]] = []
    for kept in kept_of_day(engine, _DAY):
        if len(versions) == _PAGE:
            yield {"Versions": versions, "IsTruncated": True, "NextKeyMarker": "", "NextVersionIdMarker": ""}
            versions = []
        versions.append({"Key": kept.key, "VersionId": kept.version_id, "IsLatest": True, "Size": 1})
    yield {"Versions": versions, "IsTruncated": False}


def main() -> Path:
    """Measure 1,000, the baseline, and 200,000 or as many as CONVERSATIONS says; write the report."""
    conversations = int(os.environ.get("CONVERSATIONS") or 200_000)
    with tempfile.TemporaryDirectory() as folder:
        baseline = measure(1_000, Path(folder) / "small")
        large = measure(conversations, Path(folder) / "large")
    goals = [Goal(f"peak while recounting {conversations:,}, MiB", large.peak_mib, _GOAL_MIB, "<=")]
    return write_report("recount", {"baseline": asdict(baseline), "large": asdict(large)}, goals)


if __name__ == "__main__":
    recount_here()
