"""A second way to a day's conversations: by activity, from the asynchronous job, whatever day they started on.

The nightly query knows conversations by their start and looks back some days; one that lasted longer has activity on
its last day and is found here. The job's source lags, so a day is read when `dataAvailabilityDate` has passed it.
That reading is the day's recount.
"""

from collections.abc import Generator, Iterator
from datetime import date, timedelta

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.details_jobs import data_available_until, job_status, submit_job
from strongroom.genesys.errors import RateLimited
from strongroom.house import House
from strongroom.ledger.activity import (
    ActivityRead,
    postpone_activity_read,
    submitted,
    take_activity_read,
)
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_activity_read
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.failures import Unexpected
from strongroom.pipeline.recount import put_result, recount
from strongroom.times import format_instant, start_of

_log = structlog.get_logger()


def read_activity(house: House, day: date) -> Iterator[list[ConversationRef]]:
    """Take the next step of a day's activity read: wait for the data, submit the job, recount the day, put the result.

    Yields the conversations that are to be enqueued. What goes wrong postpones the read with the reason.
    """
    while (read := take_activity_read(house.engine, day, house.holder)) is not None:
        if not (yield from _step(house, read)):
            return


def _step(house: House, read: ActivityRead) -> Generator[list[ConversationRef], None, bool]:
    """One step; True when the next can follow at once."""
    interval_s = house.settings.retry_interval_s
    try:
        with kept_activity_read(house.engine, read.day, house.holder):
            if read.is_counted:
                put_result(house, read)
                return False
            if read.job_id is None:
                _submit(house, read.day, read, interval_s)
                return False
            status = job_status(house.genesys, read.job_id)
            if status.is_running:
                postpone_activity_read(house.engine, read, house.holder, interval_s, f"the job is {status.state}")
                return False
            if not status.is_fulfilled:
                cause = f"the job ended {status.state}: another is submitted"
                postpone_activity_read(house.engine, read, house.holder, interval_s, cause, anew=True)
                return False
            yield from recount(house, read, read.job_id)
            return True
    except LeaseLost:
        _log.info("another worker reads the day's activity", day=str(read.day))
    except StrongroomError as error:
        _postpone(house, read, error)
    except Exception as error:  # noqa: BLE001  # the read must say why it waits, whatever it was
        _postpone(house, read, Unexpected(error))
    return False


def _postpone(house: House, read: ActivityRead, error: StrongroomError) -> None:
    """Later again; every fourth time with a new job, for the old one may be what is wrong."""
    _log.warning("activity read postponed", day=str(read.day), reason=str(error))
    due_in_s = error.retry_after_s if isinstance(error, RateLimited) else house.settings.retry_interval_s
    try:
        postpone_activity_read(house.engine, read, house.holder, due_in_s, error.reason, anew=read.attempts % 4 == 0)
    except LeaseLost:
        _log.info("another worker reads the day's activity", day=str(read.day))


def _submit(house: House, day: date, read: ActivityRead, interval_s: float) -> None:
    end = start_of(day + timedelta(days=1))
    available_until = data_available_until(house.genesys)
    if available_until < end:
        cause = f"Genesys has the data of activity until {format_instant(available_until)} only"
        postpone_activity_read(house.engine, read, house.holder, interval_s, cause)
        return
    job_id = submit_job(house.genesys, start_of(day), end)
    submitted(house.engine, day, house.holder, job_id, min(interval_s, 60.0))
