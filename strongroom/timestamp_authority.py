"""Asking a timestamp authority over HTTP (RFC 3161 section 3.4). What its answer proves is for evidence to say."""

import requests

from strongroom.errors import StrongroomError, Unreachable

_QUERY = "application/timestamp-query"
_REPLY = "application/timestamp-reply"


class AuthorityUnreachable(Unreachable):
    """The authority does not answer. Nothing is lost: the checkpoint stands, and is timestamped later."""


class AuthorityRefuses(StrongroomError):
    """Something answers, but not as a timestamp authority does."""


def ask_authority(
    url: str, question: bytes, *, connect_timeout_s: float, read_timeout_s: float, most_bytes: int
) -> bytes:
    """Send a TimeStampReq in DER and return the bytes of the answer, of which at most `most_bytes` + 1 are read.

    Raises AuthorityUnreachable, AuthorityRefuses.
    """
    try:
        with requests.post(
            url,
            data=question,
            headers={"Content-Type": _QUERY, "Accept": _REPLY},
            timeout=(connect_timeout_s, read_timeout_s),
            allow_redirects=False,
            stream=True,
        ) as answer:
            if answer.status_code >= 500 or answer.status_code == 429:
                raise _unreachable(url, f"HTTP {answer.status_code}")
            if answer.status_code != 200:
                raise _refuses(url, f"it answers HTTP {answer.status_code}")
            content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if content_type != _REPLY:
                raise _refuses(url, f"its answer is no {_REPLY}")
            body = b""
            for chunk in answer.iter_content(8192):
                body += chunk
                if len(body) > most_bytes:
                    break
            return body[: most_bytes + 1]
    except requests.RequestException as error:
        raise _unreachable(url, type(error).__name__) from error


def _unreachable(url: str, reason: str) -> AuthorityUnreachable:
    return AuthorityUnreachable(
        f"the timestamp authority does not answer: {reason}",
        where=url,
        todo="it is asked again; the checkpoint is sealed without a timestamp until then",
    )


def _refuses(url: str, reason: str) -> AuthorityRefuses:
    return AuthorityRefuses(
        f"this is no timestamp authority: {reason}", where=url, todo="correct STRONGROOM_TIMESTAMP_URL"
    )
