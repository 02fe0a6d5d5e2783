"""`/api/v2/recording/batchrequests`: links to many recordings at once, in their original codec; text comes as JSON."""

import uuid
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from simulator.audio.formats import ORIGINAL
from simulator.content import JSON, JSON_TYPE, document_format, media_files
from simulator.errors import ApiError, bad_request, not_found
from simulator.faults import Dice
from simulator.gate import CLIENT
from simulator.incoming import json_body
from simulator.jobs import Batch
from simulator.limits import too_many_requests
from simulator.presenting import link_maker
from simulator.state import SIMULATOR
from simulator.story import Recording, Story

MAX_ITEMS = 100
_REFUSED = {
    "ARCHIVED": "The recording is archived.",
    "DELETED": "The recording was deleted.",
    "ERROR": "The recording could not be processed.",
}
_NOT_READY = {"UPLOADING", "RESTORING"}


async def submit(request: web.Request) -> web.Response:
    """`POST …/batchrequests`: the id of a request for at most a hundred conversations or recordings."""
    simulator = request.app[SIMULATOR]
    dice = simulator.dice
    if dice.falls(dice.faults.rate_batch_429):
        raise too_many_requests(1, {})
    items = _items(await json_body(request))
    batch = Batch(
        id=str(uuid.uuid4()),
        client=request[CLIENT],
        submitted_s=simulator.clock.now_s(),
        batch_s=simulator.options.batch_s,
        results=tuple(told for item in items for result in _results(request, item) for told in _faulty(dice, result)),
        stuck=dice.falls(dice.faults.rate_batch_stuck),
    )
    simulator.jobs.batches[batch.id] = batch
    return web.json_response({"id": batch.id, "selfUri": _self_uri(batch)})


async def status(request: web.Request) -> web.Response:
    """`GET …/batchrequests/{jobId}`: what is ready so far. Only the OAuth client that asked may read it."""
    simulator = request.app[SIMULATOR]
    batch = simulator.jobs.batches.get(request.match_info["jobId"])
    if batch is None:
        raise not_found("The batch request was not found.")
    if batch.client != request[CLIENT]:
        raise ApiError(403, "not.authorized", "Only the client that submitted the request may read its results.")
    ready, expected = batch.counts(simulator.clock.now_s())
    results = batch.results[:ready]
    return web.json_response(
        {
            "id": batch.id,
            "jobId": batch.id,
            "expectedResultCount": expected,
            "resultCount": ready,
            "errorCount": sum("errorMsg" in result for result in results),
            "status": "Completed" if ready == expected else "InProgress",
            "results": list(results),
            "selfUri": _self_uri(batch),
        }
    )


def _self_uri(batch: Batch) -> str:
    return f"/api/v2/recording/batchrequests/{batch.id}"


def _items(body: object) -> list[tuple[str, str | None]]:
    """Conversation and recording ids. Raises ApiError 400."""
    wanted = body.get("batchDownloadRequestList") if isinstance(body, dict) else None
    if not isinstance(wanted, list) or not all(
        isinstance(item, dict) and item.get("conversationId") for item in wanted
    ):
        raise bad_request("batchDownloadRequestList is a list of objects with a conversationId.")
    if not 1 <= len(wanted) <= MAX_ITEMS:
        raise bad_request(f"batchDownloadRequestList holds from 1 to {MAX_ITEMS} items.")
    return [(str(item["conversationId"]), item.get("recordingId")) for item in wanted]


def _results(request: web.Request, item: tuple[str, str | None]) -> Iterator[dict[str, Any]]:
    """What is ready now; a recording that is not yet listed, or still uploading, is simply not among the results."""
    conversation_id, recording_id = item
    simulator = request.app[SIMULATOR]
    story = simulator.story_of(conversation_id)
    if story is None:
        yield _refusal(conversation_id, recording_id, "The conversation was not found.")
        return
    if recording_id is not None and story.recording(recording_id) is None:
        yield _refusal(conversation_id, recording_id, "The recording was not found.")
        return
    for held in simulator.shelf.listed(story):
        state = simulator.shelf.file_state(story, held)
        if recording_id not in {None, held.id} or state in _NOT_READY:
            continue
        if state in _REFUSED:
            yield _refusal(story.id, held.id, _REFUSED[state])
        else:
            yield from _downloads(request, story, held)


def _downloads(request: web.Request, story: Story, held: Recording) -> Iterator[dict[str, Any]]:
    if document_format(held.media):
        files = [(JSON, JSON_TYPE)]
    else:
        media = media_files(held, ORIGINAL, request.app[SIMULATOR].audio_bytes, "")
        files = [(content.part, content.content_type) for content in media]
    link = link_maker(request, story, held)
    for part, content_type in files:
        yield {
            "conversationId": story.id,
            "recordingId": held.id,
            "resultUrl": link(part),
            "contentType": content_type,
        }


def _faulty(dice: Dice, result: dict[str, Any]) -> list[dict[str, Any]]:
    """A result as the faults in force have it: as it is, in place of it an error, or twice."""
    if "resultUrl" in result and dice.falls(dice.faults.rate_batch_error):
        return [_refusal(result["conversationId"], result["recordingId"], "The recording could not be prepared.")]
    return [result, result] if dice.falls(dice.faults.rate_batch_twice) else [result]


def _refusal(conversation_id: str, recording_id: str | None, message: str) -> dict[str, Any]:
    named = {"recordingId": recording_id} if recording_id else {}
    return {"conversationId": conversation_id, **named, "errorMsg": message}
