"""What was asked of the simulator, counted."""

from collections import Counter, defaultdict
from typing import Any


class Stats:
    """Requests by endpoint (ids as placeholders) and status, by client, and the media that was fetched."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start from nothing."""
        self._requests: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._clients: Counter[str] = Counter()
        self._media_gets = 0
        self._media_bytes = 0

    def answered(self, endpoint: str, status: int) -> None:
        """Count an answer of the API or the login server."""
        self._requests[endpoint][str(status)] += 1

    def asked_by(self, client: str) -> None:
        """Count a request against a client."""
        self._clients[client] += 1

    def media_asked(self) -> None:
        """Count a request for media, refused ones too."""
        self._media_gets += 1

    def media_sent(self, count: int) -> None:
        """Count bytes of media that were sent."""
        self._media_bytes += count

    def shown(self) -> dict[str, Any]:
        """All counts, as `/_sim/stats` answers them."""
        return {
            "requests": {endpoint: dict(statuses) for endpoint, statuses in sorted(self._requests.items())},
            "clients": dict(sorted(self._clients.items())),
            "media": {"gets": self._media_gets, "bytes": self._media_bytes},
        }
