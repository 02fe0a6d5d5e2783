"""A second way to a day's conversations: by activity, from the asynchronous job, whatever day they started on.

The nightly query knows conversations by their start and looks back some days; one that lasted longer has activity on
its last day and is found here. The job's source lags, so a day is read when `dataAvailabilityDate` has passed it.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.details_jobs import data_available_until, job_results, job_status, submit_job
from strongroom.genesys.errors import RateLimited
from strongroom.house import House
from strongroom.ledger.activity import (
    ActivityRead,
    activity_was_read,
    postpone_activity_read,
    submitted,
    take_activity_read,
)
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_activity_read
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.enumerate import Ends, log_invalid, record_page
from strongroom.pipeline.failures import Unexpected
from strongroom.times import format_instant, start_of

_log = structlog.get_logger()


def read_activity(house: House, day: date) -> Iterator[list[ConversationRef]]:
    """Take the next step of a day's activity read: wait for the data, submit the job, or record its pages.

    Yields each page's new conversations, which are to be enqueued. What goes wrong postpones the read with the reason.
    """
    read = take_activity_read(house.engine, day, house.holder)
    if read is None:
        return
    interval_s = house.settings.retry_interval_s
    try:
        with kept_activity_read(house.engine, day, house.holder):
            if read.job_id is None:
                _submit(house, day, read, interval_s)
                return
            status = job_status(house.genesys, read.job_id)
            if status.is_running:
                postpone_activity_read(house.engine, read, house.holder, interval_s, f"the job is {status.state}")
                return
            if not status.is_fulfilled:
                cause = f"the job ended {status.state}: another is submitted"
                postpone_activity_read(house.engine, read, house.holder, interval_s, cause, anew=True)
                return
            yield from _record(house, day, read.job_id)
    except LeaseLost:
        _log.info("another worker reads the day's activity", day=str(day))
    except StrongroomError as error:
        _postpone(house, read, error)
    except Exception as error:  # noqa: BLE001  # the read must say why it waits, whatever it was
        _postpone(house, read, Unexpected(error))


def _postpone(house: House, read: ActivityRead, error: StrongroomError) -> None:
    """Later again; every fourth time with a new job, for the old one may be what is wrong."""
    _log.warning("activity read postponed", day=str(read.day), reason=str(error))
    due_in_s = error.retry_after_s if isinstance(error, RateLimited) else house.settings.retry_interval_s
    postpone_activity_read(house.engine, read, house.holder, due_in_s, error.reason, anew=read.attempts % 4 == 0)


def _submit(house: House, day: date, read: ActivityRead, interval_s: float) -> None:
    end = start_of(day + timedelta(days=1))
    available_until = data_available_until(house.genesys)
    if available_until < end:
        cause = f"Genesys has the data of activity until {format_instant(available_until)} only"
        postpone_activity_read(house.engine, read, house.holder, interval_s, cause)
        return
    job_id = submit_job(house.genesys, start_of(day), end)
    submitted(house.engine, day, house.holder, job_id, min(interval_s, 60.0))


def _record(house: House, day: date, job_id: str) -> Iterator[list[ConversationRef]]:
    ends = Ends(start_of(day), start_of(day + timedelta(days=1)), frozenset({day}))
    found = 0
    for page in job_results(house.patient_genesys, job_id):
        log_invalid(day, page)
        ended = ends.found(page)
        found += len(ended)
        yield record_page(house, ended)
    activity_was_read(house.engine, day, house.holder, found)
