"""What goes wrong, in words: RFC 9457 problem details for the API, a page for people; never a traceback or a secret."""

from http import HTTPStatus
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from strongroom.errors import Misconfigured, StrongroomError, Unreachable
from strongroom.ledger.lookup import UnknownConversation
from strongroom.legal.access import Ended, Forbidden, NotThere
from strongroom.legal.errors import NotNow
from strongroom.legal.people import Throttled
from strongroom.pipeline.bundle import BundleRefused, NotSealed
from web.rendering import render

PROBLEM_JSON = "application/problem+json"
_API = ("/api/", "/legal/")
_log = structlog.get_logger()


class SignInNeeded(Exception):
    """Nobody is signed in: the API says so, a page leads to the sign-in."""


class CsrfMissing(StrongroomError):
    """A form that did not come from one of our pages in this session."""

    def __init__(self) -> None:
        super().__init__(
            "this form is not from a page of this session", where="the Legal desk", todo="load the page again and retry"
        )


STATUS_OF_ERROR: dict[type[StrongroomError], int] = {
    Forbidden: 403,
    CsrfMissing: 403,
    NotThere: 404,
    Ended: 410,
    UnknownConversation: 404,
    NotNow: 409,
    NotSealed: 409,
    BundleRefused: 409,
    Throttled: 429,
    Misconfigured: 503,
    Unreachable: 503,
}
"""The status of each kind of error; what is not here is the request's own fault: 400."""

NOTHING_HERE = "there is nothing here, or nothing that you may see"
"""One answer for what is absent and what is another's."""


def is_api(request: Request) -> bool:
    """Whether a machine asks, so that the answer is JSON."""
    return request.url.path.startswith(_API)


def problem(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer that tells what is wrong, in the form that suits who asks."""
    title = HTTPStatus(status).phrase
    if is_api(request):
        return JSONResponse(
            {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": request.url.path},
            status_code=status,
            headers=headers,
            media_type=PROBLEM_JSON,
        )
    page = render(request, "problem.html", status_code=status, title=title, detail=detail)
    page.headers.update(headers or {})
    return page


def status_of(error: StrongroomError) -> int:
    """The HTTP status of an error, by the nearest kind in STATUS_OF_ERROR."""
    return next((STATUS_OF_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_OF_ERROR), 400)


def attach(app: FastAPI) -> None:
    """Have every error of the routes answered so."""

    async def strongroom_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, StrongroomError)  # noqa: S101
        status = status_of(error)
        if status == 404:
            return problem(request, 404, NOTHING_HERE)
        if status == 503:
            # where it is is for the operator: addresses of servers are nobody else's business
            _log.error("something the desk needs fails", reason=str(error))
            return problem(request, 503, "something the desk needs does not answer; try again in a minute")
        headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Throttled) else None
        return problem(request, status, error.reason, headers)

    async def sign_in_needed(request: Request, _: Exception) -> Response:
        if is_api(request):
            return problem(request, 401, "sign in, or send an API key", {"WWW-Authenticate": "Bearer"})
        where = request.url.path if request.method == "GET" else "/"
        if request.method == "GET" and request.url.query:
            where += f"?{request.url.query}"
        return RedirectResponse(f"/sign-in?next={quote(where, safe='/')}", status_code=303)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        # names of fields and what is wrong with them, never what was sent
        faults = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
        return problem(request, 400, "; ".join(faults))

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        detail = NOTHING_HERE if error.status_code == 404 else error.detail
        return problem(request, error.status_code, detail, dict(error.headers or {}))

    app.add_exception_handler(StrongroomError, strongroom_error)
    app.add_exception_handler(SignInNeeded, sign_in_needed)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
