"""Media from pre-signed links: streamed, measured against every length that was promised, in flat memory."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from strongroom import spans
from strongroom.genesys.errors import (
    GenesysRefused,
    GenesysUnavailable,
    GenesysUnreachable,
    LinkExpired,
    MediaDamaged,
    MediaTooLarge,
    NotFound,
)
from strongroom.genesys.transport import reason

CHUNK_BYTES = 1024 * 1024
DEFAULT_MAX_BYTES = 64 * 1024**3
MAX_REDIRECTS = 3

# At DEBUG urllib3 tells every address whole, and a pre-signed one is a bearer secret.
logging.getLogger("urllib3").setLevel(logging.INFO)

_WHERE = "a pre-signed media link"


@dataclass(frozen=True)
class Media:
    """What came: its length in bytes, and the content type its sender gave it (not to be trusted), if any."""

    size_bytes: int
    content_type_said: str | None


def _without_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands where credentials would, so that requests does not look for some in ~/.netrc."""
    return request


class MediaSession:
    """Connections to the media store, without the API's token; one for each process.

    Time-outs are in seconds and `read_timeout_s` is for the next bytes, not for the whole. `max_bytes` bounds what
    one link may fill the disk with.
    """

    def __init__(self, *, connect_timeout_s: float, read_timeout_s: float, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._timeout_s = (connect_timeout_s, read_timeout_s)
        self._session = requests.Session()
        self._session.max_redirects = MAX_REDIRECTS
        # The archive keeps the bytes that were recorded, not a compressed or an unpacked form of them.
        self._session.headers["Accept-Encoding"] = "identity"

    def open(self, link: str) -> requests.Response:
        """The answer to a GET of the link, its body not read yet. Raises requests.RequestException."""
        return self._session.get(link, auth=_without_authorization, timeout=self._timeout_s, stream=True)


def fetch_media(
    session: MediaSession, url: str, write: Callable[[bytes], object], *, expected_length: int | None
) -> Media:
    """Give the bytes behind a link to `write`, in chunks of at most 1 MiB, and measure them.

    `expected_length` in bytes is what the recording or attachment says of itself, if it does. On an error `write` may
    have had a part of the bytes: throw them away. What `write` raises goes through. Raises

    - MediaDamaged: fewer bytes than Content-Length says, a broken connection, or not the expected length,
    - LinkExpired: refused (401, 403), and a fresh link will do; NotFound, GenesysRefused for other 4xx,
    - GenesysUnavailable for 5xx and 429, GenesysUnreachable without an answer in time,
    - MediaTooLarge: more than the session takes.
    """
    with spans.span("GET media", {"http.request.method": "GET"}) as span:
        media = _fetched(session, url, write, expected_length, span)
        span.tell("http.response.body.size", media.size_bytes)
        return media


def _fetched(
    session: MediaSession, url: str, write: Callable[[bytes], object], expected_length: int | None, span: spans.Span
) -> Media:
    _check_scheme(url)
    try:
        response = session.open(url)
    except (requests.RequestException, ValueError) as error:
        # Without the cause: its text holds the link.
        why = reason(error) if isinstance(error, requests.RequestException) else "the link can't be read"
        raise GenesysUnreachable(
            f"the media store gave no answer: {why}", where=_WHERE, todo="ask for the recording again"
        ) from None
    with response:
        span.tell(spans.STATUS, response.status_code)
        _check_status(response.status_code)
        announced = _announced_length(response)
        if announced is not None and announced > session.max_bytes:
            raise _too_large(session.max_bytes)
        if expected_length is not None and announced is not None and announced != expected_length:
            raise _damaged(f"{announced} bytes announced where {expected_length} were expected")
        received = 0
        try:
            for chunk in response.iter_content(CHUNK_BYTES):
                received += len(chunk)
                if received > session.max_bytes:
                    raise _too_large(session.max_bytes)
                if expected_length is not None and received > expected_length:
                    raise _damaged(f"more than the {expected_length} bytes expected")
                write(chunk)
        except requests.RequestException as error:
            of = f" of {announced}" if announced is not None else ""
            raise _damaged(f"{received}{of} bytes, then {reason(error)}") from None
        for promised in (announced, expected_length):
            if promised is not None and received != promised:
                raise _damaged(f"{received} of {promised} bytes")
        return Media(received, response.headers.get("Content-Type"))


def _check_scheme(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise MediaDamaged(
            "the media link is not an http(s) address", where=_WHERE, todo="look the recording up in Genesys"
        )


def _check_status(status: int) -> None:
    if status == 200:
        return
    what = f"the media store answered {status}"
    again = "ask for the recording again, which gives a fresh link"
    if status in {401, 403}:
        raise LinkExpired(what, where=_WHERE, todo=again)
    if status in {404, 410}:
        raise NotFound(what, where=_WHERE, todo="look the recording up in Genesys: its media is gone", status=status)
    if status == 429 or status >= 500:
        raise GenesysUnavailable(what, where=_WHERE, todo=again)
    if status >= 400:
        raise GenesysRefused(what, where=_WHERE, todo=again, status=status)
    raise _damaged(f"an answer {status} instead of the media")


def _announced_length(response: requests.Response) -> int | None:
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in {"", "identity"}:
        raise _damaged("sent compressed although it was asked for as it is")
    length = response.headers.get("Content-Length", "").strip()
    return int(length) if length.isascii() and length.isdigit() else None


def _damaged(what: str) -> MediaDamaged:
    return MediaDamaged(f"the media is not whole: {what}", where=_WHERE, todo="ask for the recording again")


def _too_large(max_bytes: int) -> MediaTooLarge:
    return MediaTooLarge(
        f"the media is larger than {max_bytes} bytes", where=_WHERE, todo="look the recording up in Genesys"
    )
