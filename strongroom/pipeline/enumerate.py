"""Which conversations ended on a day. The query knows them by start, the promise is about ends."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.analytics import Page, ended_since, started_on
from strongroom.genesys.errors import TooManyConversations
from strongroom.house import House
from strongroom.ledger.discovering import Found, discover
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_run
from strongroom.ledger.recounts import latest_recount
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.runs import Run, days_with_run, enumerated, postpone_run, take_run
from strongroom.pipeline.changed import record_changed
from strongroom.pipeline.failures import Retry, Unexpected, verdict
from strongroom.times import day_of, start_of

_log = structlog.get_logger()


@dataclass(frozen=True)
class Ends:
    """Which ends a run looks for: `first` to `last` (exclusive), on the days it minds and in the overlap after them."""

    first: datetime
    last: datetime
    days: frozenset[date]

    def found(self, page: Page) -> list[Found]:
        """The page's conversations that ended then, each filed under the day it really ended."""
        return [
            Found(
                conversation_id=UUID(one.conversation_id),
                conversation_start=one.started_at,
                conversation_end=one.ended_at,
                day=day_of(one.ended_at),
                record=one.raw,
            )
            for one in page.conversations
            if one.ended_at is not None and self.first <= one.ended_at < self.last and day_of(one.ended_at) in self.days
        ]


def enumerate_day(house: House, day: date) -> Iterator[list[ConversationRef]]:
    """Record every conversation that ended on the day, page by page; each page's new ones, which are to be enqueued.

    Yields nothing when another worker enumerates the day, or nobody asked for it. An answer that doesn't come postpones
    the run with the reason; what was recorded until then stays. A day beyond the query's reach waits for its recount,
    which reads it whole. Records that can't be read are counted on the run.
    """
    run = take_run(house.engine, day, house.holder)
    if run is None:
        return
    ids: set[UUID] = set()
    invalid = 0
    try:
        with kept_run(house.engine, run, house.holder):
            ends = _ends_of(house, day)
            for page in _pages(house, day, ends):
                invalid += log_invalid(day, page)
                found = ends.found(page)
                ids.update(one.conversation_id for one in found)
                yield record_page(house, found)
        enumerated(house.engine, run, house.holder, len(ids), invalid)
    except LeaseLost:
        _log.info("another worker enumerates the day", day=str(day))
    except TooManyConversations as error:
        _leave_to_recount(house, run, error)
    except StrongroomError as error:
        _postpone(house, run, error)
    except Exception as error:  # noqa: BLE001  # the run must say why it waits, whatever it was
        _postpone(house, run, Unexpected(error))


def _leave_to_recount(house: House, run: Run, error: TooManyConversations) -> None:
    """No query reaches all of the day: its recount, which reads it whole, has found the rest, or is waited for."""
    recounted = latest_recount(house.engine, run.day)
    if recounted is None:
        _postpone(house, run, error)
        return
    _log.info("day known by its recount", day=str(run.day), reason=str(error))
    with suppress(LeaseLost):
        enumerated(house.engine, run, house.holder, recounted.conversations, 0)


def _postpone(house: House, run: Run, error: StrongroomError) -> None:
    _log.warning("enumeration postponed", day=str(run.day), reason=str(error))
    again = verdict(error, attempts=run.attempts, retry_interval_s=house.settings.retry_interval_s)
    due_in_s = again.due_in_s if isinstance(again, Retry) else house.settings.retry_interval_s
    try:
        postpone_run(house.engine, run, house.holder, due_in_s, error.reason)
    except LeaseLost:
        _log.info("another worker enumerates the day", day=str(run.day))


def record_page(house: House, found: Sequence[Found]) -> list[ConversationRef]:
    """Record a page of ended conversations; its new ones that are due, and revisions of those that changed since."""
    settings = house.settings
    changed = record_changed(house, found)
    return changed + discover(house.engine, found, quiet_s=settings.quiet_s, deadline_s=settings.retry_deadline_s)


def log_invalid(day: date, page: Page) -> int:
    """Log each record of a page that can't be read; how many there are."""
    for fault in page.invalid:
        _log.error("conversation can't be read", day=str(day), reason=str(fault))
    return len(page.invalid)


def _ends_of(house: House, day: date) -> Ends:
    """The day itself, the overlap after it, and a second look at the days before it that had their run already.

    A day before that was never archived is not begun by the way: it is the catch-up's, or nobody's.
    """
    back = timedelta(days=house.settings.second_look_days)
    archived_before = days_with_run(house.engine, day - back, day - timedelta(days=1))
    after_midnight = start_of(day + timedelta(days=1)) + timedelta(seconds=house.settings.overlap_s)
    return Ends(
        first=start_of(min(archived_before, default=day)),
        last=after_midnight,
        days=frozenset(archived_before | {day, day + timedelta(days=1)}),
    )


def _pages(house: House, day: date, ends: Ends) -> Iterator[Page]:
    """The day itself by start, whole; then each older start-day by end, only as far as its ends are new enough."""
    reach = house.settings.query_reach
    yield from started_on(house.patient_genesys, day, reach=reach)
    oldest = house.settings.look_back_days + (day - day_of(ends.first)).days
    for days_back in range(1, oldest + 1):
        yield from ended_since(house.patient_genesys, day - timedelta(days=days_back), ends.first, reach=reach)
