"""`strongroom reconcile` and what `status` says of a recount: asked for once, shown with what it found."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from command_line import Strongroom
from ledger_of_a_day import DAY, HOLDER, Day

from config.celery import CONTROL
from strongroom.ledger.activity import activity_was_read, counted, submitted, take_activity_read
from strongroom.ledger.engine import Engine

KINDS = (
    "missed", "broughtBack", "endedLater", "otherEnd", "changed", "unknownToGenesys", "notInVault", "deleteMarkers",
    "unknownToLedger", "sessionsWithoutMedia",
)  # fmt: skip
MISSED = "501361cc-4c12-4051-80d8-ce59fd7762c7"


@pytest.fixture
def waiting(
    environment: dict[str, str], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Any]]:
    """The tasks of the messages that wait for the fleet."""
    monkeypatch.setenv("STRONGROOM_REDIS_URL", redis_url)
    with redis.Redis.from_url(redis_url) as client:
        yield lambda: [json.loads(raw)["headers"]["task"] for raw in client.lrange(CONTROL, 0, -1)]


def result(**missed: object) -> bytes:
    """A result with so many missed."""
    differences = {kind: {"count": 0, "named": []} for kind in KINDS} | ({"missed": missed} if missed else {})
    explained = {"count": 2, "named": []}
    return json.dumps(
        {"genesys": {"unreadable": 0}, "sessions": {"explained": explained}, "differences": differences}
    ).encode()


def recounted(engine: Engine, document: bytes, differences: int) -> None:
    """The wanted recount is done."""
    assert take_activity_read(engine, DAY, HOLDER) is not None
    submitted(engine, DAY, HOLDER, "job-1", 0)
    read = take_activity_read(engine, DAY, HOLDER)
    assert read is not None
    counted(engine, read, HOLDER, document, conversations=12, differences=differences)
    read = take_activity_read(engine, DAY, HOLDER)
    assert read is not None
    activity_was_read(engine, read, HOLDER)


def test_a_day_that_was_never_archived_is_refused(strongroom: Strongroom, waiting: Callable[[], Any]) -> None:
    outcome = strongroom("reconcile", str(DAY))
    assert outcome.exit_code == 2
    assert f"strongroom archive {DAY}" in outcome.err
    assert waiting() == []


def test_without_redis_nothing_is_asked_for(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    Day(engine).opened()
    assert strongroom("reconcile", str(DAY)).exit_code == 3
    assert strongroom("status", str(DAY), "--json").document["reconciled"] is None


def test_it_is_given_to_the_fleet_and_is_the_same_until_it_is_done(
    strongroom: Strongroom, waiting: Callable[[], Any], engine: Engine
) -> None:
    Day(engine).opened()
    assert strongroom("reconcile", str(DAY), "--json").document == {"day": str(DAY), "recount": 1}
    assert "recount 1 is given to the fleet" in strongroom("reconcile", str(DAY)).out
    assert waiting() == ["read_activity", "read_activity"]
    told = strongroom("status", str(DAY)).out
    assert "recount 1 is wanted: asked for by command" in " ".join(told.split())
    recounted(engine, result(), 0)
    assert strongroom("reconcile", str(DAY), "--json").document == {"day": str(DAY), "recount": 2}


@pytest.mark.parametrize(("missed", "exit_code"), [({}, 0), ({"count": 1, "named": [{"conversationId": MISSED}]}, 1)])
def test_wait_shows_the_result_and_ends_with_1_when_there_were_differences(
    strongroom: Strongroom,
    waiting: Callable[[], Any],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    missed: dict[str, object],
    exit_code: int,
) -> None:
    Day(engine).opened()
    # the module's own name for it: threads of others, as the vendor's SDK has them, sleep on as they did
    monkeypatch.setattr("cli.reconcile.sleep", lambda _: recounted(engine, result(**missed), exit_code))
    outcome = strongroom("reconcile", str(DAY), "--wait")
    assert outcome.exit_code == exit_code
    assert "12 conversations in Genesys" in outcome.out
    assert "2 recorded sessions with nothing stored, each with its reason" in outcome.out
    assert (MISSED in outcome.out) == bool(missed)
    document = strongroom("status", str(DAY), "--json").document["reconciled"]
    assert (document["recount"], document["logged"], document["state"]) == (1, False, "read")
    assert document["key"] == f"evidence/recounts/{DAY}/1.json"
