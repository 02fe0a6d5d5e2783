"""Reading a day whole while it moves."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_genesys import ScriptedGenesys, of_json

from strongroom.genesys import analytics
from strongroom.genesys.analytics import MAX_PASSES, Page, conversation_again, ended_since, started_on
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.conversations import parse_conversation
from strongroom.genesys.errors import GenesysAnswerInvalid, TooManyConversations
from strongroom.genesys.transport import Answer
from strongroom.times import format_instant, parse_instant

DAY = date(2025, 5, 14)
MIDNIGHT = datetime(2025, 5, 14, tzinfo=UTC)
PATH = "/api/v2/analytics/conversations/details/query"


def record(number: int, *, ended_s: float | None = 60) -> dict[str, Any]:
    """A conversation that starts `number` seconds into the day and ends `ended_s` later."""
    start = MIDNIGHT + timedelta(seconds=number)
    found = {"conversationId": str(uuid.UUID(int=number)), "conversationStart": format_instant(start)}
    return found if ended_s is None else found | {"conversationEnd": format_instant(start + timedelta(seconds=ended_s))}


class Day:
    """Answers queries as Genesys does, from a population that `before_page` may change before each answer."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = {one["conversationId"]: one for one in records}
        self.queries: list[dict[str, Any]] = []
        self.before_page: Callable[[int], None] = lambda asked: None
        self.answer_as: Callable[[int, list[Any]], list[Any]] = lambda asked, page: page

    def post(self, path: str, query: dict[str, Any], *, repeatable: bool) -> Answer:
        assert path == PATH
        assert repeatable
        asked = len(self.queries)
        self.before_page(asked)
        self.queries.append(query)
        field = query["orderBy"]
        matching = [
            one for one in self.records.values() if "conversationFilters" not in query or "conversationEnd" in one
        ]
        matching.sort(key=lambda one: (one[field], one["conversationId"]), reverse=query["order"] == "desc")
        first = (query["paging"]["pageNumber"] - 1) * query["paging"]["pageSize"]
        page = self.answer_as(asked, matching[first : first + query["paging"]["pageSize"]])
        said = {"conversations": page, "totalHits": len(matching)} if page else {"totalHits": len(matching)}
        return Answer(200, b"", said, {})


def numbers(pages: list[Page]) -> list[int]:
    return [uuid.UUID(one.conversation_id).int for page in pages for one in page.conversations]


def read_started(day: Day) -> list[Page]:
    return list(started_on(day, DAY))  # type: ignore[arg-type]


def read_ended(day: Day, since: datetime) -> list[Page]:
    return list(ended_since(day, DAY, since))  # type: ignore[arg-type]


# --- the query itself


