"""A small OpenID provider over HTTP: it signs for real and checks what one must, client, code, PKCE and redirect."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

CLIENT_ID = "legal-desk"
CLIENT_SECRET = "planted-oidc-secret"


@dataclass
class OpenIdProvider:
    """`claims` is who is signed in at the provider; `spoil` changes the claims, `header` the head of each id_token."""

    issuer: str
    redirect_uri: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    spoil: dict[str, Any] = field(default_factory=dict)
    sign_with: RSAKey | ECKey | None = None
    algorithm: str = "RS256"
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[RSAKey | ECKey] = field(default_factory=lambda: [new_rsa_key()])
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def rotate(self) -> None:
        """Another key from now on, the old one is not told any more."""
        self.keys = [new_rsa_key()]

    def authorize(self, url: str) -> str:
        """What the provider does when a browser comes and its user is signed in: the address it is sent back to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["response_type"] == "code" and query["client_id"] == CLIENT_ID
        assert query["redirect_uri"] == self.redirect_uri
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = {"challenge": query["code_challenge"], "nonce": query["nonce"]}
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, headers: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint."""
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if headers.get("Authorization") != f"Basic {expected}":
            return 401, {"error": "invalid_client"}
        code = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            code is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != self.redirect_uri
            or challenge.rstrip(b"=").decode() != code["challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": code["nonce"]}
        claims |= self.claims | self.spoil
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.sign_with or self.keys[0]
        header = {"alg": self.algorithm, "kid": key.kid}
        id_token = jwt.encode(header, claims, key, [self.algorithm])
        return 200, {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": id_token}


def new_rsa_key(kid: str | None = None) -> RSAKey:
    """A key to sign with, by a name of its own."""
    return RSAKey.generate_key(2048, {"kid": kid or secrets.token_hex(4), "use": "sig"}, private=True)


@contextmanager
def running_provider() -> Iterator[OpenIdProvider]:
    """Run it on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            if self.path == "/realm/.well-known/openid-configuration":
                self._answer(200, provider_metadata(provider))
            elif self.path == "/realm/keys":
                self._answer(200, KeySet(provider.keys).as_dict(private=False))
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*provider.token(self.headers, {name: values[0] for name, values in parse_qs(body).items()}))

        def _answer(self, status: int, document: object) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        # with the slash at the end that some providers' issuers have
        provider = OpenIdProvider(f"http://127.0.0.1:{server.server_port}/realm/")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()


def provider_metadata(provider: OpenIdProvider) -> dict[str, Any]:
    """Its openid-configuration."""
    return {
        "issuer": provider.issuer,
        "authorization_endpoint": f"{provider.issuer}authorize",
        "token_endpoint": f"{provider.issuer}token",
        "jwks_uri": f"{provider.issuer}keys",
    } | provider.metadata
