"""How a restore stands, in words: whether it will be in time, what it costs, and when to look again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from strongroom.errors import StrongroomError
from strongroom.ledger.restore_objects import RestoreObject
from strongroom.ledger.restores import RestoreRow
from strongroom.vault.prices import PriceTable, Restore
from strongroom.vault.retrieval import makes_it, margin_s, pause_s, retrieval_usd

WATCH_S = 12 * 3_600.0
"""How often what can be read is looked at again while it is needed."""
WARN_BEFORE = timedelta(minutes=30)
"""What is not even asked for is said to be late this long before the due time."""

_SHORTEST_S = 1.0


@dataclass(frozen=True)
class RestoreStatus:
    """A restore by the ledger. `late` is the finding in words, `usd` what bringing its objects back costs, estimated.

    The estimate is S3's retrieval and requests, by the price table, without the days the copies are kept.
    """

    restore: RestoreRow
    late: str | None
    usd: Decimal


def status_of(row: RestoreRow, prices: PriceTable) -> RestoreStatus:
    """A row with what can be said of it."""
    costs = [
        retrieval_usd(restore, each.size_bytes)
        for each in row.objects
        if (restore := asked_by(prices, each)) is not None
    ]
    return RestoreStatus(row, None if row.warned_at is None else row.cause, sum(costs, Decimal(0)))


def asked_by(prices: PriceTable, each: RestoreObject) -> Restore | None:
    """The retrieval tier an object was asked for by; None when it was not asked for here."""
    storage_class = prices.storage_classes.get(each.storage_class or "")
    restores = storage_class.restores if storage_class else ()
    return next((restore for restore in restores if restore.tier == each.tier), None)


def lateness(
    prices: PriceTable,
    needed_by: datetime,
    now: datetime,
    objects: Sequence[RestoreObject],
    troubles: Sequence[StrongroomError],
) -> str | None:
    """Why not all objects are sure to be readable by `needed_by`; None while nothing speaks against it."""
    failed = [each for each in objects if each.state == "failed"]
    if failed:
        return f"{_of(failed, objects)} can't be brought back: {failed[0].cause}"
    asked = [each for each in objects if each.state == "asked"]
    slow = [each for each in asked if not _was_in_time(prices, each, needed_by)]
    if slow:
        return f"{_of(slow, objects)} may not be readable in time: {slow[0].cause}"
    overdue = [each for each in asked if _is_overdue(prices, each, now)]
    if overdue:
        return f"{_of(overdue, objects)} should be readable by now and can't be read: {overdue[0].cause}"
    unasked = [each for each in objects if each.state == "needed"]
    if unasked and needed_by - now <= WARN_BEFORE:
        reason = troubles[0].reason if troubles else "the store was not asked yet"
        return f"{_of(unasked, objects)} not asked for yet, and it is due: {reason}"
    return None


def _was_in_time(prices: PriceTable, each: RestoreObject, needed_by: datetime) -> bool:
    restore = asked_by(prices, each)
    if restore is None or each.asked_at is None:
        return each.expected_at is None or each.expected_at <= needed_by
    return makes_it(restore, each.size_bytes, (needed_by - each.asked_at).total_seconds())


def _is_overdue(prices: PriceTable, each: RestoreObject, now: datetime) -> bool:
    restore = asked_by(prices, each)
    patience = timedelta(seconds=margin_s(restore)) if restore else timedelta()
    return each.expected_at is not None and each.expected_at + patience <= now


def is_given_up(needed_until: datetime, now: datetime, grace: timedelta, waiting: Iterable[RestoreObject]) -> bool:
    """Whether waiting has ended: nobody needs it any more, and what was asked for is `grace` overdue."""
    ends = [needed_until, *(each.expected_at + grace for each in waiting if each.expected_at is not None)]
    return now >= max(ends)


def next_look_s(now: datetime, pause_s: float, moments: Iterable[datetime | None]) -> float:
    """Seconds to the next look: the pause, or sooner at the first of these moments that is still to come."""
    left_s = [(moment - now).total_seconds() for moment in moments if moment is not None and moment > now]
    return max(min([pause_s, *left_s]), _SHORTEST_S)


def pause_after_s(prices: PriceTable, each: RestoreObject) -> float:
    """Seconds until it pays to look at an object again that was asked for; of a stranger's request, the shortest."""
    restore = asked_by(prices, each)
    storage_class = prices.storage_classes.get(each.storage_class or "")
    restores = (restore,) if restore else storage_class.restores if storage_class else ()
    return min((pause_s(one) for one in restores), default=_SHORTEST_S)


def readable_until(objects: Iterable[RestoreObject]) -> datetime | None:
    """Until when every object can be read; None: for good."""
    return min((each.readable_until for each in objects if each.readable_until is not None), default=None)


def time_words(minutes: int) -> str:
    """A retrieval tier's time."""
    return f"{minutes} minutes" if minutes < 60 else f"{minutes / 60:g} hours"


def _of(some: Sequence[RestoreObject], objects: Sequence[RestoreObject]) -> str:
    return f"{len(some)} of {len(objects)} objects"
