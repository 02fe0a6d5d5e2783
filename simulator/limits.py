"""The rate limit: so many requests a minute for each OAuth client, in fixed windows."""

import math

from simulator.clock import Clock
from simulator.errors import ApiError

WINDOW_S = 60
_ODD_RESETS_S = (0, 0, 7, -7, 0, -61)


class RateLimit:
    """Windows are the clock's minutes. A client's count is kept whatever number of tokens it holds.

    With `odd_resets` the seconds until the window closes are now and then too many, too few, or fewer than none.
    """

    def __init__(self, clock: Clock, per_minute: int, *, odd_resets: bool = False) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._odd_resets = odd_resets
        self._window = 0
        self._counts: dict[str, int] = {}

    def count(self, client: str) -> dict[str, str]:
        """Count a request; the headers its answer carries. Raises ApiError 429 once the allowance is used up."""
        if not self._per_minute:
            return {}
        window, elapsed = divmod(self._clock.now_s(), WINDOW_S)
        if window != self._window:
            self._window, self._counts = int(window), {}
        used = self._counts[client] = self._counts.get(client, 0) + 1
        reset_s = max(1, math.ceil(WINDOW_S - elapsed))
        headers = {
            "inin-ratelimit-count": str(used),
            "inin-ratelimit-allowed": str(self._per_minute),
            "inin-ratelimit-reset": str(reset_s + _ODD_RESETS_S[used % len(_ODD_RESETS_S)] * self._odd_resets),
        }
        if used > self._per_minute:
            raise too_many_requests(reset_s, headers)
        return headers


def too_many_requests(retry_after_s: int, headers: dict[str, str] | None = None) -> ApiError:
    """429, with the seconds to wait."""
    message = f"Rate limit exceeded the maximum. Retry the request in [{retry_after_s}] seconds"
    return ApiError(429, "too.many.requests", message, {**(headers or {}), "Retry-After": str(retry_after_s)})
