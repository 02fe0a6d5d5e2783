"""Who asks: by the session's cookie, or by a machine's key. Routes name `CurrentPrincipal` and get a Principal.

An unsafe request by cookie needs the session's CSRF token, in the form field `csrf_token` or the header `X-CSRF-Token`;
one by key needs none, since no browser sends a key by itself.
"""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from strongroom.legal.access import Principal
from strongroom.legal.people import principal_of_key, principal_of_session
from strongroom.legal.secrets import csrf_token
from web.cookies import session_token
from web.desk import desk_of
from web.problems import CsrfMissing, SignInNeeded

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
BACKGROUND_HEADER = "X-Background"
"""What a page sends with what it asks by itself, again and again: a session must idle out beside an open page."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def origin_of(request: Request) -> str:
    """The address that asks; behind a proxy that uvicorn trusts (`FORWARDED_ALLOW_IPS`) the one it tells of."""
    return request.client.host if request.client else "unknown"


async def given_csrf_token(request: Request) -> str:
    """The CSRF token that came with the request, or nothing."""
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(CSRF_FIELD, "")
        given = "" if isinstance(field, UploadFile) or field is None else field
    return given


GivenCsrfToken = Annotated[str, Depends(given_csrf_token)]


def require_csrf(given: str, token: str) -> None:
    """Raise CsrfMissing unless what was given belongs to the token in the cookie."""
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), csrf_token(token).encode()):
        raise CsrfMissing()


def current_principal(request: Request, given: GivenCsrfToken) -> Principal:
    """Who asks. Raises SignInNeeded, CsrfMissing, LedgerUnreachable."""
    desk = desk_of(request)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        # a wrong key is never made good by a cookie
        scheme, _, key = authorization.partition(" ")
        principal = None
        if scheme.lower() == "bearer":
            principal = principal_of_key(desk.house.engine, key.strip(), origin_of(request))
    else:
        token = session_token(request)
        if token is None:
            raise SignInNeeded()
        by_itself = BACKGROUND_HEADER in request.headers
        principal = principal_of_session(
            desk.house.engine, desk.session_limits, token, origin_of(request), by_itself=by_itself
        )
        if principal is not None:
            if request.method not in SAFE_METHODS:
                require_csrf(given, token)
            request.state.csrf_token = csrf_token(token)
    if principal is None:
        raise SignInNeeded()
    request.state.principal = principal
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
