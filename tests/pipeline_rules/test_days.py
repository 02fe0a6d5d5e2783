"""Which days are due: by the UTC calendar, from the hour the night begins, no further back than asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from strongroom.house import House
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.leases import Holder
from strongroom.ledger.migrate import migrate
from strongroom.ledger.runs import enumerated, open_run, settle_runs, take_run
from strongroom.pipeline.days import Window, catch_up_window, forgotten_days, last_ended_day, open_missed_days
from strongroom.times import days_between

TODAY = date(2025, 5, 15)
NOON = datetime(2025, 5, 15, 12, tzinfo=UTC)

days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
instants = st.builds(datetime.combine, days, st.times(), st.just(UTC))
times_of_day = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def settings(**values: Any) -> Settings:
    """Settings of which only those of the night matter."""
    return Settings(
        database_url="postgresql://h/d",
        redis_url="redis://h/0",
        bucket="vault",
        genesys_api_url="https://api.h",
        genesys_login_url="https://login.h",
        genesys_clients="id:secret",
        **values,
    )


def before(days_ago: int) -> date:
    """A day that many days before the test's today."""
    return TODAY - timedelta(days=days_ago)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2025, 5, 15, 0, 0, tzinfo=UTC), date(2025, 5, 13)),
        (datetime(2025, 5, 15, 0, 29, 59, 999_999, tzinfo=UTC), date(2025, 5, 13)),
        (datetime(2025, 5, 15, 0, 30, tzinfo=UTC), date(2025, 5, 14)),
        (datetime(2025, 5, 15, 23, 59, 59, tzinfo=UTC), date(2025, 5, 14)),
        (datetime(2025, 1, 1, 0, 30, tzinfo=UTC), date(2024, 12, 31)),
        (datetime(2024, 3, 1, 0, 30, tzinfo=UTC), date(2024, 2, 29)),
        # 01:30 in Berlin's summer is 23:30 of the day before
        (datetime.fromisoformat("2025-05-15T01:30:00+02:00"), date(2025, 5, 13)),
    ],
)
def test_a_day_is_due_when_its_night_has_begun(now: datetime, last: date) -> None:
    assert last_ended_day(settings(), now) == last


@given(now=instants, enumerate_at=times_of_day)
def test_the_last_ended_day_has_ended_and_is_the_last(now: datetime, enumerate_at: time) -> None:
    day = last_ended_day(settings(enumerate_at=enumerate_at), now)
    begins = [datetime.combine(day + timedelta(days=n), enumerate_at, UTC) for n in (1, 2)]
    assert begins[0] <= now < begins[1]


@pytest.mark.parametrize(
    ("start_day", "first_known_day", "first"),
    [
        (None, None, before(1)),
        (None, before(5), before(5)),
        (None, before(90), before(14)),
        (before(3), before(90), before(3)),
        (before(90), None, before(14)),
        (TODAY, before(5), TODAY),
        (before(-30), None, before(-30)),
    ],
)
def test_the_window_begins_at_the_start_and_no_further_back_than_the_catch_up(
    start_day: date | None, first_known_day: date | None, first: date
) -> None:
    assert catch_up_window(settings(start_day=start_day), first_known_day, NOON) == Window(first, before(1))


@given(now=instants, start=st.none() | days, known=st.none() | days, catch_up_days=st.integers(0, 366), at=times_of_day)
def test_the_window_is_never_longer_than_asked_nor_ahead_of_the_calendar(
    now: datetime, start: date | None, known: date | None, catch_up_days: int, at: time
) -> None:
    chosen = settings(start_day=start, catch_up_days=catch_up_days, enumerate_at=at)
    window = catch_up_window(chosen, known, now)
    minded = days_between(window.first, window.last)
    assert len(minded) <= max(catch_up_days, 1)
    assert window.last == last_ended_day(chosen, now)
    assert all(day >= start for day in minded if start)
    if start is None and known is None:
        assert minded == [window.last]


@dataclass(frozen=True)
class _Ledger:
    """What these functions use of a house."""

    engine: Engine
    settings: Settings


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A ledger without a run."""
    engine = connect(database_url, connect_timeout_s=5)
    migrate(engine)
    yield engine
    engine.dispose()


def house(engine: Engine, **values: Any) -> House:
    """A house of settings and ledger alone."""
    return cast(House, _Ledger(engine, settings(**values)))


def finish(engine: Engine, day: date) -> None:
    """A run of the day, from beginning to end."""
    holder = Holder("host/1", 60)
    open_run(engine, day, "asked for")
    run = take_run(engine, day, holder)
    assert run is not None
    enumerated(engine, run, holder, 0, 0)
    assert settle_runs(engine) == [day]


def test_a_new_archive_minds_the_last_day_and_each_day_from_then_on(engine: Engine) -> None:
    new = house(engine)
    assert open_missed_days(new, NOON) == [before(1)]
    assert open_missed_days(new, NOON) == []
    assert open_missed_days(new, NOON + timedelta(days=1)) == [TODAY]


def test_nights_that_were_missed_are_opened_oldest_first_and_once(engine: Engine) -> None:
    finish(engine, before(5))
    open_run(engine, before(3), "asked for")
    assert open_missed_days(house(engine), NOON) == [before(4), before(2), before(1)]
    assert open_missed_days(house(engine), NOON) == []


def test_days_before_the_start_are_nobodys(engine: Engine) -> None:
    assert open_missed_days(house(engine, start_day=before(2)), NOON) == [before(2), before(1)]
    assert open_missed_days(house(engine, start_day=TODAY), NOON) == []
    assert forgotten_days(house(engine, start_day=TODAY).settings, engine, NOON) == []


def test_a_gap_longer_than_the_catch_up_is_shown_not_skipped(engine: Engine) -> None:
    long_ago = house(engine, start_day=before(5), catch_up_days=2)
    finish(engine, before(4))
    open_run(engine, before(3), "asked for")
    assert open_missed_days(long_ago, NOON) == [before(2), before(1)]
    assert forgotten_days(long_ago.settings, engine, NOON) == [before(5), before(3)]


def test_an_archive_that_never_ran_has_forgotten_nothing(engine: Engine) -> None:
    assert forgotten_days(house(engine).settings, engine, NOON) == []
