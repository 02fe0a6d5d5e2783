"""OpenID Connect: the code flow with PKCE, by Authlib; the id_token held against the provider's keys by joserfc.

OpenID Connect Core 1.0 (3.1.2, 3.1.3), RFC 7636, RFC 9207, RFC 9700.
"""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from config.settings import Settings
from strongroom.errors import Misconfigured, Unreachable
from strongroom.legal.people import SignInRefused

CALLBACK = "/sign-in/oidc/callback"

# signatures by the provider's private key alone: with HS256 the client's secret would do, with "none" nothing
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
_KEY_TYPES = ("RSA", "EC", "OKP")
_METADATA_KEPT_S = 3_600.0
_LEEWAY_S = 60
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# RFC 8176, section 2: what one knows, what one has, what one is
_FACTORS = (
    frozenset({"pwd", "pin", "kba"}),
    frozenset({"otp", "hwk", "swk", "sc", "sms", "tel", "pop"}),
    frozenset({"face", "fpt", "iris", "retina", "vbm"}),
)
# OpenID Connect Extended Authentication Profile (EAP) ACR values, and REFEDS's multi-factor profile
_STRONG_CONTEXTS = frozenset({"phr", "phrh", "https://refeds.org/profile/mfa"})
_log = structlog.get_logger()


class ProviderUnreachable(Unreachable):
    """The OpenID provider does not answer, or not as one."""


@dataclass(frozen=True)
class SetOut:
    """Where the browser is sent, and what its way back is held against."""

    url: str
    state: str
    nonce: str
    code_verifier: str


