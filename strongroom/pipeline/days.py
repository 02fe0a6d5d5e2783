"""Which days are due: yesterday once the night has begun, and any day of the catch-up that never had a run."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import structlog

from config.settings import Settings
from strongroom.house import House
from strongroom.ledger.engine import Engine
from strongroom.ledger.runs import days_with_run, first_day, open_first_run, settle_runs
from strongroom.times import day_of, days_between

_log = structlog.get_logger()


@dataclass(frozen=True)
class Window:
    """The days a process minds by itself, first to last, both included; empty when last comes before first."""

    first: date
    last: date


def last_ended_day(settings: Settings, now: datetime) -> date:
    """The latest day whose night has begun: it ended, and `enumerate_at` of the day after has passed."""
    begins = datetime.combine(day_of(now), settings.enumerate_at, UTC)
    return day_of(now) - timedelta(days=1 if now >= begins else 2)


def catch_up_window(settings: Settings, first_known_day: date | None, now: datetime) -> Window:
    """The days that are enqueued without being asked for.

    They begin at STRONGROOM_START_DAY; without one, at the first day that ever had a run, or at the last one.
    """
    last = last_ended_day(settings, now)
    start = settings.start_day or first_known_day or last
    return Window(max(start, last - timedelta(days=max(settings.catch_up_days, 1) - 1)), last)


def open_missed_days(house: House, now: datetime) -> list[date]:
    """Open a run for each day of the window that never had one; those days."""
    window = catch_up_window(house.settings, first_day(house.engine), now)
    missed = set(days_between(window.first, window.last)) - days_with_run(house.engine, window.first, window.last)
    return [day for day in sorted(missed) if open_first_run(house.engine, day, "due by the calendar")]


def settle_days(house: House) -> None:
    """Settle each day that has nothing under way any more; the log says which. Raises LedgerUnreachable."""
    for day in settle_runs(house.engine):
        _log.info("day settled", day=str(day))


def forgotten_days(settings: Settings, engine: Engine, now: datetime) -> list[date]:
    """Days since the start that no run has finished and that are too long ago for the catch-up: shown, not skipped."""
    start = settings.start_day or first_day(engine)
    if start is None:
        return []
    before = catch_up_window(settings, start, now).first - timedelta(days=1)
    return sorted(set(days_between(start, before)) - days_with_run(engine, start, before, settled=True))
