"""Calendar years: a record kept seven years is kept until the same day seven years on, leap days included."""

from calendar import isleap
from datetime import UTC, datetime


def add_years(instant: datetime, years: int) -> datetime:
    """The same day and time of day `years` calendar years later, in UTC; never less than was asked.

    29 February goes forward to 1 March in a year that has none. (The archiving guide's 365 days a year would end
    one or two days early.) Raises ValueError for an instant without a time zone, for negative years, and past the
    year 9999.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone can't be dated")
    if years < 0:
        raise ValueError("years are only ever added")
    utc = instant.astimezone(UTC)
    year = utc.year + years
    if (utc.month, utc.day) == (2, 29) and not isleap(year):
        return utc.replace(year=year, month=3, day=1)
    return utc.replace(year=year)