class Provider:
    """The OpenID provider of the settings. Thread-safe; asks it for nothing before somebody signs in."""

    def __init__(self, settings: Settings, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._scopes = settings.oidc_scopes
        self._redirect_uri = f"{settings.desk_url}{CALLBACK}"
        self._timeout = (settings.connect_timeout_s, settings.read_timeout_s)
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._read_at = 0.0
        self._keys = KeySet([])

    @property
    def name(self) -> str:
        """How people know it: its host."""
        return urlsplit(self.issuer).hostname or self.issuer

    def set_out(self) -> SetOut:
        """Begin a sign-in. Raises ProviderUnreachable, Misconfigured."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        endpoint = self._discovered()["authorization_endpoint"]
        url, _ = self._session().create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
        return SetOut(url, state, nonce, verifier)

    def claims(self, code: str, nonce: str, code_verifier: str) -> Mapping[str, Any]:
        """Who it is that came back with this code. Raises SignInRefused, ProviderUnreachable, Misconfigured."""
        endpoint = self._discovered()["token_endpoint"]
        try:
            token = self._session().fetch_token(
                endpoint, code=code, code_verifier=code_verifier, timeout=self._timeout, allow_redirects=False
            )
        except AuthlibBaseError as error:
            raise _untrusted(f"the token endpoint says {error.error}") from error
        except (requests.RequestException, ValueError) as error:
            raise _unreachable(self.issuer, error) from error
        return self._verified(token.get("id_token"), nonce)

    def require_issuer(self, issuer: str | None) -> None:
        """What the way back says of who sent it (RFC 9207), where it does or must. Raises SignInRefused."""
        required = self._discovered().get("authorization_response_iss_parameter_supported") is True
        if issuer != self.issuer and (required or issuer is not None):
            raise _untrusted("another issuer sent the browser back")

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            scope=self._scopes,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )

    def _verified(self, id_token: object, nonce: str) -> Mapping[str, Any]:
        if not isinstance(id_token, str):
            raise _untrusted("there is no id_token")
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = self._decoded(id_token)
            registry.validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise _untrusted(type(error).__name__) from error
        # 3.1.3.7: of several audiences the one it was issued to is named
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._client_id:
            raise _untrusted("it was issued to another client")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise _untrusted("it names nobody")
        return claims

    def _decoded(self, id_token: str) -> dict[str, Any]:
        """The claims, once the signature holds; by keys read anew where those we have don't do: they are rotated."""
        with self._lock:
            keys = self._keys
        try:
            return jwt.decode(id_token, keys, _ALGORITHMS).claims
        except (JoseError, ValueError):
            keys = _key_set(self._read(self._discovered()["jwks_uri"]))
            with self._lock:
                self._keys = keys
            return jwt.decode(id_token, keys, _ALGORITHMS).claims

    def _discovered(self) -> Mapping[str, Any]:
        with self._lock:
            if not self._metadata or time.monotonic() - self._read_at > _METADATA_KEPT_S:
                self._metadata = self._discover()
                self._read_at = time.monotonic()
            return self._metadata

    def _discover(self) -> Mapping[str, Any]:
        metadata = self._read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        schemes = {"https"} if self.issuer.startswith("https:") else {"http", "https"}
        if metadata.get("issuer") != self.issuer:
            raise Misconfigured(
                "the OpenID provider calls itself otherwise",
                where="STRONGROOM_OIDC_ISSUER",
                todo="give the issuer exactly as its openid-configuration has it, a slash at the end included",
            )
        if not all(urlsplit(str(metadata.get(endpoint))).scheme in schemes for endpoint in _ENDPOINTS):
            raise Misconfigured(
                "the OpenID provider's configuration lacks an endpoint, or has one without https",
                where="STRONGROOM_OIDC_ISSUER",
                todo="check the provider",
            )
        return metadata

    def _read(self, url: str) -> dict[str, Any]:
        try:
            answer = requests.get(url, timeout=self._timeout, allow_redirects=False)
            answer.raise_for_status()
            document = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise _unreachable(self.issuer, error) from error
        if not isinstance(document, dict):
            raise _unreachable(self.issuer, TypeError("no JSON object"))
        return document


def used_second_factor(claims: Mapping[str, Any]) -> bool:
    """Whether the provider says that a second factor was used.

    By `amr` (RFC 8176), which holds `mfa` or methods of two kinds, or by an `acr` that means it.
    """
    told = claims.get("amr")
    methods = {one for one in told if isinstance(one, str)} if isinstance(told, list) else set()
    kinds = [kind for kind in _FACTORS if methods & kind]
    return "mfa" in methods or len(kinds) > 1 or claims.get("acr") in _STRONG_CONTEXTS


def provider_of(settings: Settings) -> Provider | None:
    """The provider of the settings, where they name one. Raises Misconfigured when they do so by halves."""
    issuer, client_id, secret = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret
    if issuer is None and client_id is None and secret is None and settings.oidc_groups is None:
        return None
    if issuer is None or client_id is None or secret is None or settings.oidc_groups is None:
        raise Misconfigured(
            "an OpenID provider needs its issuer, a client's id and secret, and what the groups may",
            where="STRONGROOM_OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _GROUPS",
            todo="set all four, or none",
        )
    return Provider(settings, issuer, client_id, secret.get_secret_value())


def _key_set(document: Mapping[str, Any]) -> KeySet:
    """The provider's keys for signatures; of kinds that we don't know, and for encryption, it may have others."""
    keys = document.get("keys")
    usable = [
        import_key(key)
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict) and key.get("kty") in _KEY_TYPES and key.get("use", "sig") == "sig"
    ]
    return KeySet(usable)


def _untrusted(reason: str) -> SignInRefused:
    # for the operator; whoever is refused can do nothing with it
    _log.warning("sign-in refused: the OpenID provider's answer does not hold", reason=reason)
    return SignInRefused(
        "the answer of the OpenID provider does not hold", where="sign-in", todo="sign in again from the start"
    )


def _unreachable(issuer: str, error: Exception) -> ProviderUnreachable:
    return ProviderUnreachable(
        f"the OpenID provider does not answer as one: {type(error).__name__}",
        where=issuer,
        todo="check the provider, and STRONGROOM_OIDC_ISSUER",
    )
