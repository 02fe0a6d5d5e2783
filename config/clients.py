"""The pool of Genesys OAuth clients, as the environment gives it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OAuthClient:
    """One OAuth client of the client-credentials grant; its secret is kept out of every repr."""

    client_id: str
    client_secret: str = field(repr=False)


def parse_clients(text: str) -> tuple[OAuthClient, ...]:
    """Read `id:secret,id:secret,…`. Raises ValueError, naming the position but never the text, when it is not that."""
    clients: list[OAuthClient] = []
    for position, entry in enumerate(text.split(","), start=1):
        client_id, colon, secret = entry.strip().partition(":")
        if not (client_id and colon and secret):
            raise ValueError(f"client {position} is not of the form id:secret")
        clients.append(OAuthClient(client_id, secret))
    if len({client.client_id for client in clients}) != len(clients):
        raise ValueError("a client id is given twice")
    return tuple(clients)
