"""What the soak bench calls flat, and what not."""

import pytest

from bench.flatness import fewest_in_a_minute, flatness

_SECONDS = range(0, 1_800, 10)


def test_a_level_series_with_noise_is_flat() -> None:
    found = flatness([(second, 100.0 + (second // 10) % 3) for second in _SECONDS])
    assert found is not None
    assert found.growth == 0
    assert abs(found.slope_an_hour) < 1


def test_warming_up_in_the_first_quarter_is_no_growth() -> None:
    found = flatness([(second, min(second, 400)) for second in _SECONDS])
    assert found is not None
    assert (found.second_quarter, found.last_quarter, found.slope_an_hour) == (400, 400, 0)


def test_a_leak_is_growth_between_the_quarters_and_a_slope() -> None:
    """0.01 a second, from 100: half a run lies between the middles of the second quarter and the last."""
    found = flatness([(second, 100 + second / 100) for second in _SECONDS])
    assert found is not None
    assert found.growth == pytest.approx(9, abs=0.1)
    assert found.growth_percent == pytest.approx(8.5, abs=0.2)
    assert found.slope_an_hour == pytest.approx(36)


def test_single_peaks_do_not_count() -> None:
    found = flatness([(second, 900 if second in {600, 1_700} else 100) for second in _SECONDS])
    assert found is not None
    assert found.growth == 0


def test_what_begins_late_is_judged_by_its_own_time() -> None:
    found = flatness([(1_000 + second, min(second, 200)) for second in range(0, 800, 10)])
    assert found is not None
    assert found.growth == 0


def test_what_comes_from_nothing_is_endless_growth_and_nothing_at_all_is_none() -> None:
    begun = flatness([(second, 0 if second < 1_000 else 5) for second in _SECONDS])
    never = flatness([(second, 0) for second in _SECONDS])
    assert begun is not None
    assert never is not None
    assert begun.growth_percent == float("inf")
    assert never.growth_percent == 0


def test_a_few_samples_say_nothing() -> None:
    assert flatness([(second, 1) for second in range(7)]) is None


def test_the_slowest_minute_is_found_and_one_that_is_begun_is_not_counted() -> None:
    counted = [(0, 0), (30, 50), (60, 100), (90, 103), (120, 110), (150, 180), (180, 200), (190, 200)]
    assert fewest_in_a_minute(counted) == 10


def test_a_minute_without_any_is_found_between_samples_that_come_late() -> None:
    assert fewest_in_a_minute([(0, 0), (61, 40), (122, 40), (181, 90)]) == 0
