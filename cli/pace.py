"""How fast something goes, and when it will be done at that pace."""

from collections import deque

WINDOW_S = 60.0
"""Long enough to even out the batches a fleet works in, short enough to notice that it has stopped."""


class Pace:
    """The pace over the last minute of what was reported."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def report(self, at_s: float, done: int) -> None:
        """So much is done at this time, in seconds of a clock that never goes back."""
        self._samples.append((at_s, done))
        while len(self._samples) > 2 and self._samples[1][0] <= at_s - WINDOW_S:
            self._samples.popleft()

    @property
    def rate_per_s(self) -> float:
        """Done a second; 0 until two reports tell."""
        if len(self._samples) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._samples[0], self._samples[-1]
        return max(0.0, (last - first) / (last_s - first_s)) if last_s > first_s else 0.0

    def left_s(self, remaining: int) -> float | None:
        """Seconds until the remaining ones are done at this pace; None while nothing moves."""
        if remaining <= 0:
            return 0.0
        return remaining / self.rate_per_s if self.rate_per_s else None
