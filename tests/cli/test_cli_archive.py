"""`strongroom archive`: the run is in the ledger and the message on its way; --wait tells how it ended."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import redis
from command_line import Strongroom
from ledger_of_a_day import DAY, Day

from config.celery import CONTROL
from strongroom.ledger.backfills import list_backfills
from strongroom.ledger.engine import Engine
from strongroom.ledger.progress import day_progress
from strongroom.ledger.runs import open_run
from strongroom.times import day_of, days_between, utc_now


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


def days_ago(number: int) -> date:
    """A day that is so long over."""
    return day_of(utc_now()) - timedelta(days=number)


def test_a_range_of_late_days_opens_a_run_and_sends_a_message_for_each(
    strongroom: Strongroom, broker: Callable[[], Any], engine: Engine
) -> None:
    three, two, one = (days_ago(number) for number in (4, 3, 2))
    open_run(engine, two, "asked for before")
    document = strongroom("archive", str(three), "--to", str(one), "--json").document
    assert document == {
        "days": [
            {"day": str(three), "opened": True},
            {"day": str(two), "opened": False},
            {"day": str(one), "opened": True},
        ],
        "backfill": None,
    }
    assert day_progress(engine, two).run_state == "enumerating"
    assert broker() == [("enumerate_day", [str(day)]) for day in (three, two, one)]


def test_the_old_days_of_a_range_are_back_filled_and_the_late_ones_archived_at_once(
    strongroom: Strongroom, broker: Callable[[], Any], engine: Engine
) -> None:
    document = strongroom("archive", str(days_ago(40)), "--to", str(days_ago(2)), "--json").document
    last_old = date.fromisoformat(document["backfill"]["last_day"])
    assert document["backfill"]["first_day"] == str(days_ago(40))
    assert [one["day"] for one in document["days"]] == [str(day) for day in days_between(last_old, days_ago(2))[1:]]
    # the nights' own window is 14 days; which day is its first depends on the hour
    assert days_ago(17) < last_old < days_ago(13)
    [backfill] = list_backfills(engine)
    assert (backfill.first_day, backfill.last_day, backfill.newest_first) == (days_ago(40), last_old, False)
    assert broker()[0] == ("read_backfill", [backfill.backfill_id])
    assert day_progress(engine, days_ago(40)).run_state is None


def test_a_back_fill_newest_first_with_a_lock_of_its_own(
    strongroom: Strongroom, broker: Callable[[], Any], engine: Engine
) -> None:
    outcome = strongroom("archive", "2015-01-01", "--to", "2015-12-31", "--newest-first", "--shortest-lock", "400")
    [backfill] = list_backfills(engine)
    assert outcome.out.splitlines() == [
        f"2015-01-01 to 2015-12-31  back-filled in the background, as {backfill.backfill_id}",
        "follow it: strongroom backfill list",
    ]
    assert (backfill.newest_first, backfill.shortest_lock_days) == (True, 400)
    assert backfill.reading_day == date(2015, 12, 31)
    strongroom("archive", "2015-12-31", "--to", "2016-01-01").refused(2, "2015-01-01 to 2015-12-31 is running")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["2015-01-01", "--shortest-lock", "5476"], "above the policy's cap of 5,475"),
        (["2015-01-01", "--shortest-lock", "0"], "--shortest-lock"),
        (["yesterday", "--newest-first"], "no day is so old"),
        (["2001-01-01", "--to", "2025-12-31"], "at most 7,320"),
    ],
)
def test_what_no_back_fill_can_be_is_refused(
    strongroom: Strongroom, broker: Callable[[], Any], engine: Engine, arguments: list[str], words: str
) -> None:
    strongroom("archive", *arguments).refused(2, words)
    assert list_backfills(engine) == []


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
