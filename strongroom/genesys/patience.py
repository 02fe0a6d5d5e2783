"""How long one call may go on asking, and how long it waits between two attempts."""

import random
import time

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 8.0


class Patience:
    """The time one call has for all its attempts together, counted on the monotonic clock from its creation.

    Attempt n (from 1) that failed waits `uniform(0.5, 1) * min(0.5 * 2 ** (n - 1), 8)` seconds: exponential, and
    jittered so that workers that failed together do not come back together.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._failures = 0

    def wait(self, seconds: float) -> bool:
        """Sleep for that long if it fits what is left, and say whether it did."""
        if time.monotonic() + seconds > self._until:
            return False
        time.sleep(seconds)
        return True

    def back_off(self) -> bool:
        """Sleep before another attempt if it fits what is left, and say whether it did."""
        longest = min(FIRST_BACKOFF_S * 2.0**self._failures, LONGEST_BACKOFF_S)
        self._failures += 1
        return self.wait(longest * random.uniform(0.5, 1.0))
