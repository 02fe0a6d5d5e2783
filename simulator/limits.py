"""The rate limit: so many requests a minute for each OAuth client, in fixed windows."""

import math
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from simulator.clock import Clock
from simulator.errors import ApiError

WINDOW_S = 60
_ODD_RESETS_S = (0, 0, 7, -7, 0, -61)


@dataclass
class Counted:
    """What one client asked: in each of the windows in which it asked, at most in any `WINDOW_S`, and how often 429."""

    windows: list[int] = field(default_factory=list)
    most: int = 0
    refused: int = 0


class RateLimit:
    """Windows are the clock's minutes. A client's count is kept whatever number of tokens it holds.

    With `odd_resets` the seconds until the window closes are now and then too many, too few, or fewer than none. Other
    windows than of a minute are for tests that have less time.
    """

    def __init__(self, clock: Clock, per_window: int, *, odd_resets: bool = False, window_s: int = WINDOW_S) -> None:
        self._clock = clock
        self._per_window = per_window
        self._odd_resets = odd_resets
        self._window_s = window_s
        self._window = 0
        self._counts: dict[str, int] = {}
        self._counted: dict[str, Counted] = {}
        self._lately: dict[str, deque[float]] = {}

    def count(self, client: str) -> dict[str, str]:
        """Count a request; the headers its answer carries. Raises ApiError 429 once the allowance is used up."""
        if not self._per_window:
            return {}
        now_s = self._clock.now_s()
        window, elapsed = divmod(now_s, self._window_s)
        if window != self._window:
            self._window, self._counts = int(window), {}
        used = self._counts[client] = self._counts.get(client, 0) + 1
        reset_s = max(1, math.ceil(self._window_s - elapsed))
        headers = {
            "inin-ratelimit-count": str(used),
            "inin-ratelimit-allowed": str(self._per_window),
            "inin-ratelimit-reset": str(reset_s + _ODD_RESETS_S[used % len(_ODD_RESETS_S)] * self._odd_resets),
        }
        self._remember(client, now_s, used)
        if used > self._per_window:
            raise too_many_requests(reset_s, headers)
        return headers

    def shown(self) -> dict[str, Any]:
        """What each client asked since the start, as `/_sim/limits` answers it."""
        return {client: asdict(counted) for client, counted in sorted(self._counted.items())}

    def _remember(self, client: str, now_s: float, used: int) -> None:
        counted = self._counted.setdefault(client, Counted())
        lately = self._lately.setdefault(client, deque())
        lately.append(now_s)
        while lately[0] <= now_s - self._window_s:
            lately.popleft()
        counted.most = max(counted.most, len(lately))
        if used == 1:
            counted.windows.append(0)
        counted.windows[-1] = used
        counted.refused += used > self._per_window


def too_many_requests(retry_after_s: int, headers: dict[str, str] | None = None) -> ApiError:
    """429, with the seconds to wait."""
    message = f"Rate limit exceeded the maximum. Retry the request in [{retry_after_s}] seconds"
    return ApiError(429, "too.many.requests", message, {**(headers or {}), "Retry-After": str(retry_after_s)})
