"""The live view: what stands on a terminal, and the pace it tells."""

import io
from collections import defaultdict
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.day_report import DayReport
from cli.pace import Pace
from cli.watching import bars
from strongroom.ledger.progress import DayProgress

REPORT = DayReport(
    DayProgress(
        day=date(2025, 5, 14),
        run_state="capturing",
        run_cause="enumerated: 12,400 ended conversations",
        run_since=None,
        conversations={"capturing": 6_200, "archived": 6_190, "review": 10},
        recordings={"expected": 4_000, "waiting": 120, "stored": 11_000},
    ),
    review=17,
)


def shown(reports: list[DayReport], pace: Pace, width: int = 60) -> str:
    """The view as a terminal of this width has it."""
    screen = io.StringIO()
    Console(file=screen, width=width, force_terminal=True, color_system=None).print(
        bars(reports, defaultdict(lambda: pace))
    )
    return screen.getvalue()


def test_it_shows_bar_rate_time_left_waiting_and_review_within_60_columns() -> None:
    pace = Pace()
    pace.report(100.0, 17_000)
    pace.report(110.0, 17_200)
    view = shown([REPORT], pace)
    assert max(len(line.rstrip()) for line in view.splitlines()) <= 60
    words = " ".join(view.split())
    assert "2025-05-14 capturing ━" in words
    assert "17,200/27,520" in words
    assert "conversations 6200/12400, recordings 11000/15120, waiting 120, review 17" in words
    assert "20.0 items/s, time left 0:08:36" in words


def test_without_any_pace_it_promises_nothing() -> None:
    assert "time left unknown" in " ".join(shown([REPORT], Pace()).split())


def test_many_days_stay_within_a_screen() -> None:
    reports = [
        DayReport(DayProgress(date(2025, 5, number), "enumerating", None, None), review=0) for number in range(1, 31)
    ]
    view = shown(reports, Pace())
    assert view.count("enumerating") == 8
    assert "0 of 30 days finished" in view


reports_of_pace = st.lists(st.tuples(st.floats(0.01, 30), st.integers(0, 500)), min_size=2, max_size=60)


@given(reports_of_pace, st.integers(0, 10_000))
def test_pace_is_never_negative_and_time_left_follows_from_it(steps: list[tuple[float, int]], remaining: int) -> None:
    pace, at_s, done = Pace(), 0.0, 0
    for step_s, more in steps:
        at_s, done = at_s + step_s, done + more
        pace.report(at_s, done)
    assert 0 <= pace.rate_per_s <= max(more / step_s for step_s, more in steps) * 1.001
    left_s = pace.left_s(remaining)
    if remaining == 0:
        assert left_s == 0
    elif pace.rate_per_s == 0:
        assert left_s is None
    else:
        assert left_s is not None
        assert abs(left_s * pace.rate_per_s - remaining) < 1e-3


def test_pace_forgets_what_was_long_ago() -> None:
    pace = Pace()
    for second in range(300):
        pace.report(float(second), min(second, 100) * 10)
    assert pace.rate_per_s == 0


def test_a_revision_that_expired_or_was_disposed_of_is_no_longer_waited_for() -> None:
    conversations = {"archived": 3, "review": 1, "expired": 7, "ending": 2, "ended": 5}
    report = DayReport(DayProgress(date(2020, 5, 14), "settled", None, None, conversations=conversations), review=1)
    assert "conversations 18/18, recordings 0/0" in " ".join(shown([report], Pace()).split())
