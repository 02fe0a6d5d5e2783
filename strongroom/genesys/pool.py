"""The pool of OAuth clients: each has an allowance of its own, so together they may ask that much more often."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.allowance import room_of
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.errors import CredentialsRefused
from strongroom.genesys.transport import Answer

LEFT_OUT_S = 60.0
"""How long a client whose credentials were refused is not chosen: it spends nothing, so it has most room."""

_T = TypeVar("_T")
_log = structlog.get_logger()


class ClientNotConfigured(StrongroomError):
    """The OAuth client that began something is no longer among those configured, and only it may go on with it."""


class ClientPool:
    """The clients of `STRONGROOM_GENESYS_CLIENTS`; safe to share between threads."""

    def __init__(self, clients: Sequence[GenesysClient], left_out_until: dict[str, float] | None = None) -> None:
        self._clients = {client.client_id: client for client in clients}
        # by client id, by the monotonic clock; shared by all pools of these clients
        self._left_out_until = {} if left_out_until is None else left_out_until

    def choose(self) -> GenesysClient:
        """The client with most room in its allowance, or the shortest wait for some. Raises AllowanceUnknown.

        One whose credentials were refused a moment ago is left out, unless all were.
        """
        return self._choose(self._left_out())

    def ask(self, request: Callable[[GenesysClient], _T]) -> tuple[GenesysClient, _T]:
        """Have a client of the pool ask something, another one where its credentials are refused: who, and the answer.

        Raises CredentialsRefused when all are refused, and what `request` raises.
        """
        refused: set[str] = set()
        while True:
            client = self._choose(self._left_out() | refused)
            try:
                return client, request(client)
            except CredentialsRefused as error:
                self._leave_out(client, error)
                refused.add(client.client_id)
                if self._left_out() | refused >= self._clients.keys():
                    raise

    def _choose(self, left_out: set[str]) -> GenesysClient:
        clients = list(self._clients.values())
        return _with_most_room([one for one in clients if one.client_id not in left_out] or clients)

    def _leave_out(self, client: GenesysClient, error: CredentialsRefused) -> None:
        if client.client_id in self._left_out():
            return
        self._left_out_until[client.client_id] = time.monotonic() + LEFT_OUT_S
        place = list(self._clients).index(client.client_id) + 1
        _log.error(
            f"OAuth client {place} of {len(self._clients)} in STRONGROOM_GENESYS_CLIENTS is refused",
            reason=error.what,
            todo=error.todo,
            left_out_s=LEFT_OUT_S,
        )

    def _left_out(self) -> set[str]:
        now = time.monotonic()
        return {client_id for client_id, until in self._left_out_until.items() if until > now}

    def patient(self, patience_s: float) -> "ClientPool":
        """The same clients, waiting for room for so long."""
        return ClientPool([client.patient(patience_s) for client in self._clients.values()], self._left_out_until)

    def in_background(self) -> "ClientPool":
        """The same clients, keeping out of the priority share of their allowances."""
        return ClientPool([client.in_background() for client in self._clients.values()], self._left_out_until)

    def of(self, client_id: str) -> GenesysClient:
        """The client of this id: only it may read the results of what it submitted. Raises ClientNotConfigured."""
        client = self._clients.get(client_id)
        if client is None:
            raise ClientNotConfigured(
                "the OAuth client that submitted this to Genesys is no longer configured",
                where="STRONGROOM_GENESYS_CLIENTS",
                todo="name the client again, or have the work submitted anew",
            )
        return client


def _with_most_room(clients: list[GenesysClient]) -> GenesysClient:
    random.shuffle(clients)  # of those that have as much, not always the same
    allowances = [client.allowance for client in clients if client.allowance is not None]
    if len(clients) == 1 or len(allowances) < len(clients):
        return clients[0]
    room = room_of(allowances)
    return clients[room.index(max(room))]


class PooledClient:
    """Requests of the whole pool, each by the client that has most room then."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """As `GenesysClient.get`."""
        return self._pool.ask(lambda client: client.get(path, params))[1]

    def post(self, path: str, json: Any, *, repeatable: bool) -> Answer:
        """As `GenesysClient.post`."""
        return self._pool.ask(lambda client: client.post(path, json, repeatable=repeatable))[1]

    def put(self, path: str, json: Any) -> Answer:
        """As `GenesysClient.put`."""
        return self._pool.ask(lambda client: client.put(path, json))[1]
