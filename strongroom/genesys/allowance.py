"""One rate limit for the fleet: what each OAuth client may still ask, in Redis, for all processes together.

Genesys counts requests in fixed windows of a minute, for each OAuth client. `allowance.lua` says how they are counted
here so that no window of Genesys's ever has more than the allowance. A Redis that was emptied or restarted, or that
forgot, costs one request: its answer says what is left. Without a Redis that answers nothing is sent.
"""

import hashlib
import math
import random
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import redis
from redis.exceptions import RedisError

from strongroom.errors import Misconfigured, Unreachable
from strongroom.genesys.errors import RateLimited
from strongroom.genesys.patience import Patience
from strongroom.genesys.rate_headers import RATE_WINDOW_S, number_of, retry_after_s

SCRIPT = Path(__file__).with_name("allowance.lua").read_text()

LONGEST_RESERVED_S = 5.0
"""How far ahead a request may have its place in the row; who would wait longer is told to come again."""
LONGEST_RESERVED_IN_BACKGROUND_S = 2.0
"""Less in the background: whoever else comes must not find all the next seconds taken."""

COUNTS_KEY = "strongroom:{allowance}:requests"
"""The hash that counts answers by endpoint and status; it has no end, and some dozens of fields."""
NO_ANSWER = "none"
"""The status of a request that had no answer, or none that could be read to its end."""

_GO, _NO_ROOM = 1, -1


class AllowanceUnknown(Unreachable):
    """Redis does not answer, so nobody knows what the fleet has asked in this minute; nothing is sent blindly."""


def connect(url: str, *, connect_timeout_s: float) -> redis.Redis:
    """The server of a Redis URL in any of the forms that Celery takes; connects when it is first asked.

    Raises Misconfigured when it is no such URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "redis+socket":
        database = dict(parse_qsl(parts.query)).get("virtual_host", "0").strip("/")
        url = f"unix://{parts.netloc}{parts.path}?db={database}"
    # Celery's and redis-py's names for the same
    url = re.sub(r"(?<=ssl_cert_reqs=)CERT_\w+", lambda name: name[0].removeprefix("CERT_").lower(), url)
    try:
        return redis.Redis.from_url(url, socket_connect_timeout=connect_timeout_s, socket_timeout=connect_timeout_s)
    except ValueError:
        raise Misconfigured(
            "the address of Redis can't be used", where="STRONGROOM_REDIS_URL", todo="see docs/settings.md"
        ) from None


class Slot:
    """One request that was granted; `heard` is given the answer, if there is one."""

    def __init__(self) -> None:
        self._told: tuple[int, int, int, int, int] = (0, 0, -1, 0, 0)
        self._status = NO_ANSWER

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """What the answer says of the allowance: `inin-ratelimit-*`, and `Retry-After` with a 429."""
        self._status = str(status)
        wait_s = retry_after_s(headers) if status == 429 else 0.0
        self._told = (
            int(200 <= status < 300),
            _whole(headers, "inin-ratelimit-allowed", least=1, otherwise=0),
            _whole(headers, "inin-ratelimit-count", least=0, otherwise=-1),
            1000 * _whole(headers, "inin-ratelimit-reset", least=0, otherwise=0),
            math.ceil(1000 * wait_s),
        )

    @property
    def told(self) -> tuple[int, int, int, int, int]:
        """Answered well, allowed, count, reset in ms, Retry-After in ms; as `told` of allowance.lua takes them."""
        return self._told

    @property
    def status(self) -> str:
        """The status of the answer, or NO_ANSWER."""
        return self._status


@dataclass(frozen=True)
class Rate:
    """How often one OAuth client may ask, until Genesys says otherwise.

    `priority_share` of it is kept free by what runs in the background. `window_s` is the vendor's window. A request of
    which nothing is heard for `lost_after_s` seconds will not reach Genesys any more.
    """

    per_window: int
    priority_share: float
    lost_after_s: float
    window_s: float = RATE_WINDOW_S


class Allowances:
    """The allowances of all OAuth clients of one organisation; safe to share between threads."""

    def __init__(self, server: redis.Redis, api_url: str, rate: Rate) -> None:
        self._server = server
        self._api_url = api_url
        self._rate = rate
        self._script = server.register_script(SCRIPT)

    def of(self, client_id: str) -> "Allowance":
        """One client's."""
        name = hashlib.sha256(f"{self._api_url}\n{client_id}".encode()).hexdigest()[:32]
        return Allowance(self, f"strongroom:{{allowance}}:{name}")

    def answers(self) -> bool:
        """Whether Redis does."""
        try:
            return bool(self._server.ping())
        except (RedisError, OSError):
            return False

    def requests_counted(self) -> dict[tuple[str, str], int]:
        """How many requests of the whole fleet had which answer, by endpoint and status, since Redis knows of any.

        Raises AllowanceUnknown.
        """
        try:
            counts: dict[bytes, bytes] = self._server.hgetall(COUNTS_KEY)  # type: ignore[assignment]  # not async here
        except (RedisError, OSError) as error:
            raise _unknown(error) from None
        counted = {}
        for field, count in counts.items():
            endpoint, _, status = field.decode().rpartition(" ")
            counted[endpoint, status] = int(count)
        return counted

    def ask(self, command: str, keys: Sequence[str], background: bool, *arguments: str | int) -> list[int]:
        """Run the script. Raises AllowanceUnknown."""
        rate = self._rate
        share = rate.priority_share if background else 0
        window_ms, lost_after_ms = math.ceil(1000 * rate.window_s), math.ceil(1000 * rate.lost_after_s)
        try:
            answer = self._script(
                keys=list(keys), args=[command, rate.per_window, share, window_ms, lost_after_ms, *arguments]
            )
        except (RedisError, OSError) as error:
            raise _unknown(error) from None
        return list(answer) if isinstance(answer, list) else []


