"""Traces of the desk: a span for each request, its route and its status; what it sends to workers is in its trace.

Imported only where STRONGROOM_TRACES_ENDPOINT is set. Of a request neither path nor query nor who asks is told, and
no trace is taken up that a browser or machine says it is in.
"""

import os

from celery.signals import before_task_publish
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strongroom import spans
from tasks import tracing
from tasks.fleet import Fleet

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Any other word is whatever a client wrote there, and is not told."""


def attach(app: FastAPI, fleet: Fleet, endpoint: str) -> None:
    """Trace each request of the app from now on."""
    traces = tracing.start(endpoint, "desk", f"{fleet.instance}/{os.getpid()}")
    before_task_publish.connect(tracing.hand_on, weak=False)
    app.add_middleware(TracedRequests, traces=traces)


class TracedRequests:
    """A span a request; when the desk stops, what is left is sent."""

    def __init__(self, app: ASGIApp, *, traces: tracing.Tracing) -> None:
        self._app, self._traces = app, traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the desk's process."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
            return

        async def send_after_last_words(message: Message) -> None:
            # not at the process's exit: uvicorn ends by the signal that stopped it
            if message["type"].startswith("lifespan.shutdown."):
                self._traces.close()
            await send(message)

        await self._app(scope, receive, send_after_last_words)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        entered = self._traces.enter(method, tracing.SERVER, {"http.request.method": method})
        failed: str | None = None

        async def send_telling_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                entered.span.tell(spans.STATUS, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_telling_status)
        except BaseException as error:
            failed = type(error).__name__
            raise
        finally:
            route = getattr(scope.get("route"), "path", None)
            if route is not None:
                entered.span.rename(f"{method} {route}")
                entered.span.tell("http.route", route)
            entered.leave(failed)
