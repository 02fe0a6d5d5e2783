"""A back-fill: old days, one after the other, from the asynchronous job's pages, in the background.

Each step begins where the last one ended: the day, the job and the cursor are in the ledger. It reads on only while
few enough of what back-fills found are still under way.
"""

from datetime import timedelta

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.details_jobs import data_available_until, job_results, job_status, submit_job
from strongroom.genesys.errors import RateLimited
from strongroom.house import House
from strongroom.ledger.backfills import (
    Reading,
    backfill_submitted,
    day_was_read,
    in_flight,
    page_was_read,
    postpone_backfill,
    take_backfill,
)
from strongroom.ledger.discovering import Background, discover
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_backfill
from strongroom.pipeline.enumerate import Ends, log_invalid
from strongroom.pipeline.failures import Unexpected, backoff_s
from strongroom.times import format_instant, start_of

_log = structlog.get_logger()

_ANEW_AFTER = 4
"""So many failures in a row, and the job may be what is wrong: another is submitted."""


def read_backfill(house: House, backfill_id: int) -> None:
    """Take the next step of a back-fill: submit its day's job, wait for it, or record pages while there is room.

    What goes wrong postpones it with the reason. A back-fill that is stopped meanwhile ends the reading at its page.
    """
    reading = take_backfill(house.engine, backfill_id, house.holder)
    if reading is None:
        return
    house = house.in_background()
    try:
        with kept_backfill(house.engine, backfill_id, house.holder):
            _step(house, reading)
    except LeaseLost:
        _log.info("the back-fill is stopped, or another worker reads it", backfill=backfill_id)
    except StrongroomError as error:
        _postpone(house, reading, error)
    except Exception as error:  # noqa: BLE001  # the back-fill must say why it waits, whatever it was
        _postpone(house, reading, Unexpected(error))


def _step(house: House, reading: Reading) -> None:
    if in_flight(house.engine) >= house.settings.backfill_in_flight:
        _wait(house, reading, "waits until less of it is under way", house.settings.feed_interval_s)
        return
    if reading.job_id is None:
        _submit(house, reading)
        return
    if reading.cursor is None:
        status = job_status(house.genesys, reading.job_id)
        if status.is_running:
            _wait(house, reading, f"the job for {reading.day} is {status.state}", _look_again_s(house))
            return
        if not status.is_fulfilled:
            cause = f"the job for {reading.day} ended {status.state}: another is submitted"
            due_in_s = _look_again_s(house)
            postpone_backfill(house.engine, reading, house.holder, due_in_s, cause, failed=True, anew=True)
            return
    _record(house, reading, reading.job_id)


def _submit(house: House, reading: Reading) -> None:
    begin = start_of(reading.day)
    end = begin + timedelta(days=1)
    available_until = data_available_until(house.genesys)
    if available_until < end:
        cause = f"Genesys has the data of activity until {format_instant(available_until)} only"
        _wait(house, reading, cause, house.settings.retry_interval_s)
        return
    job_id = submit_job(house.genesys, begin, end)
    backfill_submitted(house.engine, reading, house.holder, job_id, _look_again_s(house))


def _record(house: House, reading: Reading, job_id: str) -> None:
    """Record pages, each with the cursor of the next; a page that is read twice changes nothing."""
    day = reading.day
    ends = Ends(start_of(day), start_of(day + timedelta(days=1)), frozenset({day}))
    settings = house.settings
    for one in job_results(house.patient_genesys, job_id, reading.cursor):
        log_invalid(day, one)
        discover(
            house.engine,
            ends.found(one),
            quiet_s=settings.quiet_s,
            deadline_s=settings.retry_deadline_s,
            background=Background(reading.shortest_lock_days),
        )
        if one.next_cursor is None:
            day_was_read(house.engine, reading, house.holder)
            return
        page_was_read(house.engine, reading, house.holder, one.next_cursor)
        if in_flight(house.engine) >= settings.backfill_in_flight:
            _wait(house, reading, "waits until less of it is under way", settings.feed_interval_s)
            return


def _look_again_s(house: House) -> float:
    """How often a job is asked after: it takes minutes."""
    return min(house.settings.retry_interval_s, 60.0)


def _wait(house: House, reading: Reading, cause: str, due_in_s: float) -> None:
    postpone_backfill(house.engine, reading, house.holder, due_in_s, cause)


def _postpone(house: House, reading: Reading, error: StrongroomError) -> None:
    _log.warning("back-fill postponed", backfill=reading.backfill_id, reason=str(error))
    failed = not isinstance(error, RateLimited)
    anew = failed and reading.attempts % _ANEW_AFTER == 0
    if isinstance(error, RateLimited):
        due_in_s = error.retry_after_s
    else:
        due_in_s = backoff_s(reading.attempts, house.settings.retry_interval_s)
    try:
        postpone_backfill(house.engine, reading, house.holder, due_in_s, error.reason, failed=failed, anew=anew)
    except LeaseLost:
        return
