"""Imported by Python itself at the start of a process whose clock libfaketime sets off: gives it a sleep that works.

Python 3.11 and later sleep by clock_nanosleep until a time of the monotonic clock, and libfaketime 0.9.10, which Debian
has, sets that off as well: each sleep is an OSError (https://github.com/wolfcw/libfaketime/issues/426).
"""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select((), (), (), seconds)


time.sleep = _sleep
