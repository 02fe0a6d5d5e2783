"""The login server: client credentials in, bearer tokens out."""

import base64
import binascii
import hmac
import secrets

from simulator.clock import Clock
from simulator.errors import ApiError, LoginError


class Tokens:
    """Clients are `client-1` with `secret-1`, and so on; a token is good until it expires or is revoked."""

    def __init__(self, clock: Clock, clients: int, ttl_s: int) -> None:
        self._clock = clock
        self._secrets = {f"client-{number}": f"secret-{number}" for number in range(1, clients + 1)}
        self._ttl_s = ttl_s
        self._issued: dict[str, tuple[str, float]] = {}

    def issue(self, authorization: str | None, grant_type: str | None) -> dict[str, object]:
        """Answer a token request (RFC 6749 section 4.4). Raises LoginError."""
        client, secret = _basic(authorization)
        if client not in self._secrets:
            raise LoginError(400, "invalid_client", f"client not found: {client}")
        if not hmac.compare_digest(self._secrets[client].encode(), secret.encode()):
            raise LoginError(401, "invalid_client", "authentication failed")
        if grant_type != "client_credentials":
            raise LoginError(400, "unsupported_grant_type", "grant_type must be client_credentials")
        now = self._clock.now_s()
        self._issued = {token: held for token, held in self._issued.items() if held[1] > now}
        token = secrets.token_urlsafe(48)
        self._issued[token] = (client, now + self._ttl_s)
        return {"access_token": token, "token_type": "bearer", "expires_in": self._ttl_s}

    def client(self, authorization: str | None) -> str:
        """The client a bearer token was issued to. Raises ApiError 401."""
        client, expires = self._issued.get(_bearer(authorization), ("", 0.0))
        if expires <= self._clock.now_s():
            raise ApiError(401, "bad.credentials", "Invalid login credentials.")
        return client

    def revoke(self, authorization: str | None) -> None:
        """Make a token invalid from now on."""
        self._issued.pop(_bearer(authorization), None)


def _basic(authorization: str | None) -> tuple[str, str]:
    kind, _, encoded = (authorization or "").partition(" ")
    try:
        client, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if kind.lower() != "basic" or not colon:
        raise LoginError(400, "invalid_request", "HTTP Basic authorization with id and secret is needed")
    return client, secret


def _bearer(authorization: str | None) -> str:
    kind, _, token = (authorization or "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise ApiError(401, "authentication.required", "No authentication bearer token specified in header.")
    return token
