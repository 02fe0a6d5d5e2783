"""Locks are only ever lengthened and made stricter."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.vault.lock import Lock, LockInThePast, LockMode

zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
since_2000 = st.integers(0, 10**15).map(lambda microseconds: timedelta(microseconds=microseconds))
instants = st.builds(lambda zone, later: datetime(2000, 1, 1, tzinfo=zone) + later, zones, since_2000)
locks = st.builds(Lock, st.sampled_from(LockMode), instants)


@given(locks, locks)
def test_a_union_covers_both_and_is_one_of_their_ends_and_modes(one: Lock, other: Lock) -> None:
    union = one.union(other)
    assert union.covers(one)
    assert union.covers(other)
    assert union == other.union(one)
    assert one.union(one) == one
    assert union.retain_until in {one.retain_until, other.retain_until}
    assert union.mode in {one.mode, other.mode}


@given(locks, locks)
def test_covering_means_neither_shorter_nor_weaker(one: Lock, other: Lock) -> None:
    weaker = one.mode is LockMode.GOVERNANCE and other.mode is LockMode.COMPLIANCE
    assert one.covers(other) == (one.retain_until >= other.retain_until and not weaker)


@given(instants)
def test_the_end_is_in_whole_seconds_of_utc_and_never_earlier_than_asked(until: datetime) -> None:
    lock = Lock(LockMode.GOVERNANCE, until)
    assert lock.retain_until.tzinfo is UTC
    assert lock.retain_until.microsecond == 0
    assert timedelta(0) <= lock.retain_until - until < timedelta(seconds=1)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Lock(LockMode.GOVERNANCE, datetime(2030, 1, 1))  # noqa: DTZ001  that is the point


def test_the_same_instant_in_another_zone_is_the_same_lock() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert Lock(LockMode.COMPLIANCE, datetime(2030, 1, 1, 9, tzinfo=tokyo)) == Lock(
        LockMode.COMPLIANCE, datetime(2030, 1, 1, tzinfo=UTC)
    )


def test_a_lock_that_ends_now_is_refused() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    Lock(LockMode.GOVERNANCE, now + timedelta(seconds=1)).require_future(now, "here")
    with pytest.raises(LockInThePast):
        Lock(LockMode.GOVERNANCE, now).require_future(now, "here")
