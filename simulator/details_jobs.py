"""`/api/v2/analytics/conversations/details/jobs`: which conversations were active in an interval, asynchronously.

Its source lags: nothing past `dataAvailabilityDate` is in it, and conversations stand as they stood then.
"""

import base64
import binascii
import uuid
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from aiohttp import web

from simulator.awkwardness import Awkwardness
from simulator.clock import instant
from simulator.conversations import record
from simulator.errors import ApiError, bad_request, not_found
from simulator.incoming import json_body, whole_number
from simulator.jobs import DetailsJob
from simulator.new_fields import NEW_FIELD
from simulator.query import parse_filters, parse_interval
from simulator.selecting import passes
from simulator.state import SIMULATOR, Simulator
from simulator.story import Story
from simulator.world import World

MAX_DAYS = 31
MAX_PAGE_SIZE = 1000
EXPIRES_AFTER_MS = 7 * 86_400_000
WRAP_UP_MS = 90_000
_FATES = ("FAILED", "EXPIRED")


async def submit(request: web.Request) -> web.Response:
    """`POST …/jobs`: 202 and the id of a job."""
    simulator = request.app[SIMULATOR]
    body = await json_body(request)
    if not isinstance(body, dict):
        raise bad_request("The request body is not a JSON object.")
    begin, end = parse_interval(body.get("interval"), MAX_DAYS)
    now_s, dice = simulator.clock.now_s(), simulator.dice
    job = DetailsJob(
        id=str(uuid.uuid4()),
        submitted_s=now_s,
        job_s=simulator.options.job_s,
        begin_ms=int(begin.timestamp() * 1000),
        end_ms=int(end.timestamp() * 1000),
        as_of_ms=_available_ms(simulator, now_s + simulator.options.job_s),
        filters=parse_filters(body),
        fate=_FATES[dice.between(0, 1)] if dice.falls(dice.faults.rate_job_failed) else "FULFILLED",
    )
    simulator.jobs.details[job.id] = job
    return web.json_response({"jobId": job.id}, status=202)


async def status(request: web.Request) -> web.Response:
    """`GET …/jobs/{jobId}`."""
    simulator = request.app[SIMULATOR]
    job = _job(request)
    state = job.state(simulator.clock.now_s())
    submitted_ms, done_ms = int(job.submitted_s * 1000), int((job.submitted_s + job.job_s) * 1000)
    answer = {
        "state": state,
        "submissionDate": instant(submitted_ms),
        "expirationDate": instant(done_ms + EXPIRES_AFTER_MS),
    }
    if state == "FULFILLED":
        answer["completionDate"] = instant(done_ms)
    if state == "FAILED":
        answer["errorMessage"] = "The job has failed."
    return web.json_response(answer)


async def results(request: web.Request) -> web.Response:
    """`GET …/jobs/{jobId}/results?pageSize=&cursor=`; the last page has no cursor."""
    simulator = request.app[SIMULATOR]
    job = _job(request)
    page_size = whole_number(request, "pageSize", MAX_PAGE_SIZE, most=MAX_PAGE_SIZE)
    begin = _position(request.query.get("cursor"))
    if job.state(simulator.clock.now_s()) != "FULFILLED":
        raise ApiError(400, "job.not.fulfilled", "The job has no results (yet).")
    rows = _rows(simulator.world, job, simulator)
    places = (simulator.world.place(row) for row in rows[begin : begin + page_size])
    stories = [simulator.story(place, job.as_of_ms) for place in places]
    answer: dict[str, Any] = {
        "conversations": [_with_attributes(record(story, job.as_of_ms, simulator.wrap_ups)) for story in stories],
        "dataAvailabilityDate": instant(job.as_of_ms),
    }
    if begin + page_size < len(rows):
        answer["cursor"] = base64.urlsafe_b64encode(f"position {begin + page_size}".encode()).decode()
    if any(story.plays(Awkwardness.NEW_FIELDS) for story in stories):
        answer[NEW_FIELD] = {"since": "tomorrow"}
    return web.json_response(answer)


async def availability(request: web.Request) -> web.Response:
    """`GET …/jobs/availability`: up to when the jobs' source has data."""
    simulator = request.app[SIMULATOR]
    return web.json_response({"dataAvailabilityDate": instant(_available_ms(simulator, simulator.clock.now_s()))})


def _available_ms(simulator: Simulator, now_s: float) -> int:
    return int((now_s - simulator.options.availability_lag_s) * 1000)


def _job(request: web.Request) -> DetailsJob:
    job = request.app[SIMULATOR].jobs.details.get(request.match_info["jobId"])
    if job is None:
        raise not_found("The job was not found.")
    return job


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        word, position = base64.urlsafe_b64decode(cursor).decode().split()
        if word == "position" and position.isdecimal():
            return int(position)
    except (binascii.Error, ValueError):
        pass
    raise bad_request("The cursor is not one of this job's.")


@lru_cache(maxsize=4)
def _rows(world: World, job: DetailsJob, simulator: Simulator) -> Sequence[int]:
    """Rows of the conversations with a segment in the interval; the wrap-up may follow a conversation's end."""
    end_ms = min(job.end_ms, job.as_of_ms + 1)
    return array(
        "l",
        (
            row
            for row in world.active(job.begin_ms - WRAP_UP_MS, end_ms)
            if passes(world, row, job.filters, job.as_of_ms)
            and (
                world.end_of(row, job.as_of_ms) >= job.begin_ms
                or _has_segment(simulator.story(world.place(row), job.as_of_ms), job.begin_ms, end_ms)
            )
        ),
    )


def _has_segment(story: Story, begin_ms: int, end_ms: int) -> bool:
    segments = (part for who in story.participants for session in who.sessions for part in session.segments)
    return any(part.start_ms < end_ms and part.end_ms >= begin_ms for part in segments)


def _with_attributes(conversation: dict[str, Any]) -> dict[str, Any]:
    """Jobs, unlike queries, give the attributes that flows have set on participants."""
    for participant in conversation["participants"]:
        participant["attributes"] = {}
    return conversation
