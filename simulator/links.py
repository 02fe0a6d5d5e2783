"""Pre-signed media links: whoever has one may fetch, until it expires."""

import hmac

from simulator.clock import Clock
from simulator.draws import digest


class LinkRefused(Exception):
    """The link was changed, or its time is over; the message is what S3 would say."""


class Links:
    """Links are signed with a key that comes from the seed, so a simulator started again honours older ones."""

    def __init__(self, seed: int, clock: Clock, ttl_s: int) -> None:
        self._key = digest(seed, "link key", size=32)
        self._clock = clock
        self._ttl_s = ttl_s

    def sign(self, base: str, conversation_id: str, recording_id: str, part: str, *, expired: bool = False) -> str:
        """A link below `base` (scheme, host and path prefix) to one part of a recording."""
        expires = str(int(self._clock.now_s()) + (-1 if expired else self._ttl_s))
        signature = self._signature(conversation_id, recording_id, part, expires)
        return f"{base}/media/{conversation_id}/{recording_id}/{part}?expires={expires}&signature={signature}"

    def check(self, conversation_id: str, recording_id: str, part: str, expires: str, signature: str) -> None:
        """Raises LinkRefused."""
        expected = self._signature(conversation_id, recording_id, part, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise LinkRefused("The request signature we calculated does not match the signature you provided.")
        if int(expires) < self._clock.now_s():
            raise LinkRefused("Request has expired")

    def _signature(self, *signed: str) -> str:
        return hmac.new(self._key, "/".join(signed).encode(), "sha256").hexdigest()
