"""The search over HTTP: what it answers, to whom, and how it refuses."""

from uuid import uuid4

import pytest
from desk_material import DeskUnderTest

from strongroom.ledger.search_index import Term, _term_ids

LONDON, PARIS = str(uuid4()), str(uuid4())


@pytest.fixture
def filled(desk: DeskUnderTest) -> DeskUnderTest:
    """Three conversations in London, one in Paris."""
    terms = [Term("division", LONDON, "London"), Term("division", PARIS, "Paris"), Term("class", "default")]
    engine = desk.house.engine
    london, paris, default = (_term_ids(engine, [term])[0] for term in terms)
    with engine.begin() as connection:
        for number, division in enumerate([london, london, london, paris]):
            connection.exec_driver_sql(
                "WITH new AS (INSERT INTO search_records (conversation_id, revision, conversation_start,"
                " conversation_end, retain_until, recordings, terms, addresses) VALUES (%s, 1, '2025-05-14T10:00Z',"
                " '2025-05-14T10:10Z', '2032-05-14', 1, %s, '{+442079460001}') RETURNING *) INSERT INTO search_postings"
                " SELECT unnest(terms), conversation_end, conversation_id FROM new",
                (str(uuid4()), [division, default]),
            )
            assert number < 4
    return desk


def test_pages_of_what_fits(filled: DeskUnderTest) -> None:
    browser = filled.signed_in("anna", "analyst")
    first = browser.get("/api/v1/search?address=%2B44+20+7946+0001&pageSize=3").json()
    assert len(first["conversations"]) == 3
    second = browser.get(f"/api/v1/search?address=%2B44+20+7946+0001&pageSize=3&cursor={first['nextCursor']}").json()
    assert second["nextCursor"] is None
    ids = {row["conversationId"] for page in (first, second) for row in page["conversations"]}
    assert len(ids) == 4
    (row, *_) = first["conversations"]
    assert (row["conversationEnd"], row["retentionClass"]) == ("2025-05-14T10:10:00.000Z", "default")
    assert row["addresses"] == ["+442079460001"]


def test_an_analyst_finds_what_is_in_his_divisions(filled: DeskUnderTest) -> None:
    browser = filled.signed_in("paul", "analyst", divisions=[PARIS])
    found = browser.get("/api/v1/search").json()["conversations"]
    assert [row["divisions"] for row in found] == [[PARIS]]
    assert browser.get("/api/v1/search?division=London").json() == {"conversations": [], "nextCursor": None}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("media=fax", "no such media"),
        ("colour=red", "colour"),
        ("pageSize=101", "pageSize"),
        ("startedFrom=2025-05-14T10:00:00", "startedFrom"),
        ("conversationId=42", "conversationId"),
        ("cursor=abc", "not the cursor"),
        ("text=%E2%80%A6", "1 to 50 words"),
        ("endedFrom=2025-05-14T10:00Z&endedTo=2025-05-14T10:00Z", "ends before it begins"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_in_words(desk: DeskUnderTest, query: str, told: str) -> None:
    answer = desk.signed_in("anna", "analyst").get(f"/api/v1/search?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    ["endedFrom=0001-01-01T00:00:00%2B14:00&startedTo=9999-12-31T23:59:59-12:00", "agent=%00",
     "startedFrom=2025-05-14T10:00:00%2B23:59&endedTo=2025-05-15T10:00:00-23:59", "text=%22%27%5C%00x",
     "address=%ED%A0%80", "queue=%25_%5C"],
)  # fmt: skip
def test_odd_values_find_nothing_and_break_nothing(filled: DeskUnderTest, query: str) -> None:
    assert filled.signed_in("anna", "analyst").get(f"/api/v1/search?{query}").status_code == 200


def test_who_is_not_signed_in_or_may_not_search_is_refused(filled: DeskUnderTest) -> None:
    assert filled.client().get("/api/v1/search").status_code == 401
    assert filled.signed_in("olga", "operator").get("/api/v1/search").status_code == 403


def test_the_parameters_are_described(desk: DeskUnderTest) -> None:
    operation = desk.client().get("/api/v1/openapi.json").json()["paths"]["/api/v1/search"]["get"]
    assert {"address", "text", "cursor", "startedFrom", "held"} <= {one["name"] for one in operation["parameters"]}
