"""Around every request: its headers, its size, its line in the log, and an answer where a route broke."""

import time
import traceback
import uuid
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from web.problems import problem

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
LARGEST_BODY_BYTES = 2 * 1024 * 1024
"""Ten thousand conversation ids as CSV are a fifth of it."""

_HSTS = "max-age=63072000; includeSubDomains"
_log = structlog.get_logger("desk")


class BodyTooLarge(Exception):
    """More came than was announced, or than is taken."""


class SecurityHeaders:
    """What a browser is told with every answer. A route may set a header of its own, such as a frame's stricter CSP."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers: Mapping[str, str] = {
            "Content-Security-Policy": CSP,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            **({"Strict-Transport-Security": _HSTS} if https else {}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # static files may be kept, and are asked after each time
        caching = "no-cache" if scope["path"].startswith("/static/") else "no-store"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (*self._headers.items(), ("Cache-Control", caching)):
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class LoggedRequests:
    """A line a request: method, route, status, time, who. No path, no query: they hold links, numbers, names.

    A route that breaks is answered in words, and logged by where it broke: an exception's text may hold content.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0
        request_id = uuid.uuid4().hex
        # whatever is logged on the way says to which request it belongs; the answer says it to whoever asks about one
        clear_contextvars()
        bind_contextvars(correlation=request_id)

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).setdefault("X-Request-Id", request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is answered and logged
            _log.error("a request broke", error=type(error).__name__, at=_places(error), route=_route(scope))
            if status:
                # begun and not finished: only breaking off tells the other side
                raise BrokenOff() from None
            answer = problem(Request(scope), HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong on our side")
            await answer(scope, receive, send_noting_status)
        finally:
            principal = scope.get("state", {}).get("principal")
            _log.info(
                "request",
                method=scope["method"],
                route=_route(scope),
                status=status,
                ms=round((time.perf_counter() - began) * 1000),
                actor=principal.name if principal else None,
            )


class BrokenOff(Exception):
    """An answer that could not be finished."""


class LimitedBodies:
    """Bodies beyond LARGEST_BODY_BYTES are refused: by what they announce, or when that much has come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > LARGEST_BODY_BYTES:
            await _too_large(scope, receive, send)
            return
        received = 0
        started = False

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_BODY_BYTES:
                raise BodyTooLarge()
            return message

        async def send_unless_too_large(message: Message) -> None:
            nonlocal started
            if received > LARGEST_BODY_BYTES and not started:
                # whoever read the body made another answer of it
                raise BodyTooLarge()
            started = True
            await send(message)

        try:
            await self._app(scope, receive_counting, send_unless_too_large)
        except BodyTooLarge:
            if started:
                raise
            await _too_large(scope, receive, send)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    limit_mib = LARGEST_BODY_BYTES // 1024 // 1024
    answer = problem(Request(scope), 413, f"that is more than {limit_mib} MiB", {"Connection": "close"})
    await answer(scope, receive, send)


def _route(scope: Scope) -> str | None:
    """The pattern of the path, as `/legal/files/{token}`; None where no route took it."""
    route = scope.get("route")
    return getattr(route, "path", None)


def _places(error: BaseException) -> list[str]:
    return [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-6:]
    ]
