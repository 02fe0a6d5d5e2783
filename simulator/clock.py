"""The simulator's clock: the machine's, until it is told otherwise. It ticks on from wherever it was put."""

import time
from datetime import UTC, datetime


class Clock:
    """All of the simulator reads this clock: what has started, what has expired, when a window closes."""

    def __init__(self, now: datetime | None = None) -> None:
        self._ahead_s = 0.0
        if now is not None:
            self.set(now)

    def now_s(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead_s

    def now_ms(self) -> int:
        """Whole milliseconds since the epoch."""
        return int(self.now_s() * 1000)

    def set(self, now: datetime) -> None:
        """Put the clock to an instant (timezone-aware), past or future."""
        self._ahead_s = now.timestamp() - time.time()

    def advance(self, seconds: float) -> None:
        """Move the clock on by so many seconds; negative moves it back."""
        self._ahead_s += seconds


def instant(ms: int) -> str:
    """Milliseconds since the epoch in Genesys's form: ISO-8601, UTC, milliseconds, `Z`."""
    seconds, rest = divmod(ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def parse_instant(text: str) -> datetime:
    """Read an ISO-8601 instant; without a time zone it is UTC, as Genesys takes it. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
