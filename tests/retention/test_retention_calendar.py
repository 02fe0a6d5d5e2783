"""Calendar years: never less than asked, and the same day wherever that day exists."""

from calendar import isleap
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.retention.calendar import add_years

INSTANTS = st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2200-12-31"), timezones=st.just(UTC)
)
YEARS = st.integers(0, 30)


@given(INSTANTS, YEARS)
def test_the_same_day_and_time_years_later(instant: datetime, years: int) -> None:
    later = add_years(instant, years)
    assert later.year == instant.year + years
    assert later.timetz() == instant.timetz()
    if (instant.month, instant.day) == (2, 29) and not isleap(later.year):
        assert (later.month, later.day) == (3, 1)
    else:
        assert (later.month, later.day) == (instant.month, instant.day)


@given(INSTANTS, YEARS, YEARS)
def test_never_less_than_asked_and_more_years_never_end_earlier(instant: datetime, years: int, more: int) -> None:
    later = add_years(instant, years)
    assert later - instant >= timedelta(days=365 * years)
    assert add_years(instant, years + more) >= later


@given(INSTANTS, INSTANTS, YEARS)
def test_a_later_end_is_never_released_earlier(one: datetime, other: datetime, years: int) -> None:
    first, second = sorted((one, other))
    assert add_years(first, years) <= add_years(second, years)


@pytest.mark.parametrize(
    ("ended_at", "years", "until"),
    [
        ("2024-02-29T12:00:00+00:00", 7, "2031-03-01T12:00:00+00:00"),
        ("2024-02-29T12:00:00+00:00", 4, "2028-02-29T12:00:00+00:00"),
        ("2096-02-29T12:00:00+00:00", 4, "2100-03-01T12:00:00+00:00"),
        ("2025-12-31T23:59:59.999+00:00", 7, "2032-12-31T23:59:59.999+00:00"),
        ("2025-01-01T00:00:00+00:00", 6, "2031-01-01T00:00:00+00:00"),
        ("2025-02-28T23:59:59.999+00:00", 3, "2028-02-28T23:59:59.999+00:00"),
    ],
)
def test_the_days_where_calendars_go_wrong(ended_at: str, years: int, until: str) -> None:
    assert add_years(datetime.fromisoformat(ended_at), years) == datetime.fromisoformat(until)


def test_the_day_is_the_utc_day() -> None:
    new_york = timezone(timedelta(hours=-5))
    later = add_years(datetime(2024, 2, 28, 20, 0, tzinfo=new_york), 1)
    assert later == datetime(2025, 3, 1, 1, 0, tzinfo=UTC)
    assert later.tzinfo is UTC


@pytest.mark.parametrize(
    ("instant", "years"),
    [
        (datetime(2025, 1, 1), 7),  # noqa: DTZ001  the missing time zone is what is tested
        (datetime(2025, 1, 1, tzinfo=UTC), -1),
        (datetime(9990, 1, 1, tzinfo=UTC), 30),
    ],
)
def test_what_can_not_be_dated_is_refused(instant: datetime, years: int) -> None:
    with pytest.raises(ValueError, match=r"time zone|only ever added|year"):
        add_years(instant, years)
