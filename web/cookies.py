"""The desk's two cookies: the session's, and one of whoever is about to sign in.

Both hold 256 random bits, HttpOnly, SameSite=Lax: a link in an e-mail and the way back from an OpenID provider must
find them, and what changes something has a CSRF token besides. By https they are Secure and `__Host-`: this host's.
"""

from fastapi import Request, Response

from web.desk import Desk, desk_of

_SESSION = "strongroom-session"
_VISITOR = "strongroom-visitor"
_HOST = "__Host-"
_VISITOR_S = 3_600
_LONGEST = 128


def session_token(request: Request) -> str | None:
    """The token in the session's cookie."""
    return _read(request, _SESSION)


def visitor_token(request: Request) -> str | None:
    """The token of a browser that nobody is signed in with."""
    return _read(request, _VISITOR)


def set_session(desk: Desk, response: Response, token: str) -> None:
    """Give the browser its session; it forgets it when it is closed. The visitor is no more."""
    _set(desk, response, _SESSION, token, max_age_s=None)
    _delete(desk, response, _VISITOR)


def set_visitor(desk: Desk, response: Response, token: str) -> None:
    """Give a browser what its sign-in form is held against."""
    _set(desk, response, _VISITOR, token, max_age_s=_VISITOR_S)


def delete_session(desk: Desk, response: Response) -> None:
    """Have the browser forget its session."""
    _delete(desk, response, _SESSION)


def _name(desk: Desk, name: str) -> str:
    return f"{_HOST}{name}" if desk.is_https else name


def _read(request: Request, name: str) -> str | None:
    value = request.cookies.get(_name(desk_of(request), name), "")
    return value if 0 < len(value) <= _LONGEST and value.isascii() else None


def _set(desk: Desk, response: Response, name: str, token: str, *, max_age_s: int | None) -> None:
    response.set_cookie(
        _name(desk, name), token, max_age=max_age_s, path="/", secure=desk.is_https, httponly=True, samesite="lax"
    )


def _delete(desk: Desk, response: Response, name: str) -> None:
    response.delete_cookie(_name(desk, name), path="/", secure=desk.is_https, httponly=True, samesite="lax")
