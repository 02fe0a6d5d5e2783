"""Restores in a fleet as it runs: a real archive in a cold store, and a night's fan-out beside it."""

import hashlib
import json
from datetime import timedelta
from uuid import UUID

import pytest
from archives import Archive, StartArchive, wait_until

from config.celery import BULK, CONTROL
from config.environment import load_settings
from strongroom.actor import Actor
from strongroom.ledger.custody import events_of
from strongroom.ledger.restores import restore_row
from strongroom.pipeline.restore import request_restore
from strongroom.times import utc_now
from tasks.fleet import Fleet, redis_of, send

LEGAL = Actor("anne", "desk-1")
CLASSES = ("STANDARD", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
FAN_OUT = 500
NOBODYS = "00000000-0000-4000-8000-000000000000"
NIGHT = ((BULK, "archive_conversation"), (CONTROL, "complete_conversation"))


def archived(archive: Archive) -> list[UUID]:
    """Conversations that have recordings in the vault, a manifest too."""
    archive.archive_here()
    statement = "SELECT conversation_id FROM objects WHERE recording_id IS NOT NULL GROUP BY 1 ORDER BY 1"
    return [conversation_id for (conversation_id,) in archive.rows(statement)]


def fan_out_waiting(app: Fleet) -> list[int]:
    """How many of the night's messages wait in each of its queues; Beat puts others there beside them."""
    waiting = [(redis_of(app, lambda client, queue=queue: client.lrange(queue, 0, -1)), task) for queue, task in NIGHT]
    return [sum(json.loads(one)["headers"]["task"] == task for one in messages) for messages, task in waiting]


def all_ready_as_time_passes(archive: Archive) -> bool:
    """Whether every restore is ready; one that waits for its tier's minutes and hours to pass is due now."""
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE restores SET due_at = now() WHERE state = 'open' AND due_at > now()")
    return archive.rows("SELECT count(*) FROM restores WHERE state = 'ready'") == [(len(CLASSES),)]


@pytest.mark.long
def test_a_conversation_in_each_class_comes_back_whole_however_long_the_nights_queues_are(
    start_archive: StartArchive,
) -> None:
    archive = start_archive(conversations=7)
    chosen = dict(zip(CLASSES, archived(archive), strict=False))
    assert len(chosen) == len(CLASSES)
    of_class = {f"{conversation_id}/": name for name, conversation_id in chosen.items()}
    archive.proxy.faults(
        cold={"classes": of_class, "ready_after_s": 0.5},
    )
    app = Fleet(load_settings(archive.environment))
    for _, task in NIGHT:
        send(app, task, [(NOBODYS, 1)] * FAN_OUT)
    assert fan_out_waiting(app) == [FAN_OUT, FAN_OUT]
    puts_before = archive.proxy.requests("PutObject")
    # nobody takes those two queues: to the restores it is a night whose queues never get shorter
    with archive.fleet({"restore": 1, "beat": 1}):
        needed_by = utc_now() + timedelta(hours=4)
        restores = {
            name: request_restore(archive.house, conversation_id, needed_by, LEGAL, None)
            for name, conversation_id in chosen.items()
        }
        assert [name for name, status in restores.items() if status.late] == ["DEEP_ARCHIVE"]
        wait_until(lambda: all_ready_as_time_passes(archive), "every restore is ready", timeout_s=120)
        assert fan_out_waiting(app) == [FAN_OUT, FAN_OUT]
    # the role of a worker that only restores may not write, not even the probe of the others
    assert archive.proxy.requests("PutObject") == puts_before
    asked = archive.proxy.restores_asked()
    assert len({one["path"] for one in asked}) == len(asked)
    assert {one["tier"] for one in asked if f"{chosen['GLACIER']}/" in one["path"]} == {"Expedited"}
    assert {one["tier"] for one in asked if f"{chosen['DEEP_ARCHIVE']}/" in one["path"]} == {"Standard"}
    for name, status in restores.items():
        row = restore_row(archive.engine, status.restore.restore_id)
        assert {each.storage_class for each in row.objects} == {name}
        sha256 = dict(archive.rows("SELECT key, sha256 FROM objects WHERE conversation_id = :id", id=chosen[name]))
        assert {each.key for each in row.objects} == set(sha256)
        for each in row.objects:
            body = b"".join(archive.house.store.read(each.key, each.version_id))
            assert hashlib.sha256(body).hexdigest() == sha256[each.key]
        steps = [json.loads(event.line)["details"].get("step") for event in events_of(archive.engine, chosen[name])]
        assert steps[-2:] == ["asked for", "readable"]
    app.close()
