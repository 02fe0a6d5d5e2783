"""Whether what was sampled over a run is flat: pure arithmetic on (second, value) pairs, in the order of time.

A run is cut into quarters of its time. The first is warm-up: caches fill, pools of connections and of memory find their
size. What a series grew by is the median of its last quarter less that of its second: medians, so that neither a
garbage collector's saw-tooth nor one large page counts, and quarters that lie half a run apart. A leak grows with the
work, so it shows between them whatever its pace; what is found once and kept (a plateau) does not, if it was found by
then. The slope is that of the least squares over the second half: what the growth would be in an hour.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import linear_regression, median

Samples = Sequence[tuple[float, float]]

_FEWEST_A_QUARTER = 2


@dataclass(frozen=True)
class Flatness:
    """Medians of the second and the last quarter, in the series' own unit, and its slope over the second half."""

    second_quarter: float
    last_quarter: float
    slope_an_hour: float

    @property
    def growth(self) -> float:
        """By how much the last quarter's median is above the second's; negative where it is below."""
        return self.last_quarter - self.second_quarter

    @property
    def growth_percent(self) -> float:
        """The same, in percent of the second quarter's; 0 where both are nothing."""
        if self.second_quarter == 0:
            return 0.0 if self.last_quarter == 0 else float("inf")
        return 100 * self.growth / self.second_quarter


def flatness(samples: Samples) -> Flatness | None:
    """How flat a series is, by its own time; None where it is too short to have quarters."""
    if len(samples) < 4 * _FEWEST_A_QUARTER:
        return None
    seconds = [second for second, _ in samples]
    begin, length = seconds[0], seconds[-1] - seconds[0]
    first, half, last = (bisect_left(seconds, begin + length * part) for part in (0.25, 0.5, 0.75))
    second_quarter, last_quarter = samples[first:half], samples[last:]
    if min(len(second_quarter), len(last_quarter)) < _FEWEST_A_QUARTER:
        return None
    slope = linear_regression(*zip(*samples[half:], strict=True)).slope
    return Flatness(
        median(value for _, value in second_quarter), median(value for _, value in last_quarter), 3_600 * slope
    )


def fewest_in_a_minute(counted: Samples) -> float:
    """Of a count that only grows: by how much it grew in the minute in which it grew least.

    Minutes are counted from the first sample on, whole ones only. Raises ValueError where there is none.
    """
    seconds = [second for second, _ in counted]
    minutes = int((seconds[-1] - seconds[0]) // 60)
    marks = [_at(counted, seconds, seconds[0] + 60 * minute) for minute in range(minutes + 1)]
    return min(after - before for before, after in pairwise(marks))


def _at(samples: Samples, seconds: Sequence[float], second: float) -> float:
    """The value at the first sample that is not before it."""
    return samples[bisect_left(seconds, second)][1]
