"""`/api/v2/recording/jobs`: EXPORT, DELETE and ARCHIVE of all recordings of an interval, inside Genesys."""

import asyncio
import uuid
from typing import Any

from aiohttp import web

from simulator.bulk import ACTIONS, BulkAction
from simulator.clock import instant, parse_instant
from simulator.errors import ApiError, bad_request, not_found
from simulator.gate import CLIENT
from simulator.incoming import json_body
from simulator.jobs import RecordingJob
from simulator.query import parse_interval
from simulator.state import SIMULATOR, Simulator

MAX_DAYS = 31
MAX_AT_ONCE = 2
_WAITING = {"PENDING", "PROCESSING"}
_NEVER_S = float("inf")


async def submit(request: web.Request) -> web.Response:
    """`POST …/jobs`: a job that counts what it is about, and then waits to be told to go ahead."""
    simulator = request.app[SIMULATOR]
    query = _checked(await json_body(request))
    now_s = simulator.clock.now_s()
    if sum(job.state(now_s) in _WAITING for job in simulator.jobs.recordings.values()) >= MAX_AT_ONCE:
        raise bad_request(f"There are {MAX_AT_ONCE} jobs already that are pending or processing.")
    conversations, recordings = await asyncio.to_thread(_count, simulator, _action(query, _NEVER_S))
    job = RecordingJob(
        str(uuid.uuid4()), request[CLIENT], now_s, simulator.options.job_s, query, conversations, recordings
    )
    simulator.jobs.recordings[job.id] = job
    return web.json_response(_shape(job, now_s))


async def status(request: web.Request) -> web.Response:
    """`GET …/jobs/{jobId}`."""
    return web.json_response(_shape(_job(request), request.app[SIMULATOR].clock.now_s()))


async def execute(request: web.Request) -> web.Response:
    """`PUT …/jobs/{jobId}` `{"state": "PROCESSING"}`: go ahead. Only the client that made the job may."""
    simulator = request.app[SIMULATOR]
    job = _job(request)
    now_s = simulator.clock.now_s()
    if await json_body(request) != {"state": "PROCESSING"}:
        raise bad_request("state can only be set to PROCESSING.")
    if job.client != request[CLIENT]:
        raise ApiError(403, "not.authorized", "A job is executed by the client that created it.")
    if job.state(now_s) != "READY":
        raise bad_request(f"The job is {job.state(now_s)}, not READY.")
    job.started_s = now_s
    due_s = parse_instant(job.query["actionDate"]).timestamp()
    simulator.bulk.add(_action(job.query, max(now_s + job.job_s, due_s)))
    return web.json_response(_shape(job, now_s))


def _checked(body: object) -> dict[str, Any]:
    """Raises ApiError 400."""
    if not isinstance(body, dict) or body.get("action") not in ACTIONS:
        raise bad_request(f"action is one of {', '.join(ACTIONS)}.")
    if body["action"] == "EXPORT" and not body.get("integrationId"):
        raise bad_request("integrationId is needed for an export.")
    try:
        parse_instant(str(body.get("actionDate")))
    except (ValueError, OverflowError):
        raise bad_request("actionDate is needed, in ISO-8601.") from None
    query = body.get("conversationQuery")
    parse_interval(query.get("interval") if isinstance(query, dict) else None, MAX_DAYS)
    return body


def _action(query: dict[str, Any], done_s: float) -> BulkAction:
    begin, end = parse_interval(query["conversationQuery"]["interval"], MAX_DAYS)
    return BulkAction(
        query["action"],
        int(begin.timestamp() * 1000),
        int(end.timestamp() * 1000),
        query.get("includeScreenRecordings", True) is not False,
        done_s,
    )


def _count(simulator: Simulator, action: BulkAction) -> tuple[int, int]:
    """How many conversations and recordings an action is about."""
    now_ms = simulator.clock.now_ms()
    world = simulator.world
    conversations = recordings = 0
    for row in world.active(action.begin_ms, min(action.end_ms, now_ms)):
        story = simulator.story(world.place(row), now_ms)
        covered = sum(action.covers(story, held) and held.end_ms <= now_ms for held in story.recordings)
        conversations += covered > 0
        recordings += covered
    return conversations, recordings


def _job(request: web.Request) -> RecordingJob:
    job = request.app[SIMULATOR].jobs.recordings.get(request.match_info["jobId"])
    if job is None:
        raise not_found("The job was not found.")
    return job


def _shape(job: RecordingJob, now_s: float) -> dict[str, Any]:
    state, percent = job.state(now_s), job.percent(now_s)
    counted = state != "PENDING"
    return {
        "id": job.id,
        "state": state,
        "recordingJobsQuery": job.query,
        "dateCreated": instant(int(job.created_s * 1000)),
        "totalConversations": job.total_conversations if counted else 0,
        "totalRecordings": job.total_recordings if counted else 0,
        "totalSkippedRecordings": 0,
        "totalFailedRecordings": 0,
        "totalProcessedRecordings": job.total_recordings * percent // 100,
        "percentProgress": percent,
        "selfUri": f"/api/v2/recording/jobs/{job.id}",
    }
