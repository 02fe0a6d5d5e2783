"""One request to Genesys Cloud, repeated while that is safe and there is patience for it.

What every request has in common: time-outs, a bound on the answer, `Retry-After`, back-off, and errors that name the
correlation id which the vendor's support asks for.
"""

import json
import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import AuthBase

from strongroom import spans
from strongroom.genesys.allowance import Allowance
from strongroom.genesys.endpoints import endpoint_of, route_of
from strongroom.genesys.errors import (
    GenesysAnswerInvalid,
    GenesysRefused,
    GenesysUnavailable,
    GenesysUnreachable,
    NotFound,
    PermissionMissing,
    RateLimited,
)
from strongroom.genesys.patience import Patience
from strongroom.genesys.rate_headers import retry_after_s

MAX_ANSWER_BYTES = 64 * 1024 * 1024

_CHUNK_BYTES = 64 * 1024
_OPAQUE = re.compile(r"[A-Za-z0-9._-]{1,80}")
_PERMISSIONS = (
    (re.compile(r"/analytics/conversations/"), "Analytics > Conversation Detail > View"),
    (
        re.compile(r"/conversations/[^/]+/recording|/recording/"),
        "Recording > Recording > View and Recording > Recording > Export",
    ),
    (re.compile(r"/routing/queues"), "Routing > Queue > View"),
    (re.compile(r"/routing/wrapupcodes"), "Routing > Wrap-up Code > View"),
    (re.compile(r"/users"), "Directory > User > View"),
)


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for a connection, for the next bytes, for all attempts of one call, for room among the requests.

    `room_s` is the longest single wait that is made in place, for the allowance or after a 429.
    """

    connect_s: float
    read_s: float
    patience_s: float
    room_s: float


@dataclass(frozen=True)
class Answer:
    """What Genesys Cloud answered (2xx): `body` as received, `json` what it says; None where the body is empty."""

    status: int
    body: bytes
    json: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """One request as it goes out; `path` is what errors call it by, `repeatable` whether sending it twice is safe."""

    method: str
    url: str
    path: str
    auth: AuthBase
    repeatable: bool
    params: Mapping[str, Any] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None

    def where(self, correlation_id: str | None = None) -> str:
        """The request in the words of an error text."""
        return f"{self.method} {self.path}, correlation id {correlation_id or 'not given'}"


def reason(error: requests.RequestException) -> str:
    """Why there was no answer, in words of our own: the library's texts hold the whole address, signatures included."""
    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS handshake failed"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "the connection was refused or broke off"
    return f"the exchange failed ({type(error).__name__})"


def send(session: requests.Session, request: Request, timeouts: Timeouts, allowance: Allowance | None = None) -> Answer:
    """Send until there is a 2xx answer whose body is JSON or empty (empty: 202 and 204 only).

    Each attempt is counted against the allowance, where one is given, and waits for room in it. 429 is waited out when
    `Retry-After` (seconds) is no longer than that may last, and fits the patience. A 5xx or a lost connection is tried
    again only for a repeatable request. Raises GenesysUnreachable, GenesysUnavailable, RateLimited, AllowanceUnknown,
    GenesysRefused (and its kinds) and GenesysAnswerInvalid.
    """
    patience = Patience(timeouts.patience_s)
    while True:
        try:
            answer = _counted_exchange(session, request, timeouts, allowance, patience)
        except requests.RequestException as error:
            if request.repeatable and patience.back_off():
                continue
            raise GenesysUnreachable(
                f"Genesys Cloud gave no answer: {reason(error)}",
                where=f"{request.method} {request.path}",
                todo="check the network and the Genesys URLs; the work stays due and is tried again",
            ) from None
        if answer.status == 429:
            wait_s = retry_after_s(answer.headers)
            if wait_s <= timeouts.room_s and patience.wait(wait_s + random.uniform(0, 1)):
                continue
            raise RateLimited(
                f"Genesys Cloud answered 429: the requests of this minute are used up for {wait_s:.0f} s",
                where=request.where(correlation_id(answer)),
                todo="try again after that; a second OAuth client doubles the allowance",
                retry_after_s=wait_s,
            )
        if answer.status >= 500 and request.repeatable and patience.back_off():
            continue
        if not 200 <= answer.status < 300:
            raise _error_of(request, answer)
        return _promised(request, answer)