def test_a_day_is_asked_for_by_start(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(PATH, of_json({"conversations": [record(5)], "totalHits": 1}))
    (page,) = started_on(client, DAY)
    assert (page.total_hits, page.invalid, numbers([page])) == (1, [], [5])
    (asked,) = genesys.requests_to(PATH)
    assert asked.json() == {
        "interval": "2025-05-14T00:00:00.000Z/2025-05-15T00:00:00.000Z",
        "order": "asc",
        "orderBy": "conversationStart",
        "paging": {"pageSize": 100, "pageNumber": 1},
    }


def test_an_older_day_is_asked_for_by_end(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(PATH, of_json({"totalHits": 0}))
    assert numbers(list(ended_since(client, DAY, MIDNIGHT))) == []
    (asked,) = genesys.requests_to(PATH)
    query = asked.json()
    assert (query["order"], query["orderBy"]) == ("desc", "conversationEnd")
    assert query["conversationFilters"] == [
        {"type": "and", "predicates": [{"type": "dimension", "dimension": "conversationEnd", "operator": "exists"}]}
    ]


def test_one_conversation_is_asked_for_again_by_its_id(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    known = parse_conversation(record(5))
    now = record(5) | {"externalTag": "wrapped up since"}
    genesys.on(PATH, of_json({"conversations": [{"odd": 1}, record(6), now], "totalHits": 3}))

    again = conversation_again(client, known)

    assert again is not None
    assert again.raw == now
    (asked,) = genesys.requests_to(PATH)
    query = asked.json()
    assert query["interval"] == "2025-05-14T00:00:00.000Z/2025-05-15T00:00:00.000Z"
    (condition,) = query["conversationFilters"]
    assert condition["predicates"] == [
        {
            "type": "dimension",
            "dimension": "conversationId",
            "operator": "matches",
            "value": known.conversation_id,
        }
    ]


@pytest.mark.parametrize("answer", [{"totalHits": 0}, {"conversations": [record(6)], "totalHits": 1}])
def test_a_conversation_that_the_query_gives_no_more_is_none(
    genesys: ScriptedGenesys, client: GenesysClient, answer: object
) -> None:
    genesys.on(PATH, of_json(answer))
    assert conversation_again(client, parse_conversation(record(5))) is None


def test_a_conversation_that_is_open_again_comes_as_it_is(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(PATH, of_json({"conversations": [record(5, ended_s=None)], "totalHits": 1}))
    again = conversation_again(client, parse_conversation(record(5)))
    assert again is not None
    assert again.ended_at is None


@pytest.mark.parametrize(
    "answer",
    [{}, [], "x", {"conversations": []}, {"totalHits": "3"}, {"totalHits": -1}, {"totalHits": 1, "conversations": {}}],
)
def test_a_page_without_a_count_is_no_empty_day(
    genesys: ScriptedGenesys, client: GenesysClient, answer: object
) -> None:
    genesys.on(PATH, of_json(answer))
    with pytest.raises(GenesysAnswerInvalid, match="totalHits"):
        list(started_on(client, DAY))


# --- a day that stands still


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 250, 300])
def test_a_day_costs_a_request_a_hundred(size: int) -> None:
    day = Day([record(n) for n in range(size)])
    pages = read_started(day)
    assert numbers(pages) == list(range(size))
    assert len(day.queries) == max(1, -(-size // 100))
    assert all(page.total_hits == size for page in pages)


def test_open_conversations_are_left_out() -> None:
    day = Day([record(n, ended_s=None if n % 3 else 60) for n in range(150)])
    assert numbers(read_started(day)) == list(range(0, 150, 3))


def test_what_can_not_be_read_is_handed_over_once_beside_the_rest() -> None:
    day = Day([record(n) for n in range(120)])
    broken = record(200) | {"conversationEnd": "soon"}
    day.records["broken"] = broken
    day.answer_as = lambda asked, page: [{"odd": 1} if one["conversationId"].endswith("03") else one for one in page]
    pages = read_started(day)
    assert len(numbers(pages)) == 119
    assert sorted(error.what for page in pages for error in page.invalid) == [
        "a conversation's conversationId is not a UUID",
        "conversationEnd is missing or no ISO-8601 time with a zone",
    ]


def test_an_older_day_costs_a_page_when_its_newest_end_is_too_old() -> None:
    day = Day([record(n) for n in range(1000)])
    assert len(read_ended(day, MIDNIGHT + timedelta(days=1))) == 1


@given(since_s=st.integers(0, 900), size=st.integers(0, 450))
@settings(max_examples=30, deadline=None)
def test_all_that_ended_since_are_found(since_s: int, size: int) -> None:
    day = Day([record(n) for n in range(size)])
    found = numbers(read_ended(day, MIDNIGHT + timedelta(seconds=since_s)))
    assert {n for n in range(size) if n + 60 >= since_s} <= set(found)
    assert len(found) == len(set(found))


# --- a day that moves


def test_short_pages_are_not_the_last() -> None:
    day = Day([record(n) for n in range(250)])
    day.answer_as = lambda asked, page: page[:-7] if asked < 2 else page
    assert sorted(numbers(read_started(day))) == list(range(250))


def test_an_empty_page_is_asked_for_again() -> None:
    day = Day([record(n) for n in range(250)])
    day.answer_as = lambda asked, page: [] if asked == 1 else page
    assert sorted(numbers(read_started(day))) == list(range(250))


def test_pages_that_stay_short_are_an_error_and_not_a_shorter_day() -> None:
    day = Day([record(n) for n in range(250)])
    day.answer_as = lambda asked, page: [one for one in page if one["conversationId"] != str(uuid.UUID(int=7))]
    with pytest.raises(GenesysAnswerInvalid, match="249 of 250 conversations"):
        read_started(day)
    assert len(day.queries) <= MAX_PASSES * 4


def test_a_server_that_repeats_one_page_for_ever_is_an_error() -> None:
    day = Day([record(n) for n in range(250)])
    first = [record(n) for n in range(100)]
    day.answer_as = lambda asked, page: first
    with pytest.raises(GenesysAnswerInvalid, match="100 of 250"):
        read_started(day)


def test_a_conversation_that_ends_again_while_paging_comes_with_its_new_end() -> None:
    day = Day([record(n) for n in range(150)])

    def reopen(asked: int) -> None:
        if asked == 1:
            day.records[str(uuid.UUID(int=120))] = record(120, ended_s=9_000)
            day.records[str(uuid.UUID(int=5))] = record(5, ended_s=9_000)

    day.before_page = reopen
    pages = read_ended(day, MIDNIGHT)
    ends = {one.conversation_id: one.ended_at for page in pages for one in page.conversations}
    assert len(ends) == 150
    assert ends[str(uuid.UUID(int=120))] == parse_instant(record(120, ended_s=9_000)["conversationEnd"])


def test_a_thread_that_is_reopened_behind_the_reader_hides_no_other() -> None:
    day = Day([record(n) for n in range(250)])

    def reopen_one_of_the_first_page(asked: int) -> None:
        if asked == 1:  # what stood at place 101 moves to 100, which has been read
            day.records[str(uuid.UUID(int=240))] = record(240, ended_s=None)

    day.before_page = reopen_one_of_the_first_page
    assert sorted(numbers(read_ended(day, MIDNIGHT))) == list(range(250))


def test_what_has_left_does_not_stand_in_for_what_is_missing() -> None:
    day = Day([record(n) for n in range(250)])

    def reopen_one_of_the_first_page(asked: int) -> None:
        if asked == 1:
            day.records[str(uuid.UUID(int=240))] = record(240, ended_s=None)

    day.before_page = reopen_one_of_the_first_page
    # In the second pass the first page comes without the conversation that the first pass missed (number 149).
    missed = str(uuid.UUID(int=149))
    day.answer_as = lambda asked, page: [one for one in page if asked != 2 or one["conversationId"] != missed]
    assert sorted(numbers(read_ended(day, MIDNIGHT))) == list(range(250))


def test_a_thread_that_is_reopened_moves_nothing_in_a_day_read_by_start() -> None:
    day = Day([record(n) for n in range(250)])

    def reopen(asked: int) -> None:
        if asked:
            day.records[str(uuid.UUID(int=asked))] = record(asked, ended_s=None)

    day.before_page = reopen
    assert sorted(numbers(read_started(day))) == list(range(250))
    assert len(day.queries) == 3


@pytest.mark.parametrize("read", [read_started, lambda day: read_ended(day, MIDNIGHT)], ids=["started", "ended"])
@given(
    size=st.integers(0, 450),
    arrivals=st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 999), max_size=40), max_size=4),
    reopened=st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 449), max_size=40), max_size=4),
    short=st.dictionaries(st.integers(0, 8), st.integers(0, 100), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_no_conversation_that_stays_is_ever_lost(
    read: Callable[[Day], list[Page]],
    size: int,
    arrivals: dict[int, list[int]],
    reopened: dict[int, list[int]],
    short: dict[int, int],
) -> None:
    """While pages are read, conversations join anywhere, threads are re-opened, and pages come short."""
    day = Day([record(n * 2) for n in range(size)])
    gone: set[int] = set()

    def move(asked: int) -> None:
        # What joins and what leaves in the same moment can't be told apart by anyone: they take turns.
        if asked % 2:
            for n in arrivals.get(asked, []):
                late = record(n * 2 + 1)
                day.records.setdefault(late["conversationId"], late)
        else:
            for n in reopened.get(asked, []):
                if day.records.pop(str(uuid.UUID(int=n * 2)), None):
                    gone.add(n * 2)
                    day.records[str(uuid.UUID(int=n * 2))] = record(n * 2, ended_s=None)

    day.before_page = move
    day.answer_as = lambda asked, page: page[: short.get(asked, 100)]
    found = numbers(read(day))
    assert {n * 2 for n in range(size)} - gone <= set(found)
    assert len(found) == len(set(found))


# --- the vendor's limit


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch) -> int:
    """A vendor whose queries reach 300 conversations."""
    monkeypatch.setattr(analytics, "REACH", 300)
    return 300


