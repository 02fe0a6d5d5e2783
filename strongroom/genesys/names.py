"""The names behind ids, as they are on the day a conversation is archived."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from strongroom.genesys.client import GenesysApi
from strongroom.genesys.conversations import Conversation
from strongroom.genesys.errors import GenesysAnswerInvalid
from strongroom.genesys.fields import is_uuid, objects, text_or_none

DEFAULT_MAX_AGE_S = 6 * 3600.0
PAGE_SIZE = 100
MAX_PAGES = 1_000
"""Far beyond any organisation; a bound on a listing that would never end."""

ORGANISATION_PATH = "/api/v2/organizations/me"


@dataclass(frozen=True)
class NamesOfTheDay:
    """For each id a conversation holds, its name; None when it was deleted, or is not visible to the OAuth client."""

    queues: dict[str, str | None]
    wrap_up_codes: dict[str, str | None]
    divisions: dict[str, str | None]
    users: dict[str, str | None]


@dataclass(frozen=True)
class Organisation:
    """The Genesys Cloud organisation the OAuth client belongs to."""

    organisation_id: str
    name: str | None
    domain: str | None


class _Directory:
    """Names of one kind of thing, forgotten after `max_age_s` seconds.

    What is `listed` is read whole first, a few pages for every conversation of the day. An id that is not known then
    is asked for by itself, so that what was created a minute ago has its name; what has none stays remembered as such.
    """

    def __init__(
        self, client: GenesysApi, path: str, max_age_s: float, *, listed: bool, params: dict[str, str] | None = None
    ) -> None:
        self._client = client
        self._path = path
        self._max_age_s = max_age_s
        self._listed = listed
        self._params = params or {}
        self._lock = threading.Lock()
        self._names: dict[str, str | None] = {}
        self._read_at: float | None = None

    def names(self, ids: Iterable[str]) -> dict[str, str | None]:
        """The name of each id, or None. Raises what the client raises, and GenesysAnswerInvalid."""
        wanted = list(ids)
        if not wanted:
            return {}
        with self._lock:
            self._refresh_if_old()
            # An id that is no UUID (ININ-WRAP-UP-TIMEOUT is one) would have the whole request refused.
            unknown = [one for one in wanted if one not in self._names and is_uuid(one)]
            for first in range(0, len(unknown), PAGE_SIZE):
                batch = unknown[first : first + PAGE_SIZE]
                found = self._page(1, ids=batch)[0]
                self._names.update({one: found.get(one) for one in batch})
            return {one: self._names.get(one) for one in wanted}

    def _refresh_if_old(self) -> None:
        now = time.monotonic()
        if self._read_at is not None and now - self._read_at < self._max_age_s:
            return
        self._names = self._whole() if self._listed else {}
        self._read_at = now

    def _whole(self) -> dict[str, str | None]:
        names, page_count = self._page(1)
        for number in range(2, page_count + 1):
            names.update(self._page(number)[0])
        return names

    def _page(self, number: int, *, ids: list[str] | None = None) -> tuple[dict[str, str | None], int]:
        params: dict[str, Any] = {"pageSize": PAGE_SIZE, "pageNumber": number, **self._params}
        if ids is not None:
            params["id"] = ids
        answer = self._client.get(self._path, params).json
        page_count = answer.get("pageCount") if isinstance(answer, dict) else None
        if not isinstance(page_count, int) or page_count > MAX_PAGES or not isinstance(answer.get("entities"), list):
            raise GenesysAnswerInvalid(
                "a listing has no entities, or no sensible pageCount",
                where=f"GET {self._path}, page {number}",
                todo="check that the Genesys URLs lead to the API",
            )
        entities = objects(answer["entities"])
        return {
            str(entity["id"]): text_or_none(entity.get("name")) for entity in entities if "id" in entity
        }, page_count


class Names:
    """Cached names of queues, wrap-up codes, divisions, users and the organisation; safe to share between threads.

    A few requests a process and `max_age_s` seconds (default six hours), and one for each id met later.
    """

    def __init__(self, client: GenesysApi, *, max_age_s: float = DEFAULT_MAX_AGE_S) -> None:
        self._client = client
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self._organisation: Organisation | None = None
        self._organisation_read_at = 0.0
        self._queues = _Directory(client, "/api/v2/routing/queues", max_age_s, listed=True)
        self._wrap_up_codes = _Directory(client, "/api/v2/routing/wrapupcodes", max_age_s, listed=True)
        self._divisions = _Directory(client, "/api/v2/authorization/divisions", max_age_s, listed=True)
        # Without state=any the API leaves out agents who have left, and old conversations are full of them.
        self._users = _Directory(client, "/api/v2/users", max_age_s, listed=False, params={"state": "any"})

    def behind(self, conversation: Conversation) -> NamesOfTheDay:
        """The names of all ids the conversation holds. Raises what the client raises, and GenesysAnswerInvalid."""
        return NamesOfTheDay(
            queues=self._queues.names(conversation.queue_ids),
            wrap_up_codes=self._wrap_up_codes.names(conversation.wrap_up_codes),
            divisions=self._divisions.names(conversation.division_ids),
            users=self._users.names(conversation.user_ids),
        )

    def organisation(self) -> Organisation:
        """The organisation. Raises what the client raises, and GenesysAnswerInvalid when it has no id."""
        with self._lock:
            now = time.monotonic()
            if self._organisation is None or now - self._organisation_read_at >= self._max_age_s:
                self._organisation = self._ask_organisation()
                self._organisation_read_at = now
            return self._organisation

    def _ask_organisation(self) -> Organisation:
        answer = self._client.get(ORGANISATION_PATH).json
        if not isinstance(answer, dict) or not text_or_none(answer.get("id")):
            raise GenesysAnswerInvalid(
                "the organisation has no id", where=f"GET {ORGANISATION_PATH}", todo="check the Genesys URLs"
            )
        return Organisation(answer["id"], text_or_none(answer.get("name")), text_or_none(answer.get("domain")))
