"""A fresh archive for a test: bucket, ledger, Redis and a simulated day of its own. Nothing runs in it yet."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import requests
from celery import Celery
from s3proxy.running import S3Proxy
from sqlalchemy import text

from config.environment import load_settings
from embedded.bucket import Standing, read_all
from embedded.bucket import connect as connect_bucket
from embedded.fleet import Fleet, running_fleet, start_process
from embedded.judge import Verdict, judge
from embedded.processes import Child
from embedded.simulator import Simulator
from strongroom.house import House, bucket_blueprint, open_house
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.migrate import migrate
from strongroom.ledger.progress import DayProgress, day_progress
from strongroom.ledger.runs import open_run
from strongroom.pipeline.backfill import read_backfill
from strongroom.pipeline.batch_following import follow_batch
from strongroom.pipeline.batching import gather_batch
from strongroom.pipeline.capture import archive_conversation
from strongroom.pipeline.complete import complete_conversation
from strongroom.pipeline.enumerate import enumerate_day
from strongroom.pipeline.feeding import batches_of, gathered, work_for
from strongroom.pipeline.indexing import index_conversation
from strongroom.pipeline.outcomes import Next
from strongroom.pipeline.recording import archive_recording
from strongroom.pipeline.seal import seal
from strongroom.pipeline.sweep import sweep
from strongroom.times import utc_now
from strongroom.vault.provision import create_bucket
from tasks.fleet import send

ONE_OF_EACH = {"worker": 1, "control": 1}


@dataclass(frozen=True)
class Archive:
    """One archive. `environment` is what its processes are given; the S3 proxy stands between them and the store."""

    environment: dict[str, str]
    day: date
    simulator: Simulator
    proxy: S3Proxy
    s3_endpoint: str
    bucket: str
    logs: Path

    @cached_property
    def engine(self) -> Engine:
        """The ledger."""
        return connect(self.environment["STRONGROOM_DATABASE_URL"], connect_timeout_s=5)

    @cached_property
    def house(self) -> House:
        """What the pipeline's steps need, for running them in this process: no message is ever under way here."""
        return self.open_house("test", STRONGROOM_ENQUEUE_GRACE_S="0.001")

    def open_house(self, instance: str, **settings: str) -> House:
        """Another house on the same archive, as another process would have one."""
        return open_house(load_settings(self.environment | settings), instance)

    def prepare(self) -> None:
        """Migrate the ledger and create the bucket."""
        migrate(self.engine)
        create_bucket(self.house.store, "us-east-1", bucket_blueprint(self.house.settings, self.house.policy))

    @contextmanager
    def fleet(self, sizes: dict[str, int] | None = None) -> Iterator[Fleet]:
        """Real workers, from the Procfile, in processes of their own; all ready to take messages."""
        with running_fleet(self.environment, self.logs, sizes or ONE_OF_EACH) as fleet:
            for child in fleet.children:
                if "beat" not in child.name:
                    child.wait_until(lambda child=child: True if " ready." in child.log_text() else None, timeout_s=60)
            yield fleet

    @contextmanager
    def beat(self, environment: dict[str, str]) -> Iterator[Child]:
        """One more Beat, beside the fleet's."""
        beat = start_process("beat", environment, self.logs, number=2)
        try:
            yield beat
        finally:
            beat.stop()

    def progress(self) -> DayProgress:
        """The day as the ledger counts it."""
        return day_progress(self.engine, self.day)

    def wait_until_finished(self, timeout_s: float = 120) -> None:
        """Wait until the fleet has settled the day."""
        wait_until(lambda: self.progress().finished, f"{self.day} settled", timeout_s, every_s=0.5)

    def archive_here(self, days: Sequence[date] | None = None, timeout_s: float = 120) -> None:
        """Archive the day, or days, in this process, step by step, as the fleet's tasks would."""
        for day in days or [self.day]:
            open_run(self.engine, day, "a test")
        deadline = time.monotonic() + timeout_s
        while not all(day_progress(self.engine, day).finished for day in days or [self.day]):
            assert time.monotonic() < deadline, self.progress()
            if not self.sweep_once():
                time.sleep(0.1)

    def sweep_once(self) -> int:
        """Sweep, and do all that is due and follows from it; how many steps that was."""
        due = sweep(self.house, utc_now())
        work = work_for(self.house, room=10_000, manifests=10_000)
        for backfill_id in due.backfills:
            read_backfill(self.house, backfill_id)
        steps: deque[Callable[[], Next]] = deque()
        pages = [page for day in due.days for page in enumerate_day(self.house, day)]
        found = [ref for page in pages for ref in page]
        singly = [ref for ref in found if not gathered(self.house, ref)]
        gather = {True: 0, False: 0} | work.gather
        gather[False] += len(found) - len(singly)
        for background, number in gather.items():
            gathering = partial(gather_batch, self.house, background=background)
            steps.extend([gathering] * batches_of(self.house, number))
        singly += work.singly
        steps.extend(lambda ref=ref: archive_conversation(self.house, ref) for ref in singly)
        steps.extend(lambda batch_id=batch_id: follow_batch(self.house, batch_id) for batch_id in work.batches)
        steps.extend(lambda ref=ref: archive_recording(self.house, ref) for ref in work.recordings)
        steps.extend(lambda ref=ref: complete_conversation(self.house, ref) for ref in work.captured)
        steps.extend(lambda ref=ref: index_conversation(self.house, ref) for ref in work.unindexed)
        taken = 0
        while steps:
            following = steps.popleft()()
            taken += 1
            steps.extend(lambda ref=ref: archive_recording(self.house, ref) for ref in following.recordings)
            steps.extend(lambda ref=ref: archive_conversation(self.house, ref) for ref in following.unlisted)
            captured = [*following.captured, *([following.complete] if following.complete else [])]
            steps.extend(lambda ref=ref: complete_conversation(self.house, ref) for ref in captured)
        if due.seal:
            seal(self.house)
        return taken

    def sweep_until_batches_end(self) -> None:
        """Sweep, and follow the batches that are under way until each has ended."""
        self.sweep_once()
        while self.rows("SELECT batch_id FROM batches WHERE state = 'submitted'"):
            self.sweep_once()
            time.sleep(0.1)

    def let_time_pass(self, seconds: float) -> None:
        """Move everything in the ledger into the past by so many seconds: the database's clock decides what is due."""
        columns = {
            "runs": ("due_at", "enqueued_at", "lease_until"),
            "conversations": ("due_at", "enqueued_at", "lease_until", "deadline_at", "first_seen_at"),
            "recordings": ("due_at", "enqueued_at", "lease_until", "deadline_at", "first_seen_at"),
            "batches": ("due_at", "enqueued_at", "lease_until", "deadline_at", "first_seen_at"),
        }
        with self.engine.begin() as connection:
            for table, names in columns.items():
                moved = ", ".join(f"{name} = {name} - make_interval(secs => :seconds)" for name in names)
                connection.execute(text(f"UPDATE {table} SET {moved}"), {"seconds": seconds})

    def standing(self) -> Standing:
        """What stands in the bucket, read without the proxy."""
        return read_all(connect_bucket(self.s3_endpoint), self.bucket, "archive/")

    def judge(self, neighbours: Sequence[date] = ()) -> Verdict:
        """The bucket against the simulator's truth of the day."""
        others = [conversation for day in neighbours for conversation in self.simulator.truth(day)["conversations"]]
        truth = self.simulator.truth(self.day)["conversations"]
        exports = self.house.settings.text_exports
        return judge(self.standing(), self.day, truth, others, text_exports=exports)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the ledger answers to a query."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement), values))


StartArchive = Callable[..., Archive]
"""What the fixture `start_archive` is."""


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 60, *, every_s: float = 0.05) -> None:
    """Wait until something holds, looking every so often; fails with what it was after the time-out."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(every_s)


def wait_fed(app: Celery, condition: Callable[[], object], what: str, timeout_s: float = 60) -> None:
    """As `wait_until`, while what comes due is fed, as Beat does where it runs: a look at a batch above all."""

    def holds() -> bool:
        if condition():
            return True
        send(app, "feed", [()])
        return False

    wait_until(holds, what, timeout_s, every_s=0.2)


def running_tasks(child: Child) -> int:
    """How many tasks a worker has received so far, by its log."""
    return child.log_text().count(" received")


def post_media(simulator: Simulator, **wanted: int) -> None:
    """Set what the simulator's media are made of, e.g. `audio_bytes`."""
    requests.post(f"{simulator.url}/_sim/media", json=wanted, timeout=10).raise_for_status()