def correlation_id(answer: Answer) -> str | None:
    """The vendor's id of this exchange, from the header or else the body; None unless it looks like an id."""
    return _opaque(answer.headers.get("inin-correlation-id")) or _member(answer, "contextId")


def error_code(answer: Answer) -> str | None:
    """The vendor's code for an error (`code`, or `error` of the login server); None unless it looks like one."""
    return _member(answer, "code") or _member(answer, "error")


def _counted_exchange(
    session: requests.Session, request: Request, timeouts: Timeouts, allowance: Allowance | None, patience: Patience
) -> Answer:
    if allowance is None:
        return _exchange(session, request, timeouts)
    where = f"{request.method} {request.path}"
    with allowance.slot(patience, timeouts.room_s, where, endpoint_of(request.method, request.path)) as slot:
        answer = _exchange(session, request, timeouts)
        slot.heard(answer.status, answer.headers)
        return answer


def _exchange(session: requests.Session, request: Request, timeouts: Timeouts) -> Answer:
    told = {"http.request.method": request.method, "url.template": route_of(request.path)}
    with spans.span(endpoint_of(request.method, request.path), told) as span:
        answer = _sent(session, request, timeouts)
        span.tell(spans.STATUS, answer.status)
        return answer


def _sent(session: requests.Session, request: Request, timeouts: Timeouts) -> Answer:
    with session.request(
        request.method,
        request.url,
        params=request.params,
        json=request.json,
        data=request.form,
        auth=request.auth,
        timeout=(timeouts.connect_s, timeouts.read_s),
        allow_redirects=False,
        stream=True,
    ) as response:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK_BYTES):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise GenesysAnswerInvalid(
                    f"the answer is longer than {MAX_ANSWER_BYTES} bytes",
                    where=f"{request.method} {request.path}",
                    todo="report it to Genesys support; nothing was taken from it",
                )
        return Answer(response.status_code, bytes(body), _json_or_none(body), response.headers)


def _json_or_none(body: bytearray) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(text: str) -> float:
    """NaN and numbers beyond a float are no JSON (RFC 8259, section 6), and nothing after us takes them."""
    raise ValueError(f"{text} is no JSON number")


def _promised(request: Request, answer: Answer) -> Answer:
    empty = not answer.body and answer.status in {202, 204}
    if answer.json is None and not empty:
        raise GenesysAnswerInvalid(
            f"the answer ({answer.status}, {len(answer.body)} bytes) is not JSON",
            where=request.where(correlation_id(answer)),
            todo="check that the Genesys URLs lead to the API and not to a proxy's page",
        )
    return answer


def _error_of(request: Request, answer: Answer) -> Exception:
    code = error_code(answer)
    what = f"Genesys Cloud answered {answer.status}" + (f" ({code})" if code else "")
    where = request.where(correlation_id(answer))
    if answer.status >= 500:
        return GenesysUnavailable(what, where=where, todo="the work stays due; see status.mypurecloud.com if it lasts")
    if answer.status == 403:
        return PermissionMissing(
            what,
            where=where,
            todo=f"give the OAuth client's role the permission {_permission(request.path)}",
            status=403,
        )
    if answer.status in {404, 410}:
        return NotFound(
            what,
            where=where,
            todo="it was deleted in Genesys, or its division is not one of the OAuth client's role",
            status=answer.status,
        )
    if answer.status < 400:
        return GenesysAnswerInvalid(
            what, where=where, todo="check the Genesys URLs: the API itself sends no such answer"
        )
    todo = (
        "check the OAuth client and its secret: a fresh token was refused as well"
        if answer.status == 401
        else "report it with the correlation id: Genesys does not accept this request"
    )
    return GenesysRefused(what, where=where, todo=todo, status=answer.status)


def _permission(path: str) -> str:
    for pattern, permission in _PERMISSIONS:
        if pattern.search(path):
            return permission
    return "this path asks for, and access to its division"


def permissions_asked_for() -> tuple[str, ...]:
    """The permissions of Genesys Cloud that the OAuth client's role needs, as its administration calls them."""
    return tuple(part for _, told in _PERMISSIONS for part in told.split(" and "))


def _member(answer: Answer, name: str) -> str | None:
    return _opaque(answer.json.get(name)) if isinstance(answer.json, dict) else None


def _opaque(value: object) -> str | None:
    """A value from outside that may stand in an error text: an id or a code, never a sentence."""
    return value if isinstance(value, str) and _OPAQUE.fullmatch(value) else None