@pytest.mark.parametrize("size", [299, 300, 301, 450, 600])
@pytest.mark.parametrize("moving", [False, True])
def test_a_day_beyond_one_querys_reach_is_read_from_both_ends(reach: int, size: int, moving: bool) -> None:
    day = Day([record(number * 2) for number in range(size)])

    def one_joins(asked: int) -> None:
        if moving and asked == 1:
            day.records |= {one["conversationId"]: one for one in [record(1)]}

    day.before_page = one_joins
    if moving and size == 2 * reach:
        with pytest.raises(TooManyConversations):
            read_started(day)
        return
    assert set(numbers(read_started(day))) == {int(uuid.UUID(name)) for name in day.records}
    assert all(query["paging"]["pageNumber"] * 100 <= reach for query in day.queries)


def test_a_day_beyond_both_ends_is_refused_in_words(reach: int) -> None:
    day = Day([record(number) for number in range(2 * reach + 1)])
    with pytest.raises(TooManyConversations, match="601 conversations, and a query read from both ends reaches 600"):
        read_started(day)


def test_the_latest_ends_of_a_day_beyond_reach_take_no_more_than_their_pages(reach: int) -> None:
    day = Day([record(number) for number in range(2 * reach)])
    found = numbers(read_ended(day, MIDNIGHT + timedelta(seconds=60 + 2 * reach - 50)))
    assert set(range(2 * reach - 50, 2 * reach)) <= set(found)
    assert len(day.queries) == 1


def test_a_day_beyond_both_ends_still_gives_its_latest_ends(reach: int) -> None:
    day = Day([record(number) for number in range(3 * reach)])
    found = numbers(read_ended(day, MIDNIGHT + timedelta(seconds=60 + 3 * reach - 50)))
    assert set(range(3 * reach - 50, 3 * reach)) <= set(found)


def test_a_smaller_reach_can_be_asked_for() -> None:
    day = Day([record(number) for number in range(300)])
    assert sorted(numbers(list(started_on(day, DAY, reach=200)))) == list(range(300))  # type: ignore[arg-type]
    assert {query["order"] for query in day.queries} == {"asc", "desc"}
    assert all(query["paging"]["pageNumber"] <= 2 for query in day.queries)
