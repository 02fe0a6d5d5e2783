"""`GET /media/…`: what a pre-signed link leads to. Not the API: no token, no rate limit, errors in S3's form."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from html import escape

from aiohttp import web

from simulator.audio.formats import ORIGINAL
from simulator.connection import reset
from simulator.content import JSON, JSON_TYPE, Content, document_format, find
from simulator.links import LinkRefused
from simulator.presenting import shape, unstable
from simulator.state import SIMULATOR, Simulator

PIECE_BYTES = 256 * 1024
MOST_EXTRA_BYTES = 4096


async def media(request: web.Request) -> web.StreamResponse:
    """Stream the bytes of a recording or an attachment, or fail in the way a fault says."""
    simulator = request.app[SIMULATOR]
    faults, dice = simulator.dice.faults, simulator.dice
    simulator.stats.media_asked()
    await asyncio.sleep(faults.latency_ms / 1000 + (faults.slow_s if dice.falls(faults.rate_slow) else 0))
    if "Authorization" in request.headers:
        return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
    conversation_id, recording_id, part = (
        request.match_info[name] for name in ("conversationId", "recordingId", "part")
    )
    try:
        expires, signature = request.query.get("expires", ""), request.query.get("signature", "")
        simulator.links.check(conversation_id, recording_id, part, expires, signature)
    except LinkRefused as refused:
        return _refusal(403, "AccessDenied", str(refused))
    content = _content(request, conversation_id, recording_id, part)
    if content is None:
        return _refusal(404, "NoSuchKey", "The specified key does not exist.")
    return await _send(request, simulator, content)


def _content(request: web.Request, conversation_id: str, recording_id: str, part: str) -> Content | None:
    simulator = request.app[SIMULATOR]
    story = simulator.story_of(conversation_id)
    recording = story.recording(recording_id) if story else None
    if story is None or recording is None:
        return None
    nonce = simulator.dice.nonce()
    if part == JSON and document_format(recording.media):
        record = unstable(nonce, shape(request, story, recording, ORIGINAL, download=False))
        data = json.dumps(record, ensure_ascii=False).encode()
        return Content(JSON, JSON, f"{recording.id}.json", JSON_TYPE, len(data), lambda: iter((data,)))
    return find(story, recording, part, simulator.audio_bytes, nonce)


async def _send(request: web.Request, simulator: Simulator, content: Content) -> web.StreamResponse:
    faults, dice = simulator.dice.faults, simulator.dice
    response = web.StreamResponse(headers={"Content-Type": content.content_type, "Accept-Ranges": "none"})
    extra = dice.between(1, MOST_EXTRA_BYTES) if dice.falls(faults.rate_overlong) else 0
    if extra:
        response.enable_chunked_encoding()
    else:
        response.content_length = content.size_bytes
    truncated, broken = dice.falls(faults.rate_truncated), dice.falls(faults.rate_reset)
    stop_at = dice.between(0, content.size_bytes - 1) if truncated or broken else content.size_bytes
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):  # the client has gone
        await _write(response, simulator, content, stop_at)
        if broken:
            reset(request)
        elif truncated and request.transport is not None:
            request.transport.close()
        else:
            await response.write(bytes(extra))
            simulator.stats.media_sent(extra)
            await response.write_eof()
    return response


async def _write(response: web.StreamResponse, simulator: Simulator, content: Content, stop_at: int) -> None:
    """Send the first `stop_at` bytes."""
    sent = 0
    for piece in _pieces(content.chunks()):
        part = piece[: stop_at - sent]
        await response.write(part)
        simulator.stats.media_sent(len(part))
        sent += len(part)
        if sent == stop_at:
            return


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of a size that suits a socket: some formats make very small chunks."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) >= PIECE_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _refusal(status: int, code: str, message: str) -> web.Response:
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'
    return web.Response(status=status, text=text, content_type="application/xml")
