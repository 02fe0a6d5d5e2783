"""Conversations by activity: the asynchronous conversation details job, which knows no limit and lags by hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from strongroom.genesys.analytics import Page, page_of
from strongroom.genesys.client import GenesysApi
from strongroom.genesys.errors import GenesysAnswerInvalid
from strongroom.times import format_instant, parse_instant

JOBS_PATH = "/api/v2/analytics/conversations/details/jobs"
PAGE_SIZE = 1_000
RUNNING_STATES = frozenset({"QUEUED", "PENDING"})
FULFILLED = "FULFILLED"


@dataclass(frozen=True)
class JobStatus:
    """A job's state as Genesys names it: QUEUED, PENDING, FAILED, CANCELLED, FULFILLED or EXPIRED."""

    state: str

    @property
    def is_running(self) -> bool:
        """Whether its results are still to come."""
        return self.state in RUNNING_STATES

    @property
    def is_fulfilled(self) -> bool:
        """Whether its results can be read; a job that neither runs nor is fulfilled must be submitted again."""
        return self.state == FULFILLED


def data_available_until(client: GenesysApi) -> datetime:
    """The instant up to which the job's source is complete: later data isn't in it yet."""
    path = f"{JOBS_PATH}/availability"
    return _instant(client.get(path).json, "dataAvailabilityDate", path)


def submit_job(client: GenesysApi, first: datetime, last: datetime) -> str:
    """Ask for all conversations with activity between two instants; the job's id."""
    interval = f"{format_instant(first)}/{format_instant(last)}"
    answer = client.post(JOBS_PATH, {"interval": interval}, repeatable=False).json
    return _text(answer, "jobId", JOBS_PATH)


def job_status(client: GenesysApi, job_id: str) -> JobStatus:
    """How far a job is."""
    path = f"{JOBS_PATH}/{quote(job_id, safe='')}"
    return JobStatus(_text(client.get(path).json, "state", path))


def job_results(client: GenesysApi, job_id: str) -> Iterator[Page]:
    """The conversations of a fulfilled job, page by page to the last cursor; open ones are left out."""
    path = f"{JOBS_PATH}/{quote(job_id, safe='')}/results"
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        params: dict[str, Any] = {"pageSize": PAGE_SIZE} | ({"cursor": cursor} if cursor else {})
        answer = client.get(path, params).json
        records = answer.get("conversations") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or not isinstance(records, list | None):
            raise _invalid("a page of results is no list of conversations", path)
        yield page_of(records or [])
        cursor = answer.get("cursor")
        if not cursor:
            return
        if not isinstance(cursor, str) or cursor in seen:
            raise _invalid("the results' cursor leads nowhere", path)
        seen.add(cursor)


def _text(answer: object, member: str, path: str) -> str:
    value = answer.get(member) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise _invalid(f"the answer has no {member}", path)
    return value


def _instant(answer: object, member: str, path: str) -> datetime:
    try:
        return parse_instant(_text(answer, member, path))
    except ValueError:
        raise _invalid(f"{member} is no ISO-8601 time with a zone", path) from None


def _invalid(what: str, path: str) -> GenesysAnswerInvalid:
    return GenesysAnswerInvalid(what, where=path, todo="check that the Genesys URLs lead to the API")
