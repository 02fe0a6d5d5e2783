"""The Genesys Cloud API for one OAuth client: a path and parameters in, checked JSON out."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import requests

from strongroom.genesys.allowance import Allowance
from strongroom.genesys.auth import BearerAuth, TokenSource
from strongroom.genesys.errors import CredentialsRefused, GenesysRefused
from strongroom.genesys.transport import Answer, Request, Timeouts, send

DEFAULT_PATIENCE_S = 20.0


class GenesysApi(Protocol):
    """Who may be asked: one OAuth client, or the pool of them. Each call raises what `transport.send` raises."""

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """GET a path such as `/api/v2/organizations/me`."""

    def post(self, path: str, json: Any, *, repeatable: bool) -> Answer:
        """POST JSON to a path; `repeatable` only if doing it twice does no harm (a query)."""

    def put(self, path: str, json: Any) -> Answer:
        """PUT JSON to a path, which may be done twice."""


class GenesysClient:
    """Requests of one OAuth client, with its token; build one for each process.

    `api_url` and `login_url` may carry a path prefix (a gateway). Time-outs are in seconds; `patience_s` is the time
    one call may spend on repeats and waiting, `room_s` (no more than that, by default as much) the longest wait for
    room in the allowance, or after a 429. Requests for a token are not counted: Genesys counts what one is used for.
    """

    def __init__(
        self,
        api_url: str,
        login_url: str,
        client_id: str,
        client_secret: str,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        patience_s: float = DEFAULT_PATIENCE_S,
        room_s: float | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self._allowance = allowance
        self._client_id = client_id
        self._api_url = api_url.rstrip("/")
        self._timeouts = Timeouts(
            connect_timeout_s, read_timeout_s, patience_s, patience_s if room_s is None else room_s
        )
        self._session = requests.Session()
        self._session.headers["Accept"] = "application/json"
        self._tokens = TokenSource(self._session, login_url, client_id, client_secret, self._timeouts)

    @property
    def client_id(self) -> str:
        """The OAuth client's id, which is no secret."""
        return self._client_id

    @property
    def allowance(self) -> Allowance | None:
        """What its requests are counted against; None: nothing counts them."""
        return self._allowance

    def patient(self, patience_s: float) -> "GenesysClient":
        """The same client, its token too, waiting for room and repeating for so long: for what must not begin again."""
        patient = copy.copy(self)
        patient._timeouts = replace(self._timeouts, patience_s=patience_s, room_s=patience_s)
        return patient

    def in_background(self) -> "GenesysClient":
        """The same client, its token too, keeping out of the priority share of its allowance."""
        behind = copy.copy(self)
        behind._allowance = self._allowance and replace(self._allowance, background=True)
        return behind

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """GET a path such as `/api/v2/organizations/me`. Raises what `transport.send` raises."""
        return self._call("GET", path, params=params, json=None, repeatable=True)

    def post(self, path: str, json: Any, *, repeatable: bool) -> Answer:
        """POST JSON to a path; `repeatable` only if doing it twice does no harm (a query). Raises as `get` does."""
        return self._call("POST", path, params=None, json=json, repeatable=repeatable)

    def put(self, path: str, json: Any) -> Answer:
        """PUT JSON to a path, which may be done twice. Raises as `get` does."""
        return self._call("PUT", path, params=None, json=json, repeatable=True)

    def _call(self, method: str, path: str, *, params: Mapping[str, Any] | None, json: Any, repeatable: bool) -> Answer:
        def attempt(token: str) -> Answer:
            request = Request(
                method, self._api_url + path, path, BearerAuth(token), repeatable=repeatable, params=params, json=json
            )
            return send(self._session, request, self._timeouts, self._allowance)

        token = self._tokens.token()
        try:
            return attempt(token)
        except GenesysRefused as error:
            if error.status != 401:
                raise
        # A 401 did nothing, so even what must not be repeated may be sent again with a fresh token, once.
        self._tokens.refused(token)
        try:
            return attempt(self._tokens.token())
        except GenesysRefused as error:
            if error.status != 401:
                raise
            raise CredentialsRefused(error.what, where=error.where, todo=error.todo, status=401) from None
