"""Instants and days, always UTC (a day is a UTC day)."""

from datetime import UTC, date, datetime, time, timedelta


def utc_now() -> datetime:
    """The present instant, timezone-aware in UTC."""
    return datetime.now(UTC)


def parse_instant(text: str) -> datetime:
    """Read an ISO-8601 instant such as Genesys sends (`2025-05-14T23:59:59.999Z`).

    Raises ValueError when it is not one, or when it names no time zone: a time without one is a guess.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return instant.astimezone(UTC)


def format_instant(instant: datetime) -> str:
    """ISO-8601 in UTC with milliseconds and `Z`, the form Genesys uses on the wire."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_of(instant: datetime) -> date:
    """The UTC day an instant falls on."""
    return instant.astimezone(UTC).date()


def start_of(day: date) -> datetime:
    """The first instant of a UTC day; its end is `start_of(day + one day)`, exclusive."""
    return datetime.combine(day, time.min, UTC)


def days_between(first: date, last: date) -> list[date]:
    """Every day from first to last, both included; empty when last comes before first."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
