"""How a back-fill stands: what it found and what became of that, and when it will be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.settings import Settings
from strongroom.ledger.backfill_counts import BackfillCounts, count_backfill
from strongroom.ledger.backfills import Backfill, list_backfills
from strongroom.ledger.engine import Engine
from strongroom.pipeline.days import last_ended_day
from strongroom.pipeline.forecast import Forecast, Left, forecast

MEASURED_S = 3_600.0
"""The rate is that of the last hour."""
REQUESTS_A_CONVERSATION = 0.1
"""What batches of a hundred need: the most that `make bench ONLY=requests` permits."""


@dataclass(frozen=True)
class Outlook:
    """A back-fill, its conversations by state, how many of its days are read, and the forecast while it runs."""

    backfill: Backfill
    counts: BackfillCounts
    days: int
    days_read: int
    forecast: Forecast | None


def outlooks(settings: Settings, engine: Engine, now: datetime) -> list[Outlook]:
    """Every back-fill, the latest first."""
    return [_outlook(settings, engine, backfill, now) for backfill in list_backfills(engine)]


def to_back_fill(settings: Settings, days: Sequence[date], now: datetime) -> list[date]:
    """Of a range that was asked for the days that no night would make up for any more: they can wait.

    The others are archived at once, and so is a day that was asked for by itself.
    """
    nights_from = last_ended_day(settings, now) - timedelta(days=max(settings.catch_up_days, 1) - 1)
    return [day for day in days if day < nights_from] if len(days) > 1 else []


def _outlook(settings: Settings, engine: Engine, backfill: Backfill, now: datetime) -> Outlook:
    counts = count_backfill(
        engine, backfill.first_day, backfill.last_day, since=backfill.first_seen_at, at_most_s=MEASURED_S
    )
    days = (backfill.last_day - backfill.first_day).days + 1
    days_read = _days_read(backfill, days)
    expected = None
    if backfill.state == "running":
        left = Left(days_read, days - days_read, sum(counts.by_state.values()), counts.open)
        expected = forecast(
            now,
            left,
            measured_per_s=counts.settled_lately / max(counts.measured_s, 1.0),
            requests_per_minute=_requests_per_minute(settings),
            requests_a_conversation=REQUESTS_A_CONVERSATION,
        )
    return Outlook(backfill, counts, days, days_read, expected)


def _requests_per_minute(settings: Settings) -> float:
    """What the allowance leaves to back-fills when nothing else wants it."""
    return settings.requests_per_minute * len(settings.genesys_clients) * (1 - settings.priority_share)


def _days_read(backfill: Backfill, days: int) -> int:
    if backfill.reading_day is None:
        return days
    if backfill.newest_first:
        return (backfill.last_day - backfill.reading_day).days
    return (backfill.reading_day - backfill.first_day).days
