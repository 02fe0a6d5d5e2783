"""`strongroom backfill`: how it stands, for people and machines; stopped and started by number."""

from datetime import date

import pytest
from command_line import Strongroom
from ledger_of_a_day import Day

from strongroom.ledger.backfills import open_backfill
from strongroom.ledger.engine import Engine

pytestmark = pytest.mark.usefixtures("environment")

FIRST, LAST = date(2025, 5, 1), date(2025, 5, 31)


@pytest.fixture
def number(engine: Engine) -> int:
    """A back-fill of a month, not begun yet."""
    return open_backfill(engine, FIRST, LAST, newest_first=True, shortest_lock_days=None).backfill_id


def test_without_any_it_says_how_to_begin(strongroom: Strongroom) -> None:
    assert "strongroom archive DAY --to DAY" in strongroom("backfill", "list").out
    assert strongroom("backfill", "list", "--json").document == {"backfills": []}


def test_it_is_listed_with_its_forecast(strongroom: Strongroom, number: int) -> None:
    [told] = strongroom("backfill", "list", "--json").document["backfills"]
    assert (told["backfill"], told["state"], told["reading_day"]) == (number, "running", "2025-05-31")
    assert (told["days"], told["days_read"], told["conversations"]) == (31, 0, {})
    assert told["forecast"] == {"conversations_left": None, "expected_at": None, "earliest_at": None}
    lines = strongroom("backfill", "list").out.splitlines()
    assert lines[0] == f"{number}  2025-05-01 to 2025-05-31, newest first: running"
    assert "days read 0/31" in lines[2]


def test_it_is_stopped_once_and_a_number_that_is_none_is_refused(strongroom: Strongroom, number: int) -> None:
    assert strongroom("backfill", "stop", str(number), "--json").document == {
        "backfill": number,
        "state": "stopped",
        "changed": True,
    }
    assert strongroom("backfill", "stop", str(number)).out == f"back-fill {number} is stopped already\n"
    [told] = strongroom("backfill", "list", "--json").document["backfills"]
    assert (told["state"], told["forecast"]) == ("stopped", None)
    strongroom("backfill", "stop", str(number + 1)).refused(2, "no such back-fill", "strongroom backfill list")


def test_without_redis_it_is_started_all_the_same_and_says_what_is_missing(strongroom: Strongroom, number: int) -> None:
    strongroom("backfill", "stop", str(number))
    strongroom("backfill", "start", str(number)).refused(3, "Redis does not answer")
    [told] = strongroom("backfill", "list", "--json").document["backfills"]
    assert told["state"] == "running"


def test_what_has_expired_is_listed_by_day(strongroom: Strongroom, engine: Engine) -> None:
    day = Day(engine)
    day.expired("its retention ran out on 2024-01-01, before it was archived: class plain")
    assert strongroom("backfill", "expired", "--to", "2020-01-01").out == "nothing has expired\n"
    [row] = strongroom("backfill", "expired", "--json").document["rows"]
    assert row["day"] == "2025-05-14"
    assert row["reason"].startswith("its retention ran out")
    out = strongroom("backfill", "expired").out
    assert row["conversation_id"] in out
    assert out.splitlines()[-1].startswith("1 conversation not archived")
