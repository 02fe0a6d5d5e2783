"""The endpoints for recordings: metadata, all with media, one with media."""

import math
import random
from typing import Any

from aiohttp import web

from simulator.content import document_format
from simulator.errors import bad_request, not_found
from simulator.incoming import public_base
from simulator.recordings import Link, metadata, original_or, with_media
from simulator.state import SIMULATOR, Simulator
from simulator.story import Recording, Story

DEFAULT_AUDIO_FORMAT = "WEBM"
DOCUMENT_PARAMETERS = {"emailFormatId": "EML", "chatFormatId": "ZIP", "messageFormatId": "ZIP"}


async def recording_metadata(request: web.Request) -> web.Response:
    """`GET …/recordingmetadata`: every recording that is listed by now, without media."""
    simulator = request.app[SIMULATOR]
    story = _story(request)
    listed = simulator.shelf.listed(story)
    return web.json_response(
        [metadata(story, recording, simulator.shelf.file_state(recording)) for recording in listed]
    )


async def recordings(request: web.Request) -> web.Response:
    """`GET …/recordings`: all with media links; 202 with an empty body while one of them is being transcoded."""
    simulator = request.app[SIMULATOR]
    story = _story(request)
    format_id = _audio_format(request)
    listed = simulator.shelf.listed(story)
    if any(_transcode_left_s(simulator, recording, format_id) for recording in listed):
        return web.Response(status=202)
    return _answer(simulator, [_shape(request, story, recording, format_id, download=False) for recording in listed])


async def recording(request: web.Request) -> web.Response:
    """`GET …/recordings/{recordingId}`: one, with media links; 202 while it is being transcoded."""
    simulator = request.app[SIMULATOR]
    story = _story(request)
    format_id = _audio_format(request)
    download = _download(request)
    wanted = story.recording(request.match_info["recordingId"])
    if wanted is None or wanted not in simulator.shelf.listed(story):
        raise not_found("The recording was not found.")
    left_s = _transcode_left_s(simulator, wanted, format_id)
    if left_s:
        return web.json_response({"estimatedTranscodeTimeMs": math.ceil(left_s * 1000)}, status=202)
    return _answer(simulator, _shape(request, story, wanted, format_id, download=download))


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


def _transcode_left_s(simulator: Simulator, wanted: Recording, format_id: str) -> float:
    if wanted.media != "audio" or simulator.shelf.file_state(wanted) != "AVAILABLE":
        return 0.0
    return simulator.shelf.transcode_left_s(wanted, format_id)


def _shape(request: web.Request, story: Story, held: Recording, format_id: str, *, download: bool) -> dict[str, Any]:
    simulator = request.app[SIMULATOR]
    parameter = f"{held.media}FormatId"
    wants_document = download and request.query.get(parameter) == document_format(held.media)
    return with_media(
        story,
        held,
        simulator.shelf.file_state(held),
        format_id,
        download=wants_document,
        audio_bytes=simulator.audio_bytes,
        link=_link_maker(request, story, held),
    )


def _link_maker(request: web.Request, story: Story, held: Recording) -> Link:
    simulator = request.app[SIMULATOR]
    base = public_base(request, simulator.options.path_prefix)

    def link(part: str) -> str:
        expired = simulator.dice.falls(simulator.dice.faults.rate_expired_link)
        return simulator.links.sign(base, story.id, held.id, part, expired=expired)

    return link


def _answer(simulator: Simulator, shape: object) -> web.Response:
    """JSON; while bytes are unstable its fields come in another order each time."""
    nonce = simulator.dice.nonce()
    return web.json_response(_reordered(shape, random.Random(nonce)) if nonce else shape)


def _reordered(shape: object, order: random.Random) -> object:
    if isinstance(shape, list):
        return [_reordered(each, order) for each in shape]
    if isinstance(shape, dict):
        names = list(shape)
        order.shuffle(names)
        return {name: _reordered(shape[name], order) for name in names}
    return shape
