"""The endpoints for recordings: metadata, all with media, one with media, and the restore of one."""

import math
from typing import Any

from aiohttp import web

from simulator.audio.formats import ORIGINAL
from simulator.clock import parse_instant
from simulator.content import document_format
from simulator.errors import bad_request, not_found
from simulator.incoming import json_body
from simulator.presenting import shape, unstable
from simulator.recordings import WITH_MEDIA, metadata, original_or
from simulator.state import SIMULATOR, Simulator
from simulator.story import Recording, Story

DEFAULT_AUDIO_FORMAT = "WEBM"
DOCUMENT_PARAMETERS = {"emailFormatId": "EML", "chatFormatId": "ZIP", "messageFormatId": "ZIP"}


async def recording_metadata(request: web.Request) -> web.Response:
    """`GET …/recordingmetadata`: every recording that is listed by now, without media."""
    simulator = request.app[SIMULATOR]
    story = _story(request)
    listed = simulator.shelf.listed(story)
    return web.json_response([metadata(simulator.shelf, story, recording) for recording in listed])


async def recordings(request: web.Request) -> web.Response:
    """`GET …/recordings`: all with media links; 202 with an empty body while one of them is being transcoded."""
    simulator = request.app[SIMULATOR]
    story = _story(request)
    format_id = _audio_format(request)
    listed = simulator.shelf.listed(story)
    if any(_transcode_left_s(simulator, story, recording, format_id) for recording in listed):
        return web.Response(status=202)
    return _answer(simulator, [_shape(request, story, recording, format_id, download=False) for recording in listed])


async def recording(request: web.Request) -> web.Response:
    """`GET …/recordings/{recordingId}`: one, with media links; 202 while it is being transcoded."""
    simulator = request.app[SIMULATOR]
    story = _story(request)
    format_id = _audio_format(request)
    download = _download(request)
    wanted = _wanted(request, story)
    left_s = _transcode_left_s(simulator, story, wanted, format_id)
    if left_s:
        return web.json_response({"estimatedTranscodeTimeMs": math.ceil(left_s * 1000)}, status=202)
    return _answer(simulator, _shape(request, story, wanted, format_id, download=download))


async def change_recording(request: web.Request) -> web.Response:
    """`PUT …/recordings/{recordingId}`: a new `archiveDate` restores an archived recording until then.

    As the vendor's SDK words it: "A request to change the archival date of an archived recording will result in a
    restoration of the recording until the new date set." Of other recordings only the dates could be changed; that is
    not done here.
    """
    simulator = request.app[SIMULATOR]
    story = _story(request)
    wanted = _wanted(request, story)
    until = _archive_date(await json_body(request), simulator.clock.now_s())
    if simulator.shelf.file_state(story, wanted) not in {"ARCHIVED", "RESTORING", "RESTORED"}:
        raise bad_request("The recording is not archived.")
    simulator.restores.ask(wanted.id, until)
    return _answer(simulator, _shape(request, story, wanted, ORIGINAL, download=False))


def _archive_date(body: object, now_s: float) -> float:
    """Seconds since the epoch. Raises ApiError 400."""
    try:
        until_s = parse_instant(str(body["archiveDate"] if isinstance(body, dict) else "")).timestamp()
    except (KeyError, ValueError, OverflowError):
        raise bad_request("archiveDate is needed, in ISO-8601.") from None
    if until_s <= now_s:
        raise bad_request("archiveDate must be in the future.")
    return until_s


def _wanted(request: web.Request, story: Story) -> Recording:
    wanted = story.recording(request.match_info["recordingId"])
    if wanted is None or wanted not in request.app[SIMULATOR].shelf.listed(story):
        raise not_found("The recording was not found.")
    return wanted


def _story(request: web.Request) -> Story:
    story = request.app[SIMULATOR].story_of(request.match_info["conversationId"])
    if story is None:
        raise not_found("The conversation was not found.")
    return story


def _audio_format(request: web.Request) -> str:
    format_id = original_or(request.query.get("formatId", DEFAULT_AUDIO_FORMAT))
    if format_id is None:
        raise bad_request("formatId is not a format that is available here.")
    return format_id


def _download(request: web.Request) -> bool:
    download = request.query.get("download", "false").lower()
    if download not in {"true", "false"}:
        raise bad_request("download is true or false.")
    for name, only in DOCUMENT_PARAMETERS.items():
        if request.query.get(name, only) not in {only, "NONE"}:
            raise bad_request(f"{name} is {only} or NONE.")
    return download == "true"


def _transcode_left_s(simulator: Simulator, story: Story, wanted: Recording, format_id: str) -> float:
    if wanted.media != "audio" or simulator.shelf.file_state(story, wanted) not in WITH_MEDIA:
        return 0.0
    return simulator.shelf.transcode_left_s(wanted, format_id)


def _shape(request: web.Request, story: Story, held: Recording, format_id: str, *, download: bool) -> dict[str, Any]:
    wants_document = download and request.query.get(f"{held.media}FormatId") == document_format(held.media)
    return shape(request, story, held, format_id, download=wants_document)


def _answer(simulator: Simulator, body: object) -> web.Response:
    return web.json_response(unstable(simulator.dice.nonce(), body))
