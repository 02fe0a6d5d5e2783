"""Requests as they come in: what answers them, what they carry, where they were sent to."""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator.errors import bad_request

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def json_body(request: web.Request) -> object:
    """The body as JSON. Raises ApiError 400."""
    try:
        return json.loads(await request.read())
    except ValueError:
        raise bad_request("The request body is not JSON.") from None


def whole_number(request: web.Request, name: str, default: int, *, most: int) -> int:
    """A query parameter from 1 to `most`. Raises ApiError 400."""
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= most:
        raise bad_request(f"{name} is a whole number from 1 to {most}.")
    return int(text)


def public_base(request: web.Request, path_prefix: str) -> str:
    """Scheme, host and prefix as the client wrote them, so that links lead back the way it came."""
    prefix = path_prefix if path_prefix and request.path.startswith(f"{path_prefix}/") else ""
    return f"{request.scheme}://{request.host}{prefix}"
