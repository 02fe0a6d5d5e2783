"""How far the days are, for whoever keeps the archive running: counts and causes, nothing of a customer's."""

from strongroom.house import House
from strongroom.ledger.progress import DayProgress, day_progress, recent_days
from strongroom.legal.access import Principal, Right, require

RECENT_DAYS = 14


def recent_progress(house: House, principal: Principal) -> list[DayProgress]:
    """The latest days, the newest first. Raises Forbidden, LedgerUnreachable."""
    require(principal, Right.SEE_PROGRESS)
    return [day_progress(house.engine, day) for day in recent_days(house.engine, RECENT_DAYS)]
