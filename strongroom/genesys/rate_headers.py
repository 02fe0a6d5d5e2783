"""What an answer of Genesys Cloud says of its rate limit."""

import math
from collections.abc import Mapping

RATE_WINDOW_S = 60.0
"""The limit counts requests a minute; the wait when a 429 names none."""
LONGEST_RETRY_AFTER_S = 3600.0
"""No answer from outside puts work off for longer than this."""


def retry_after_s(headers: Mapping[str, str]) -> float:
    """How long to wait after a 429, in seconds, from 1 to an hour; a whole window when the answer names no wait."""
    for name in ("Retry-After", "inin-ratelimit-reset"):
        seconds = number_of(headers, name)
        if seconds is not None and seconds >= 0:
            return min(max(seconds, 1.0), LONGEST_RETRY_AFTER_S)
    return RATE_WINDOW_S


def number_of(headers: Mapping[str, str], name: str) -> float | None:
    """A header that is a finite number; None when it isn't there, or isn't one."""
    try:
        number = float(headers.get(name, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
