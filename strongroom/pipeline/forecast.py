"""When a back-fill will be done: from what is left, how fast it goes, and how fast Genesys lets it go at most."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = timedelta(days=36_525)
"""Beyond a century it is not a forecast: there is none then."""


@dataclass(frozen=True)
class Left:
    """What a back-fill has before it. Days that are not read yet are taken to be like those that are."""

    days_read: int
    days_unread: int
    conversations_found: int
    conversations_open: int

    @property
    def conversations(self) -> float | None:
        """How many conversations are left; None while no day is read, so that nothing tells."""
        if not self.days_unread:
            return float(self.conversations_open)
        if not self.days_read:
            return None
        return self.conversations_open + self.days_unread * self.conversations_found / self.days_read


@dataclass(frozen=True)
class Forecast:
    """`expected_at` by the measured rate, `earliest_at` if it had Genesys's allowance for itself; None: not known."""

    conversations_left: float | None
    expected_at: datetime | None
    earliest_at: datetime | None


def forecast(
    now: datetime,
    left: Left,
    *,
    measured_per_s: float,
    requests_per_minute: float,
    requests_a_conversation: float,
) -> Forecast:
    """When it will be done.

    `measured_per_s` is how many conversations settled a second lately, of the back-fill alone; `requests_per_minute`
    what the allowance leaves to back-fills. Nothing is done earlier than the allowance permits, whatever was measured.
    """
    conversations = left.conversations
    if conversations is None:
        return Forecast(None, None, None)
    earliest = _after(now, conversations, requests_per_minute / 60 / requests_a_conversation)
    expected = _after(now, conversations, measured_per_s)
    if expected is not None and earliest is not None:
        expected = max(expected, earliest)
    return Forecast(conversations, expected, earliest)


def _after(now: datetime, conversations: float, per_s: float) -> datetime | None:
    if conversations <= 0:
        return now
    if per_s * LONGEST.total_seconds() <= conversations:
        return None
    return now + timedelta(seconds=conversations / per_s)
