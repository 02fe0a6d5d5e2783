"""Signing in by password, and signing out."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from strongroom.legal.people import SignInRefused, Throttled, sign_in, sign_out
from strongroom.legal.secrets import csrf_token, new_token
from web.cookies import delete_session, session_token, set_session, set_visitor, visitor_token
from web.desk import desk_of
from web.problems import CsrfMissing
from web.rendering import render
from web.safe_paths import HOME, safe_path
from web.session import CurrentPrincipal, GivenCsrfToken, origin_of, require_csrf

router = APIRouter()


@router.get("/sign-in")
def sign_in_page(request: Request, next: Annotated[str, Query(max_length=2_000)] = HOME) -> Response:
    """The form; `next` is where to go then."""
    return sign_in_form(request, safe_path(next))


@router.post("/sign-in")
def sign_in_by_password(
    request: Request,
    given: GivenCsrfToken,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = HOME,
) -> Response:
    """Sign in; the session gets a token that nobody had before."""
    desk = desk_of(request)
    where = safe_path(next)
    visitor = visitor_token(request)
    if visitor is None:
        raise CsrfMissing()
    require_csrf(given, visitor)
    try:
        signed_in = sign_in(desk.house.engine, desk.passwords, desk.session_limits, name, password, origin_of(request))
    except Throttled as error:
        answer = sign_in_form(request, where, refused=error.reason, status_code=429)
        answer.headers["Retry-After"] = str(error.retry_after_s)
        return answer
    except SignInRefused as error:
        return sign_in_form(request, where, refused=error.reason, status_code=403)
    answer = RedirectResponse(where, status_code=303)
    set_session(desk, answer, signed_in.token)
    return answer


@router.post("/sign-out")
def sign_out_now(request: Request, principal: CurrentPrincipal) -> Response:
    """End the session here and in the browser."""
    desk = desk_of(request)
    token = session_token(request)
    if token is not None:
        sign_out(desk.house.engine, token, principal.name, origin_of(request))
    answer = RedirectResponse("/sign-in", status_code=303)
    delete_session(desk, answer)
    return answer


def sign_in_form(request: Request, where: str, *, refused: str | None = None, status_code: int = 200) -> Response:
    """The sign-in page, with why nobody was signed in where that is so."""
    desk = desk_of(request)
    visitor = visitor_token(request) or new_token()
    request.state.csrf_token = csrf_token(visitor)
    provider = None if desk.provider is None else desk.provider.name
    answer = render(request, "sign_in.html", status_code=status_code, next=where, refused=refused, provider=provider)
    set_visitor(desk, answer, visitor)
    return answer
