"""The fleet as it runs: real Celery workers from the Procfile, killed, starved and told everything twice."""

from datetime import date, timedelta
from typing import Any

import pytest
import redis
from archives import Archive, StartArchive, wait_fed, wait_until

from config.environment import load_settings
from embedded.fleet import Fleet
from strongroom.ledger.runs import open_run
from strongroom.times import day_of, utc_now
from tasks.fleet import Fleet as FleetApp
from tasks.fleet import send

ONE_CONVERSATION_IS_ENOUGH = 6


def app_of(archive: Archive) -> FleetApp:
    return FleetApp(load_settings(archive.environment))


def ask_for(archive: Archive, times: int = 1) -> None:
    """Open the day's run and send its message, as `strongroom archive DAY` does."""
    open_run(archive.engine, archive.day, "a test")
    send(app_of(archive), "enumerate_day", [(archive.day.isoformat(),)] * times)


def sweep(archive: Archive) -> None:
    """What Beat sends every few minutes."""
    send(app_of(archive), "sweep", [()])


def finish(archive: Archive, timeout_s: float = 120) -> None:
    """Sweep as Beat would until the day has settled."""

    def settled() -> bool:
        if archive.progress().finished:
            return True
        sweep(archive)
        return False

    wait_until(settled, f"{archive.day} settled: {archive.progress()}", timeout_s, every_s=0.5)


def mismatches(archive: Archive) -> list[str]:
    return archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches


def kill_workers(fleet: Fleet) -> None:
    for child in fleet.children:
        child.kill()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            {"slow": {"operation": "PutObject", "key_contains": "recordings/", "seconds": 600}},
            id="before",
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"hold_answer": {"operation": "PutObject", "key_contains": "recordings/", "seconds": 600}},
            id="after",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_worker_killed_around_a_put_costs_nothing_even_when_the_next_download_differs(
    start_archive: StartArchive, fault: dict[str, Any]
) -> None:
    """Killed between download and put, and between put and commit. Relies on the store's `If-None-Match`."""
    archive = start_archive(conversations=ONE_CONVERSATION_IS_ENOUGH, faults={"unstable_bytes": "true"})
    [name] = fault
    archive.proxy.faults(**fault)
    with archive.fleet() as fleet:
        ask_for(archive)
        wait_fed(app_of(archive), lambda: archive.proxy.applied(name) >= 1, "a worker is in the middle of a put")
        kill_workers(fleet)
    archive.proxy.faults()
    [(intended,)] = archive.rows("SELECT count(*) FROM intents WHERE recording_id IS NOT NULL")
    assert intended >= 1
    with archive.fleet():
        finish(archive)
    assert mismatches(archive) == []
    [(adopted,)] = archive.rows("SELECT count(*) FROM objects WHERE adopted AND recording_id IS NOT NULL")
    assert (adopted >= 1) == (name == "hold_answer")


def test_a_put_whose_answer_is_lost_stands_once(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=ONE_CONVERSATION_IS_ENOUGH)
    archive.proxy.faults(lose_put_answer={"times": 5, "key_contains": "archive/"})
    archive.archive_here()
    assert archive.proxy.applied("lose_put_answer") >= 5
    assert mismatches(archive) == []


@pytest.mark.long
def test_a_day_survives_redis_being_emptied(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=20, settings={"STRONGROOM_ENQUEUE_GRACE_S": "2"})
    with archive.fleet(), redis.Redis.from_url(archive.environment["STRONGROOM_REDIS_URL"]) as broker:
        ask_for(archive)
        wait_fed(app_of(archive), lambda: archive.progress().objects >= 5, "the day is under way")
        broker.flushall()
        finish(archive)
    assert mismatches(archive) == []


@pytest.mark.long
def test_every_message_twice_and_two_enumerations_at_once_make_one_vault(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=10)
    app = app_of(archive)
    with archive.fleet({"worker": 2, "control": 2}):
        ask_for(archive, times=4)
        wait_until(lambda: archive.progress().conversations, "conversations are discovered")
        for again in range(3):
            if again:
                wait_fed(app, lambda: archive.progress().recordings, "a batch has given recordings")
            conversations = archive.rows("SELECT conversation_id::text, revision FROM conversations")
            recordings = archive.rows("SELECT conversation_id::text, revision, recording_id FROM recordings")
            for task, rows in (
                ("gather_batch", [(False,), (True,)]),
                ("follow_batch", archive.rows("SELECT batch_id FROM batches")),
                ("archive_conversation", conversations),
                ("complete_conversation", conversations),
                ("archive_recording", recordings),
            ):
                send(app, task, [tuple(row) for row in rows for _ in range(2)])
        finish(archive)
    assert mismatches(archive) == []
    assert archive.rows("SELECT count(*) FROM runs WHERE day = :day", day=archive.day) == [(1,)]


def test_a_day_of_which_nothing_is_new_is_settled_again_without_a_sweep(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=ONE_CONVERSATION_IS_ENOUGH)
    with archive.fleet():
        ask_for(archive)
        finish(archive)
        ask_for(archive)
        archive.wait_until_finished()
    assert archive.rows("SELECT state FROM runs WHERE day = :day", day=archive.day) == [("settled",)] * 2


@pytest.mark.long
def test_two_beats_archive_yesterday_by_themselves(start_archive: StartArchive) -> None:
    yesterday: date = day_of(utc_now()) - timedelta(days=1)
    archive = start_archive(conversations=6, day=yesterday, settings={"STRONGROOM_ENUMERATE_AT": "00:00"})
    second = archive.environment | {"CELERY_BEAT_SCHEDULE": archive.environment["CELERY_BEAT_SCHEDULE"] + "-2"}
    with archive.fleet({"worker": 1, "control": 1, "beat": 1}), archive.beat(second):
        archive.wait_until_finished()
    assert archive.judge(neighbours=[day_of(utc_now())]).mismatches == []
    assert archive.rows("SELECT count(*) FROM runs WHERE day = :day", day=yesterday) == [(1,)]


@pytest.mark.long
def test_a_stopped_worker_finishes_or_hands_back_what_it_holds(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=12, settings={"STRONGROOM_LEASE_S": "600"})
    with archive.fleet():
        ask_for(archive)
        wait_fed(app_of(archive), lambda: archive.progress().objects >= 3, "the day is under way")
    held = "SELECT count(*) FROM {} WHERE lease_owner IS NOT NULL"
    assert [archive.rows(held.format(table)) for table in ("runs", "conversations", "recordings")] == [[(0,)]] * 3
    with archive.fleet():
        finish(archive)
    assert mismatches(archive) == []
