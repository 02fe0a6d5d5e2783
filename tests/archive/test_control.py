"""What an operator can do to the workers, from Flower or the command line, does no harm to a day."""

import json
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from archives import Archive, StartArchive, wait_fed, wait_until

from config.environment import load_settings
from embedded.command import CommandFailed, strongroom
from strongroom.ledger.drained import drained
from strongroom.ledger.runs import open_run
from tasks.draining import queues_of_workers
from tasks.fleet import Fleet as FleetApp
from tasks.fleet import send

NODES = {"worker": 2, "control": 1}


def _begin(archive: Archive) -> FleetApp:
    app = FleetApp(load_settings(archive.environment))
    open_run(archive.engine, archive.day, "a test")
    send(app, "enumerate_day", [(archive.day.isoformat(),)])
    return app


def _finish(archive: Archive, app: FleetApp) -> None:
    def settled() -> bool:
        send(app, "sweep", [()])
        return archive.progress().finished

    wait_until(settled, f"{archive.day} settled: {archive.progress()}", 150, every_s=0.5)
    assert archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches == []


def _running(app: FleetApp) -> list[dict[str, Any]]:
    answers = app.control.inspect(timeout=1.0).active() or {}
    return [task for tasks in answers.values() for task in tasks]


@pytest.mark.long
def test_revoking_terminating_applying_and_pool_changes_do_no_harm(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=14, settings={"STRONGROOM_ENQUEUE_GRACE_S": "2"})
    chance = random.Random(5)
    with archive.fleet(NODES):
        app = _begin(archive)
        wait_until(lambda: archive.progress().conversations, "conversations are discovered")
        hit = 0
        for _ in range(12):
            for task in _running(app):
                # Flower's buttons: revoke, terminate, and apply, with the very arguments that were shown
                app.control.revoke(task["id"], terminate=chance.random() < 0.7, signal="SIGKILL")
                app.send_task(task["name"], args=task["args"])
                hit += 1
            app.control.broadcast(chance.choice(["pool_grow", "pool_shrink"]), arguments={"n": 1})
            send(app, "sweep", [()])
        assert hit > 5
        _finish(archive, app)


@pytest.mark.long
def test_a_drained_fleet_takes_nothing_until_it_is_told_to(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=8)
    with archive.fleet(NODES):
        app = _begin(archive)
        wait_fed(app, lambda: archive.progress().objects >= 1, "the day is under way")
        strongroom(archive.environment, "drain", "--timeout", "60")
        assert set(map(tuple, queues_of_workers(app).values())) == {()}
        assert len(drained(archive.engine)) == 3
        assert _running(app) == []
        assert archive.rows("SELECT 1 FROM recordings WHERE lease_until > now()") == []
        stored = archive.progress().objects
        send(app, "sweep", [()])
        assert archive.progress().objects == stored
        strongroom(archive.environment, "drain", "--timeout", "60")
        assert len(drained(archive.engine)) == 3, "drained twice, what they take otherwise is not forgotten"
        strongroom(archive.environment, "drain", "--undo")
        assert {queue for queues in queues_of_workers(app).values() for queue in queues} == {"bulk", "sweep", "control"}
        assert drained(archive.engine) == {}
        _finish(archive, app)
    logs = "".join(path.read_text() for path in archive.logs.glob("*.log"))
    lines = [json.loads(line) for line in logs.splitlines() if line.startswith("{")]
    [one, *_] = [line for line in lines if line["event"] == "conversation archived"]
    assert one["task"] in {"complete_conversation", "archive_conversation"}
    assert re.fullmatch("[0-9a-f-]{36}", one["task_id"]) and re.fullmatch("[0-9a-f-]{36}", one["correlation"])
    assert one["conversation"]
    # a conversation that ended after midnight is filed under the next day
    assert one["day"] in {str(archive.day), str(archive.day + timedelta(days=1))}


@pytest.mark.long
def test_what_is_in_hand_for_too_long_is_said(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=6, settings={"STRONGROOM_LEASE_S": "60"})
    archive.proxy.faults(slow={"operation": "PutObject", "key_contains": "recordings/", "seconds": 600})
    with archive.fleet({"worker": 1, "control": 1}) as fleet:
        app = _begin(archive)
        wait_fed(app, lambda: archive.proxy.applied("slow"), "a worker is in the middle of a put")
        with pytest.raises(CommandFailed, match="exit code 1"):
            strongroom(archive.environment, "drain", "--timeout", "1")
        for child in fleet.children:
            child.kill()
