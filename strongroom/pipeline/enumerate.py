"""Which conversations ended on a day. The query knows them by start, the promise is about ends."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.analytics import Page, ended_since, started_on
from strongroom.house import House
from strongroom.ledger.conversations import Found, discover
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_run
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.runs import enumerated, postpone_run, take_run
from strongroom.pipeline.failures import FIRST_RETRY_S
from strongroom.times import day_of, start_of

_log = structlog.get_logger()


def enumerate_day(house: House, day: date) -> Iterator[list[ConversationRef]]:
    """Record every conversation that ended on the day, page by page; each page's new ones, which are to be enqueued.

    Yields nothing when another worker enumerates the day, or nobody asked for it. What can't be read postpones the
    run with the reason; what was recorded until then stays.
    """
    run = take_run(house.engine, day, house.holder)
    if run is None:
        return
    ids: set[UUID] = set()
    invalid = 0
    try:
        with kept_run(house.engine, run, house.holder):
            for page in _pages(house, day):
                invalid += len(page.invalid)
                found = _ended_in_time(house, day, page)
                ids.update(one.conversation_id for one in found)
                yield discover(
                    house.engine,
                    found,
                    quiet_s=house.settings.quiet_s,
                    deadline_s=house.settings.retry_deadline_s,
                )
        if invalid:
            raise StrongroomError(
                f"{invalid} conversations of the analytics answer can't be read; all others are recorded",
                where=f"day {day}",
                todo="report it with the correlation ids in the log; the day is enumerated again",
            )
        enumerated(house.engine, run, house.holder, len(ids))
    except LeaseLost:
        _log.info("another worker enumerates the day", day=str(day))
    except StrongroomError as error:
        _log.warning("enumeration postponed", day=str(day), reason=str(error))
        postpone_run(house.engine, run, house.holder, min(FIRST_RETRY_S, house.settings.retry_interval_s), error.reason)


def _pages(house: House, day: date) -> Iterator[Page]:
    """The day itself by start, whole; then each older start-day by end, only as far as its ends reach the day."""
    yield from started_on(house.genesys, day)
    for days_back in range(1, house.settings.look_back_days + 1):
        yield from ended_since(house.genesys, day - timedelta(days=days_back), start_of(day))


def _ended_in_time(house: House, day: date, page: Page) -> list[Found]:
    """Those that ended on the day or in the overlap after it, each filed under the day it really ended."""
    for fault in page.invalid:
        _log.error("conversation can't be read", day=str(day), reason=str(fault))
    first = start_of(day)
    last = start_of(day + timedelta(days=1)) + timedelta(seconds=house.settings.overlap_s)
    return [
        Found(
            conversation_id=UUID(one.conversation_id),
            conversation_start=one.started_at,
            conversation_end=one.ended_at,
            day=day_of(one.ended_at),
            record=one.raw,
        )
        for one in page.conversations
        if one.ended_at is not None and first <= one.ended_at < last
    ]
