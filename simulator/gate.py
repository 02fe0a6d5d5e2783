"""What every API request passes: latency, token, rate limit, the faults in force; and the count of its answer."""

import asyncio
import uuid
from email.utils import formatdate

from aiohttp import web

from simulator.awkwardness import Awkwardness
from simulator.connection import reset
from simulator.errors import ApiError, LoginError
from simulator.incoming import Handler
from simulator.limits import too_many_requests
from simulator.state import SIMULATOR, Simulator

CORRELATION_HEADER = "inin-correlation-id"
CLIENT = web.RequestKey("client", str)
"""Under this a request holds the OAuth client that makes it."""
SKEW_S = 7


def api(endpoint: str, handler: Handler) -> Handler:
    """An API endpoint, as a client meets it. `endpoint` is its name in the statistics."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        simulator = request.app[SIMULATOR]
        headers = {CORRELATION_HEADER: str(uuid.uuid4())}
        try:
            await asyncio.sleep(simulator.dice.faults.latency_ms / 1000)
            headers |= _admit(request, simulator)
            response = await handler(request)
        except ApiError as error:
            headers |= error.headers
            response = web.json_response(error.body(headers[CORRELATION_HEADER]), status=error.status)
        if Awkwardness.CLOCK_SKEW in simulator.options.awkward:
            headers["Date"] = formatdate(simulator.clock.now_s() - SKEW_S, usegmt=True)
        response.headers.update(headers)
        return await _answer(request, simulator, endpoint, response)

    return guarded


async def login(request: web.Request) -> web.StreamResponse:
    """`POST /oauth/token`."""
    simulator = request.app[SIMULATOR]
    await asyncio.sleep(simulator.dice.faults.latency_ms / 1000)
    form = await request.post()
    try:
        token = simulator.tokens.issue(request.headers.get("Authorization"), str(form.get("grant_type")))
        response = web.json_response(token)
    except LoginError as error:
        response = web.json_response(error.body(), status=error.status)
    response.headers[CORRELATION_HEADER] = str(uuid.uuid4())
    simulator.stats.answered("POST /oauth/token", response.status)
    return response


def _admit(request: web.Request, simulator: Simulator) -> dict[str, str]:
    """Let a request in; the headers its answer will carry. Raises ApiError."""
    faults, dice = simulator.dice.faults, simulator.dice
    authorization = request.headers.get("Authorization")
    client = request[CLIENT] = simulator.tokens.client(authorization)
    simulator.stats.asked_by(client)
    headers = simulator.rate_limit.count(client)
    if dice.falls(faults.rate_token_refused):
        simulator.tokens.revoke(authorization)
        raise ApiError(401, "bad.credentials", "Invalid login credentials.", headers)
    if dice.falls(faults.rate_429):
        raise too_many_requests(1, headers)
    if dice.falls(faults.rate_500):
        raise ApiError(500, "internal.server.error", "The server encountered an unexpected condition.", headers)
    if dice.falls(faults.rate_503):
        raise ApiError(503, "service.unavailable", "The service is temporarily unavailable.", headers)
    return headers


async def _answer(
    request: web.Request, simulator: Simulator, endpoint: str, response: web.StreamResponse
) -> web.StreamResponse:
    faults, dice = simulator.dice.faults, simulator.dice
    if dice.falls(faults.rate_slow):
        await asyncio.sleep(faults.slow_s)
    simulator.stats.answered(endpoint, response.status)
    if isinstance(response, web.Response) and isinstance(response.body, bytes) and dice.falls(faults.rate_reset):
        return await _broken(request, response, response.body)
    return response


async def _broken(request: web.Request, response: web.Response, body: bytes) -> web.StreamResponse:
    """Send half of an answer, then reset the connection."""
    half = web.StreamResponse(status=response.status, headers=response.headers)
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    reset(request)
    return half
