"""The pool of OAuth clients: each has an allowance of its own, so together they may ask that much more often."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from strongroom.errors import StrongroomError
from strongroom.genesys.allowance import room_of
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.transport import Answer


class ClientNotConfigured(StrongroomError):
    """The OAuth client that began something is no longer among those configured, and only it may go on with it."""


class ClientPool:
    """The clients of `STRONGROOM_GENESYS_CLIENTS`; safe to share between threads."""

    def __init__(self, clients: Sequence[GenesysClient]) -> None:
        self._clients = {client.client_id: client for client in clients}

    def choose(self) -> GenesysClient:
        """The client with most room in its allowance, or the shortest wait for some. Raises AllowanceUnknown."""
        clients = list(self._clients.values())
        random.shuffle(clients)  # of those that have as much, not always the same
        allowances = [client.allowance for client in clients if client.allowance is not None]
        if len(clients) == 1 or len(allowances) < len(clients):
            return clients[0]
        room = room_of(allowances)
        return clients[room.index(max(room))]

    def patient(self, patience_s: float) -> "ClientPool":
        """The same clients, waiting for room for so long."""
        return ClientPool([client.patient(patience_s) for client in self._clients.values()])

    def in_background(self) -> "ClientPool":
        """The same clients, keeping out of the priority share of their allowances."""
        return ClientPool([client.in_background() for client in self._clients.values()])

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


class PooledClient:
    """Requests of the whole pool, each by the client that has most room then."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """As `GenesysClient.get`."""
        return self._pool.choose().get(path, params)

    def post(self, path: str, json: Any, *, repeatable: bool) -> Answer:
        """As `GenesysClient.post`."""
        return self._pool.choose().post(path, json, repeatable=repeatable)

    def put(self, path: str, json: Any) -> Answer:
        """As `GenesysClient.put`."""
        return self._pool.choose().put(path, json)
