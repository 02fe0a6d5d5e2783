"""`strongroom archive`: the run is in the ledger and the message on its way; --wait tells how it ended."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from command_line import Strongroom
from ledger_of_a_day import DAY, Day

from config.celery import CONTROL
from strongroom.ledger.engine import Engine
from strongroom.ledger.progress import day_progress


@pytest.fixture
def broker(environment: dict[str, str], redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """The arguments of each message that waits for the fleet, the first one first."""
    monkeypatch.setenv("STRONGROOM_REDIS_URL", redis_url)
    with redis.Redis.from_url(redis_url) as client:

        def waiting() -> list[tuple[str, list[object]]]:
            messages = [json.loads(raw) for raw in reversed(client.lrange(CONTROL, 0, -1))]
            return [
                (message["headers"]["task"], json.loads(base64.b64decode(message["body"]))[0]) for message in messages
            ]

        yield waiting


def test_a_range_opens_a_run_and_sends_a_message_for_each_day(
    strongroom: Strongroom, broker: Callable[[], Any], engine: Engine
) -> None:
    Day(engine).opened()
    document = strongroom("archive", "2025-05-13", "--to", "2025-05-15", "--json").document
    assert document == {
        "days": [
            {"day": "2025-05-13", "opened": True},
            {"day": "2025-05-14", "opened": False},
            {"day": "2025-05-15", "opened": True},
        ]
    }
    assert day_progress(engine, DAY).run_state == "enumerating"
    assert broker() == [("enumerate_day", [f"2025-05-{number}"]) for number in (13, 14, 15)]


def test_in_words_it_says_how_to_follow(strongroom: Strongroom, broker: Callable[[], Any]) -> None:
    outcome = strongroom("archive", "2025-05-14")
    assert outcome.out.splitlines() == [
        "2025-05-14  given to the fleet",
        "follow it: strongroom status 2025-05-14 --watch",
    ]
    assert strongroom("archive", "2025-05-14").out.startswith("2025-05-14  under way already")


@pytest.mark.parametrize("recording_state", ["stored", "review"])
@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["text", "json"])
def test_wait_ends_with_1_when_something_is_in_review(
    strongroom: Strongroom,
    broker: Callable[[], Any],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    recording_state: Any,
    flags: list[str],
) -> None:
    day = Day(engine)

    def a_fleet_at_work() -> Iterator[None]:
        conversation = day.conversation(["r1"])
        yield
        day.settle(conversation, "r1", recording_state)
        day.archive(conversation)
        day.enumerated()
        yield
        day.settled()
        yield

    fleet = a_fleet_at_work()
    monkeypatch.setattr("cli.watching.sleep", lambda _: next(fleet))
    outcome = strongroom("archive", "2025-05-14", "--wait", *flags)
    assert outcome.exit_code == (1 if recording_state == "review" else 0)
    if flags:
        [document] = outcome.document["days"]
        assert (document["finished"], document["opened"]) == (True, True)
        assert document["recordings"][recording_state] == 1
    else:
        assert outcome.out.splitlines()[-1].startswith("finished")


def test_ctrl_c_ends_the_waiting_quietly_with_130(
    strongroom: Strongroom, broker: Callable[[], Any], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.watching.sleep", interrupt)
    outcome = strongroom("archive", "2025-05-14", "--wait")
    assert (outcome.exit_code, outcome.err) == (130, "")
    assert day_progress(engine, DAY).run_state == "enumerating"
