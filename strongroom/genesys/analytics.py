"""Which conversations there are: the synchronous conversation details query, read to its end.

The query returns conversations that *started* on a day the interval touches, a hundred a page, and knows no cursor:
page n is whatever stands at positions 100(n-1)+1 to 100n when it is asked for. How nothing is lost all the same:

- No page is trusted to be full, or the last. A reading ends when as many different conversations were seen as
  `totalHits` counts.
- A conversation that joins before the reader's position pushes others back: they repeat, and the count falls short,
  which the next pass over the pages makes good.
- A day of more than a query reaches is read from both ends, every other pass in the other order.
- One that *leaves* before the reader's position pulls others forward, past the reader, unseen. `started_on` rules
  that out: it asks for the day's conversations open or ended, which can only grow, and drops the open ones here (a
  filter on the end would let re-opened threads leave). `ended_since` needs the filter, because the place of open
  conversations in an order by end is nowhere promised. In both, a `totalHits` that falls makes another pass.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from strongroom.genesys.client import GenesysApi
from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.errors import GenesysAnswerInvalid, TooManyConversations
from strongroom.times import day_of, format_instant, start_of

QUERY_PATH = "/api/v2/analytics/conversations/details/query"
PAGE_SIZE = 100
"""The most the API gives at once."""
REACH = 100_000
"""How many conversations one query reaches (vendor's limit); the same query in the other order reaches as many more."""
MAX_PASSES = 5


@dataclass
class Page:
    """What one request added to a reading: conversations that ended, each once, or again if its end has changed.

    `invalid` are records that could not be read, for the review list. `total_hits` is the query's own count at that
    moment; for `started_on` it counts open conversations too.
    """

    conversations: list[Conversation]
    invalid: list[GenesysAnswerInvalid]
    total_hits: int


class _QueryAnswer(BaseModel):
    conversations: list[Any] | None = None
    total_hits: int = Field(alias="totalHits", ge=0, strict=True)


class _Reading:
    """What was seen over all passes of one reading."""

    def __init__(self) -> None:
        self._ends: dict[str, str] = {}
        self._counted: set[str] = set()
        self._total_hits = 0

    def some_left(self, total_hits: int) -> bool:
        """Take note of the API's count; when it fell, what was counted so far proves nothing any more."""
        fell = total_hits < self._total_hits
        self._total_hits = total_hits
        if fell:
            self._counted.clear()
        return fell

    def is_news(self, record: object) -> bool:
        """Count a record, and say whether it was not seen before, or not with this end."""
        members = record if isinstance(record, dict) else {}
        name = members.get("conversationId")
        if not isinstance(name, str):
            name = json.dumps(record, sort_keys=True)
        end = json.dumps(members.get("conversationEnd"))
        self._counted.add(name)
        if self._ends.get(name) == end:
            return False
        self._ends[name] = end
        return True

    @property
    def counted(self) -> int:
        """How many different records were seen since the API's count last fell."""
        return len(self._counted)


def started_on(client: GenesysApi, day: date, *, reach: int | None = None) -> Iterator[Page]:
    """Every ended conversation that started on that UTC day, earliest start first.

    Raises TooManyConversations when a query can't reach all of the day, GenesysAnswerInvalid when the pages stay short
    of the API's own count, and what the client raises. Until it has ended without an error, the day is not known.
    `reach` is how many conversations one query reaches, where it is not `REACH`.
    """
    query = {"interval": _interval(day), "order": "asc", "orderBy": "conversationStart"}
    yield from _read(client, query, reach or REACH)


def ended_since(client: GenesysApi, start_day: date, since: datetime, *, reach: int | None = None) -> Iterator[Page]:
    """The conversations that started on a UTC day and ended at `since` or later, latest end first.

    A page may hold earlier ends too; the first page that ends before `since` is the last. Raises as `started_on`.
    """

    def before_since(conversations: list[Conversation]) -> bool:
        end = conversations[-1].ended_at if conversations else None
        return end is not None and end < since

    query = {
        "interval": _interval(start_day),
        "order": "desc",
        "orderBy": "conversationEnd",
        "conversationFilters": [_where("conversationEnd", "exists")],
    }
    yield from _read(client, query, reach or REACH, enough=before_since)


def conversation_again(client: GenesysApi, conversation: Conversation) -> Conversation | None:
    """The same conversation as the query has it now, or None when it gives none. Raises what the client raises."""
    query = {
        "interval": _interval(day_of(conversation.started_at)),
        "order": "asc",
        "orderBy": "conversationStart",
        "conversationFilters": [_where("conversationId", "matches", conversation.conversation_id)],
    }
    records = _ask(client, query, 1).conversations or []
    parsed = [_parsed(record) for record in records]
    same = (
        one for one in parsed if isinstance(one, Conversation) and one.conversation_id == conversation.conversation_id
    )
    return next(same, None)


def conversations_again(client: GenesysApi, conversations: Sequence[Conversation]) -> dict[str, Conversation]:
    """The same conversations as the query has them now, by id; a request for each start-day and hundred of them.

    What it gives no more is not among them. Raises what the client raises.
    """
    by_day: defaultdict[date, list[str]] = defaultdict(list)
    for conversation in conversations:
        by_day[day_of(conversation.started_at)].append(conversation.conversation_id)
    found: dict[str, Conversation] = {}
    for day, ids in by_day.items():
        for first in range(0, len(ids), PAGE_SIZE):
            wanted = ids[first : first + PAGE_SIZE]
            query = {
                "interval": _interval(day),
                "order": "asc",
                "orderBy": "conversationStart",
                "conversationFilters": [_any_of("conversationId", wanted)],
            }
            parsed = [_parsed(record) for record in _ask(client, query, 1).conversations or []]
            found |= {one.conversation_id: one for one in parsed if isinstance(one, Conversation)}
    return found


def page_of(records: list[Any]) -> Page:
    """A page from records that come with no count of their own; conversations that are still open are left out."""
    parsed = [_parsed(record) for record in records]
    return Page(
        conversations=[item for item in parsed if isinstance(item, Conversation) and item.ended_at is not None],
        invalid=[item for item in parsed if isinstance(item, GenesysAnswerInvalid)],
        total_hits=len(records),
    )


def _read(
    client: GenesysApi,
    query: dict[str, Any],
    reach: int,
    *,
    enough: Callable[[list[Conversation]], bool] | None = None,
) -> Iterator[Page]:
    """Pass over the pages until a pass has seen all, or `enough` of a page's conversations (news or not) says so."""
    reading = _Reading()
    total_hits = 0
    for pass_number in range(MAX_PASSES):
        from_the_end = total_hits > reach and pass_number % 2 == 1
        for page_number in range(1, reach // PAGE_SIZE + 1):
            answer = _ask(client, _reversed(query) if from_the_end else query, page_number)
            total_hits = answer.total_hits
            some_left = reading.some_left(total_hits)
            counted_before = reading.counted
            records = answer.conversations or []
            parsed = [_parsed(record) for record in records]
            news = [item for item, record in zip(parsed, records, strict=True) if reading.is_news(record)]
            yield Page(
                conversations=[item for item in news if isinstance(item, Conversation) and item.ended_at is not None],
                invalid=[item for item in news if isinstance(item, GenesysAnswerInvalid)],
                total_hits=total_hits,
            )
            if some_left:
                break
            conversations = [item for item in parsed if isinstance(item, Conversation)]
            if enough is not None and not from_the_end and enough(conversations):
                return
            # a reading that may end early is refused only where it came to the end of its reach
            if enough is None or page_number * PAGE_SIZE >= reach:
                _refuse_out_of_reach(query, reach, total_hits)
            if reading.counted >= total_hits and (from_the_end or page_number * PAGE_SIZE >= total_hits):
                return
            if page_number * PAGE_SIZE >= total_hits and reading.counted == counted_before:
                break
    raise GenesysAnswerInvalid(
        f"the pages gave {reading.counted} of {total_hits} conversations in {MAX_PASSES} passes",
        where=f"POST {QUERY_PATH}, interval {query['interval']}",
        todo="the day is read again at its next turn; report it to Genesys support if it lasts",
    )


def _reversed(query: dict[str, Any]) -> dict[str, Any]:
    return query | {"order": "desc" if query["order"] == "asc" else "asc"}


def _refuse_out_of_reach(query: dict[str, Any], reach: int, total_hits: int) -> None:
    if total_hits > 2 * reach:
        raise TooManyConversations(
            f"the day has {total_hits} conversations, and a query read from both ends reaches {2 * reach}",
            where=f"POST {QUERY_PATH}, interval {query['interval']}",
            todo="nothing: the reading by activity, a day later, has no such limit; the day settles after it",
        )


def _ask(client: GenesysApi, query: dict[str, Any], page_number: int) -> _QueryAnswer:
    paging = {"pageSize": PAGE_SIZE, "pageNumber": page_number}
    answer = client.post(QUERY_PATH, query | {"paging": paging}, repeatable=True)
    where = f"POST {QUERY_PATH}, interval {query['interval']}, page {page_number}"
    try:
        page = _QueryAnswer.model_validate(answer.json)
    except ValidationError:
        raise GenesysAnswerInvalid(
            "a page has no totalHits, or its conversations are not a list",
            where=where,
            todo="check that the Genesys URLs lead to the API; nothing was taken from this page",
        ) from None
    return page


def _parsed(record: object) -> Conversation | GenesysAnswerInvalid:
    try:
        return parse_conversation(record)
    except GenesysAnswerInvalid as error:
        return error


def _interval(day: date) -> str:
    return f"{format_instant(start_of(day))}/{format_instant(start_of(day + timedelta(days=1)))}"


def _any_of(dimension: str, values: Sequence[str]) -> dict[str, Any]:
    return {"type": "or", "predicates": [_predicate(dimension, "matches", value) for value in values]}


def _where(dimension: str, operator: str, value: str | None = None) -> dict[str, Any]:
    return {"type": "and", "predicates": [_predicate(dimension, operator, value)]}


def _predicate(dimension: str, operator: str, value: str | None) -> dict[str, Any]:
    predicate = {"type": "dimension", "dimension": dimension, "operator": operator}
    return predicate | ({} if value is None else {"value": value})
