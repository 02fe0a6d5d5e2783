"""One OAuth token a process, by the client-credentials grant (RFC 6749, section 4.4)."""

import threading
import time
from dataclasses import dataclass

import requests
from pydantic import BaseModel, Field, ValidationError
from requests.auth import AuthBase, HTTPBasicAuth

from strongroom.genesys.errors import CredentialsRefused, GenesysAnswerInvalid, GenesysRefused
from strongroom.genesys.transport import Request, Timeouts, send

LONGEST_MARGIN_S = 300.0
SHARE_OF_LIFE = 0.1
"""A token is renewed five minutes before it expires, or after nine tenths of a life shorter than fifty minutes."""

_TOKEN_PATH = "/oauth/token"  # noqa: S105  a path, not a password


class _TokenAnswer(BaseModel):
    # Printable ASCII (RFC 6749, appendix A.12): anything else would fail in the header, with the token in the error.
    access_token: str = Field(pattern=r"^[\x20-\x7e]+$", repr=False)
    expires_in: float = Field(gt=0, allow_inf_nan=False)


@dataclass(frozen=True, repr=False)
class BearerAuth(AuthBase):
    """Puts a token on a request. As an auth object it also keeps a ~/.netrc from replacing the header."""

    token: str

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the Authorization header (called by requests)."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class TokenSource:
    """Fetches, keeps and renews the token of one OAuth client; safe to share between threads.

    The secret and the token are in no repr, error or log.
    """

    def __init__(
        self, session: requests.Session, login_url: str, client_id: str, client_secret: str, timeouts: Timeouts
    ) -> None:
        self._session = session
        # Encoded here: requests would take str as Latin-1 and fail on anything else with the text in the error.
        auth = HTTPBasicAuth(client_id.encode(), client_secret.encode())
        self._request = Request(
            "POST",
            login_url.rstrip("/") + _TOKEN_PATH,
            _TOKEN_PATH,
            auth,
            repeatable=True,
            form={"grant_type": "client_credentials"},
        )
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def token(self) -> str:
        """A token that is good for a while yet; fetched when there is none, or the last one is about to expire.

        Raises CredentialsRefused when the login server doesn't take the id and secret, GenesysAnswerInvalid when it
        answers no token, and what `transport.send` raises.
        """
        with self._lock:
            if self._token is None or time.monotonic() >= self._renew_at:
                self._token = self._fetch()
            return self._token

    def refused(self, token: str) -> None:
        """Forget a token the API answered 401 to, unless another thread has replaced it already."""
        with self._lock:
            if self._token == token:
                self._token = None

    def _fetch(self) -> str:
        asked_at = time.monotonic()
        try:
            answer = send(self._session, self._request, self._timeouts)
        except GenesysRefused as error:
            if error.status not in {400, 401, 403}:
                raise
            raise CredentialsRefused(
                f"the login server refused the OAuth client ({error.status})",
                where=error.where,
                todo="check the id and secret of the OAuth client and the region of the login URL",
                status=error.status,
            ) from None
        try:
            fetched = _TokenAnswer.model_validate(answer.json)
        except ValidationError:
            raise GenesysAnswerInvalid(
                "the login server's answer holds no token with a life in seconds",
                where=self._request.where(),
                todo="check the login URL",
            ) from None
        self._renew_at = asked_at + fetched.expires_in - min(LONGEST_MARGIN_S, SHARE_OF_LIFE * fetched.expires_in)
        return fetched.access_token
