"""Redis holds a window of a day, whatever the day has: it is fed as it drains, and may lose all of it."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from archives import Archive, StartArchive, wait_until

from config.celery import BULK, CONTROL
from config.environment import load_settings
from strongroom import spans
from strongroom.ledger.runs import open_run
from tasks.fan_out import CHUNK, send_many
from tasks.fleet import Fleet as FleetApp
from tasks.fleet import send

WINDOW = 20
SENDERS = 4
"""Two processes of the worker and two of the control worker."""
MOST_RECORDINGS = 4
"""Of a simulated conversation."""


@pytest.mark.long
def test_a_day_never_has_more_than_its_window_in_redis_and_survives_losing_it(start_archive: StartArchive) -> None:
    archive = start_archive(
        conversations=60,
        audio_bytes=20_000,
        settings={"STRONGROOM_WINDOW_MESSAGES": str(WINDOW), "STRONGROOM_ENQUEUE_GRACE_S": "3"},
    )
    open_run(archive.engine, archive.day, "a test")
    app = FleetApp(load_settings(archive.environment))
    with redis.Redis.from_url(archive.environment["STRONGROOM_REDIS_URL"]) as broker:
        with archive.fleet({"worker": 1, "control": 1, "beat": 1}), watched(archive) as longest:
            send(app, "enumerate_day", [(archive.day.isoformat(),)])
            wait_until(lambda: archive.progress().objects >= 20, "the day is under way")
            broker.flushall()
            archive.wait_until_finished(180)
        assert WINDOW / 2 <= longest[BULK] <= WINDOW + SENDERS * MOST_RECORDINGS, longest
        assert longest[CONTROL] <= WINDOW + SENDERS, longest
        # what workers hold besides: one message a process, and one each that was fetched ahead
        assert longest["unacked"] <= 2 * SENDERS, longest
    assert archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches == []


@contextmanager
def watched(archive: Archive) -> Iterator[dict[str, int]]:
    """The most messages that were seen in each queue, and with workers, while the block runs."""
    longest = {BULK: 0, CONTROL: 0, "unacked": 0}
    ended = threading.Event()

    def look() -> None:
        with redis.Redis.from_url(archive.environment["STRONGROOM_REDIS_URL"]) as broker:
            while not ended.wait(0.005):
                for queue in (BULK, CONTROL):
                    longest[queue] = max(longest[queue], broker.llen(queue))
                longest["unacked"] = max(longest["unacked"], broker.hlen("unacked"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield longest
    finally:
        ended.set()
        thread.join()


def test_many_messages_at_once_are_celerys_own_messages(redis_url: str, start_archive: StartArchive) -> None:
    app = FleetApp(load_settings(start_archive(conversations=0).environment))
    arguments = [("5b1e32b0-0000-4000-8000-00000000000a", 1, 'session:"Ä'), ("b", 2, "r")]
    send(app, "archive_recording", arguments)
    send_many(app, "archive_recording", arguments)
    with redis.Redis.from_url(redis_url) as broker:
        # the oldest is at the end that workers take from
        sent = [json.loads(raw) for raw in reversed(broker.lrange(BULK, 0, -1))]
    assert len(sent) == 4
    for by_celery, by_us in zip(sent[:2], sent[2:], strict=True):
        assert without_ids(by_us) == without_ids(by_celery)
        assert json.loads(base64.b64decode(by_us["body"])) == json.loads(base64.b64decode(by_celery["body"]))
    for name in ("id", "root_id"):
        assert len({message["headers"][name] for message in sent}) == 4
    assert all(message["headers"]["id"] == message["properties"]["correlation_id"] for message in sent)
    assert len({message["properties"]["delivery_tag"] for message in sent}) == 4


def test_many_messages_follow_from_the_task_that_sends_them(
    redis_url: str, start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = FleetApp(load_settings(start_archive(conversations=0).environment))
    monkeypatch.setattr(FleetApp, "current_worker_task", None)
    senders = [("one", "first"), ("other", "second"), ("third", None)]
    for task_id, root_id in senders:
        request = SimpleNamespace(id=task_id, root_id=root_id)
        within = SimpleNamespace(request=request, add_trail=lambda _: None)
        monkeypatch.setattr(FleetApp, "current_worker_task", within)
        send(app, "archive_recording", [("a", 1, "r")])
        send_many(app, "archive_recording", [("a", 1, "r")])
    with redis.Redis.from_url(redis_url) as broker:
        sent = [json.loads(raw)["headers"] for raw in reversed(broker.lrange(BULK, 0, -1))]
    told = [(headers["parent_id"], headers["root_id"]) for headers in sent]
    assert told[::2] == told[1::2] == [("one", "first"), ("other", "second"), ("third", "third")]
    assert not [headers for headers in sent if "traceparent" in headers]


def test_many_messages_tell_what_their_sender_is_at_where_somebody_listens(
    redis_url: str, start_archive: StartArchive
) -> None:
    app = FleetApp(load_settings(start_archive(conversations=0).environment))
    at = iter(["00-one", "00-other", None])
    spans.listen(SimpleNamespace(traceparent=lambda: next(at)))  # type: ignore[arg-type]  # all that is asked here
    try:
        for _ in range(3):
            send_many(app, "archive_recording", [("a", 1, "r"), ("b", 1, "r")])
    finally:
        spans.listen(None)
    with redis.Redis.from_url(redis_url) as broker:
        sent = [json.loads(raw)["headers"] for raw in reversed(broker.lrange(BULK, 0, -1))]
    assert [headers["traceparent"] for headers in sent] == ["00-one"] * 2 + ["00-other"] * 2 + [None] * 2


def without_ids(message: dict[str, Any]) -> dict[str, Any]:
    """What two messages of one task with the same arguments have in common."""
    headers = {name: value for name, value in message["headers"].items() if name not in {"id", "root_id"}}
    properties = {
        name: value
        for name, value in message["properties"].items()
        if name not in {"correlation_id", "delivery_tag", "reply_to"}
    }
    return message | {"headers": headers, "properties": properties, "body": None}


def test_more_than_a_round_trip_holds_is_all_sent(redis_url: str, start_archive: StartArchive) -> None:
    app = FleetApp(load_settings(start_archive(conversations=0).environment))
    assert (
        send_many(app, "archive_conversation", ((str(number), 1) for number in range(2 * CHUNK + 1))) == 2 * CHUNK + 1
    )
    with redis.Redis.from_url(redis_url) as broker:
        bodies = [json.loads(base64.b64decode(json.loads(raw)["body"])) for raw in reversed(broker.lrange(BULK, 0, -1))]
    assert [body[0] for body in bodies] == [[str(number), 1] for number in range(2 * CHUNK + 1)]