@dataclass(frozen=True)
class Allowance:
    """One OAuth client's, as ordinary work uses it, or `background` work, which keeps the priority share free."""

    book: Allowances
    key: str
    background: bool = False

    @contextmanager
    def slot(self, patience: Patience, longest_wait_s: float, where: str, endpoint: str) -> Iterator[Slot]:
        """Wait for room for one request, and count it; what its answer said is to be told to the slot.

        `where` is for the error's text, `endpoint` (of endpoints.py) is what its answer is counted under.

        Raises RateLimited when there is no room within `longest_wait_s` seconds or the patience, and AllowanceUnknown.
        """
        request = uuid.uuid4().hex[:16]
        self._take(request, patience, longest_wait_s, where)
        slot = Slot()
        try:
            yield slot
        finally:
            # unsaid, the request counts until it is taken for lost: on the safe side
            with suppress(AllowanceUnknown):
                counted = f"{endpoint} {slot.status}"
                keys = [self.key, COUNTS_KEY]
                self.book.ask("told", keys, self.background, request, *slot.told, counted)

    def _take(self, request: str, patience: Patience, longest_wait_s: float, where: str) -> None:
        reserved_s = LONGEST_RESERVED_IN_BACKGROUND_S if self.background else LONGEST_RESERVED_S
        while True:
            outcome, wait_ms = self._ask("take", request, math.floor(1000 * min(reserved_s, longest_wait_s)))
            if outcome == _GO:
                return
            # who has no place in the row comes back while the row is still that long
            wait_s = wait_ms / 1000
            sleep_s = max(wait_s - random.uniform(0, reserved_s), 0.1) if outcome == _NO_ROOM else wait_s
            if wait_s > longest_wait_s or not patience.wait(sleep_s):
                break
        if outcome != _NO_ROOM:
            self._ask("drop", request)
        raise RateLimited(
            f"the requests that Genesys Cloud allows are used up for {wait_s:.0f} s",
            where=where,
            todo="the work is put off until then; a second OAuth client doubles the allowance",
            # what is put off together does not return together
            retry_after_s=wait_s + random.uniform(1, RATE_WINDOW_S / 4),
        )

    def _ask(self, command: str, *arguments: str | int) -> list[int]:
        return self.book.ask(command, [self.key], self.background, *arguments)


def room_of(allowances: Sequence[Allowance]) -> list[int]:
    """For each, of one book and alike, how many requests it has room for now; negative: for how many ms it has none.

    Raises AllowanceUnknown.
    """
    first = allowances[0]
    return first.book.ask("room", [one.key for one in allowances], first.background)


def _unknown(error: Exception) -> AllowanceUnknown:
    return AllowanceUnknown(
        f"Redis does not say how much of Genesys's rate limit is left: {type(error).__name__}",
        where="STRONGROOM_REDIS_URL",
        todo="start the server, or correct the address; the work stays due and is tried again",
    )


def _whole(headers: Mapping[str, str], name: str, *, least: int, otherwise: int) -> int:
    number = number_of(headers, name)
    return otherwise if number is None or not least <= number <= 10**9 else int(number)
