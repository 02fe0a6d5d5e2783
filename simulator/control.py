"""`/_sim/`: looking behind the scenes and setting them. Needs no token, meets no fault, is counted nowhere."""

import asyncio
import contextlib
import json
from datetime import date
from typing import Any

from aiohttp import web

from simulator.audio.formats import FORMATS
from simulator.clock import instant, parse_instant
from simulator.incoming import Handler
from simulator.script import read_script
from simulator.state import SIMULATOR, Simulator
from simulator.truth import Closed, Truth

MAX_AUDIO_BYTES = 4 * 1024**3
TRUTH = web.AppKey("truth", Truth)


class Unusable(Exception):
    """A request to the control surface that can't be followed; the message says why."""


def plain(handler: Handler) -> Handler:
    """A control endpoint that answers 400 in words where it can't follow."""

    async def answering(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Unusable as error:
            return web.json_response({"message": str(error)}, status=400)

    return answering


async def get_truth(request: web.Request) -> web.StreamResponse:
    """`GET /_sim/truth?day=D[&formats=WAV,OGG_OPUS]`, sent as it is worked out: hashing a big day takes a while."""
    day, formats = _day(request), _formats(request)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(f'{{"day": "{day}", "conversations": ['.encode())
    conversations = request.app[TRUTH].of(day, formats)
    separator = ""
    with contextlib.suppress(Closed, ConnectionError):  # we stop, or the client has gone: it sees no end
        while (conversation := await asyncio.to_thread(next, conversations, None)) is not None:
            await response.write(f"{separator}{json.dumps(conversation)}".encode())
            separator = ",\n"
        await response.write(b"]}")
        await response.write_eof()
    return response


async def get_awkward(request: web.Request) -> web.StreamResponse:
    """`GET /_sim/awkward?day=D`: {name: [conversationId, …]}, of the conversations that first end on a day."""
    simulator, day = request.app[SIMULATOR], _day(request)
    found: dict[str, list[str]] = {name.value: [] for name in simulator.options.awkward}
    for row, part in simulator.world.parts.items():
        place = simulator.world.place(row)
        if place.day == day:
            found[part.awkwardness].append(simulator.world.conversation_id(place))
    return web.json_response(found)


async def post_script(request: web.Request) -> web.StreamResponse:
    """`POST /_sim/script` `{"conversations": [{"start", "ends": […], "shownAfterS", "kind"}]}`: these and no others.

    Answers `{"conversationIds": […]}`, in the same order. No two scripts share an id.
    """
    simulator = request.app[SIMULATOR]
    try:
        script = read_script(
            simulator.options.seed, next(simulator.script_numbers), (await _object(request)).get("conversations")
        )
    except ValueError as error:
        raise Unusable(str(error)) from error
    simulator.play(script)
    ids = [simulator.world.conversation_id(script.place(position)) for position in range(len(script.outlines))]
    return web.json_response({"conversationIds": ids})


async def get_faults(request: web.Request) -> web.StreamResponse:
    """`GET /_sim/faults`: the faults in force."""
    return web.json_response(request.app[SIMULATOR].dice.faults.shown())


async def post_faults(request: web.Request) -> web.StreamResponse:
    """`POST /_sim/faults`: change some; `{}` changes none. Answers those in force."""
    dice = request.app[SIMULATOR].dice
    try:
        dice.faults = dice.faults.merged(await _object(request))
    except ValueError as error:
        raise Unusable(str(error)) from error
    return web.json_response(dice.faults.shown())


async def get_limits(request: web.Request) -> web.StreamResponse:
    """`GET /_sim/limits`: {client: {"windows": […], "most": n, "refused": n}}, of requests that count."""
    return web.json_response(request.app[SIMULATOR].rate_limit.shown())


async def get_stats(request: web.Request) -> web.StreamResponse:
    """`GET /_sim/stats`."""
    return web.json_response(request.app[SIMULATOR].stats.shown())


async def post_stats(request: web.Request) -> web.StreamResponse:
    """`POST /_sim/stats` `{"reset": true}`: count from nothing again."""
    if await _object(request) != {"reset": True}:
        raise Unusable('say {"reset": true}')
    stats = request.app[SIMULATOR].stats
    stats.reset()
    return web.json_response(stats.shown())


async def get_clock(request: web.Request) -> web.StreamResponse:
    """`GET /_sim/clock` answers `{"now": …}`."""
    return web.json_response(_clock(request.app[SIMULATOR]))


async def post_clock(request: web.Request) -> web.StreamResponse:
    """`POST /_sim/clock` `{"advance_s": N}` or `{"now": "2025-05-14T12:00:00Z"}`. Answers the new time."""
    simulator = request.app[SIMULATOR]
    body = await _object(request)
    match list(body.items()):
        case [("advance_s", int() | float() as seconds)] if not isinstance(seconds, bool):
            simulator.clock.advance(seconds)
        case [("now", str() as text)]:
            try:
                simulator.clock.set(parse_instant(text))
            except (ValueError, OverflowError):
                raise Unusable("now is an instant in ISO-8601, such as 2025-05-14T12:00:00Z") from None
        case _:
            raise Unusable('say {"advance_s": seconds} or {"now": "2025-05-14T12:00:00Z"}')
    return web.json_response(_clock(simulator))


async def post_media(request: web.Request) -> web.StreamResponse:
    """`POST /_sim/media` `{"audio_bytes": N}`: every audio is about N bytes; null: as long as its seconds make it."""
    simulator = request.app[SIMULATOR]
    body = await _object(request)
    audio_bytes = body.get("audio_bytes")
    usable = audio_bytes is None or (type(audio_bytes) is int and 1 <= audio_bytes <= MAX_AUDIO_BYTES)
    if set(body) != {"audio_bytes"} or not usable:
        raise Unusable(f"audio_bytes is a whole number from 1 to {MAX_AUDIO_BYTES}, or null")
    simulator.audio_bytes = audio_bytes
    return web.json_response({"audio_bytes": audio_bytes})


def _clock(simulator: Simulator) -> dict[str, str]:
    return {"now": instant(simulator.clock.now_ms())}


def _day(request: web.Request) -> date:
    try:
        return date.fromisoformat(request.query.get("day", ""))
    except ValueError:
        raise Unusable("day is needed, as YYYY-MM-DD") from None


def _formats(request: web.Request) -> frozenset[str]:
    text = request.query.get("formats")
    formats = frozenset(FORMATS) if text is None else frozenset(text.split(","))
    if unknown := formats - set(FORMATS):
        raise Unusable(f"there is no format {', '.join(sorted(unknown))}; there are {', '.join(FORMATS)}")
    return formats


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise Unusable("the body is not JSON") from None
    if not isinstance(body, dict):
        raise Unusable("the body is not a JSON object")
    return body
