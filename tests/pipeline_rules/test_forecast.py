"""The forecast of a back-fill: arithmetic that must hold for any numbers."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from strongroom.pipeline.forecast import Forecast, Left, forecast

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
lefts = st.builds(Left, st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 10**8), st.integers(0, 10**6))
rates = st.floats(0, 10_000)
allowances = st.floats(1, 100_000)
prices = st.floats(0.01, 10)


def told(left: Left, rate: float = 1.0, allowance: float = 300.0, price: float = 0.1) -> Forecast:
    return forecast(NOW, left, measured_per_s=rate, requests_per_minute=allowance, requests_a_conversation=price)


@given(lefts, rates, allowances, prices)
def test_nothing_is_done_before_now_nor_before_the_allowance_permits(
    left: Left, rate: float, allowance: float, price: float
) -> None:
    outcome = told(left, rate, allowance, price)
    if outcome.earliest_at is not None:
        assert outcome.earliest_at >= NOW
    if outcome.expected_at is not None and outcome.earliest_at is not None:
        assert outcome.expected_at >= outcome.earliest_at


@given(lefts, rates.filter(bool), st.floats(1, 100))
def test_twice_as_fast_is_never_later_and_more_to_do_never_earlier(left: Left, rate: float, factor: float) -> None:
    more = Left(left.days_read, left.days_unread, left.conversations_found, left.conversations_open + 1_000)
    base, faster, longer = told(left, rate), told(left, rate * factor), told(more, rate)
    if base.expected_at is not None:
        assert faster.expected_at is not None
        assert faster.expected_at <= base.expected_at
        if longer.expected_at is not None:
            assert longer.expected_at >= base.expected_at


@given(st.integers(0, 5_000), st.integers(0, 10**8), rates)
def test_when_nothing_is_left_it_is_done_now_however_slow(days_read: int, found: int, rate: float) -> None:
    outcome = told(Left(days_read, 0, found, 0), rate)
    assert (outcome.conversations_left, outcome.expected_at, outcome.earliest_at) == (0, NOW, NOW)


@given(lefts, allowances)
def test_without_a_rate_only_the_allowance_tells(left: Left, allowance: float) -> None:
    outcome = told(left, 0.0, allowance)
    assert outcome.expected_at in {None, NOW}


def test_unread_days_are_taken_to_be_like_those_that_are_read() -> None:
    outcome = told(Left(days_read=2, days_unread=8, conversations_found=200, conversations_open=50), rate=0.5)
    assert outcome.conversations_left == 850
    assert outcome.expected_at == NOW + timedelta(seconds=1_700)
    # 300 requests a minute at a tenth of one each are 50 a second
    assert outcome.earliest_at == NOW + timedelta(seconds=17)


def test_before_a_day_is_read_nothing_tells() -> None:
    assert told(Left(0, 365, 0, 0)) == Forecast(None, None, None)
