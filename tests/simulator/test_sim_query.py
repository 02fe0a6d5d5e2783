"""The details query: by day of start, as far as the clock has come, with the real one's limits."""

from datetime import UTC, datetime

import pytest

DAY = "2025-05-14T00:00:00.000Z/2025-05-15T00:00:00.000Z"
LATE_THAT_DAY = "2025-05-14T22:00:00.000Z/2025-05-14T23:00:00.000Z"
ENDED = {
    "conversationFilters": [{"type": "and", "predicates": [{"dimension": "conversationEnd", "operator": "exists"}]}]
}
OPEN = {
    "conversationFilters": [{"type": "or", "predicates": [{"dimension": "conversationEnd", "operator": "notExists"}]}]
}


def test_an_interval_finds_whole_start_days(run):
    simulator = run()
    found = simulator.read_all(LATE_THAT_DAY)
    assert found == simulator.read_all(DAY)
    assert {record["conversationStart"][:10] for record in found} == {"2025-05-14"}
    assert len({record["conversationStart"][:13] for record in found}) > 5


def test_what_ended_on_a_day_is_spread_over_its_start_days(run):
    simulator = run()
    week = "2025-05-08T00:00:00Z/2025-05-15T00:00:00Z"
    ended = {
        record["conversationId"]
        for record in simulator.read_all(week)
        if record.get("conversationEnd", "").startswith("2025-05-14")
    }
    assert ended == {each["conversationId"] for each in simulator.truth(formats="OGG_OPUS")["conversations"]}


@pytest.mark.parametrize("order_by", ["conversationStart", "conversationEnd"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_are_slices_of_the_order_asked_for(run, order_by, order):
    simulator = run()
    body = {"order": order, "orderBy": order_by} | ENDED
    found = simulator.read_all(DAY, size=7, **body)
    times = [record[order_by] for record in found]
    assert times == sorted(times, reverse=order == "desc")
    assert len({record["conversationId"] for record in found}) == len(found)
    assert simulator.query(DAY, **body).json()["totalHits"] == len(found) > 80
    assert simulator.query(DAY, 3, 7, **body).json()["conversations"] == found[14:21]


def test_filters_part_the_ended_from_the_open(run):
    simulator = run(now=datetime(2025, 5, 14, 12, tzinfo=UTC))
    ended, still_open = simulator.read_all(DAY, **ENDED), simulator.read_all(DAY, **OPEN)
    assert all("conversationEnd" in record for record in ended)
    assert not any("conversationEnd" in record for record in still_open)
    assert ended
    assert still_open
    assert len(ended) + len(still_open) == simulator.query(DAY).json()["totalHits"]


def test_by_end_the_open_come_last(run):
    simulator = run(now=datetime(2025, 5, 14, 12, tzinfo=UTC))
    has_ended = [
        "conversationEnd" in record for record in simulator.read_all(DAY, orderBy="conversationEnd", order="desc")
    ]
    assert has_ended == sorted(has_ended, reverse=True)
    assert len(set(has_ended)) == 2


def test_one_conversation_by_id(run):
    simulator = run()
    wanted = simulator.read_all(DAY)[5]
    predicate = {
        "type": "dimension",
        "dimension": "conversationId",
        "operator": "matches",
        "value": wanted["conversationId"],
    }
    answer = simulator.query(DAY, conversationFilters=[{"type": "and", "predicates": [predicate]}]).json()
    assert answer == {"conversations": [wanted], "totalHits": 1}


def test_time_passes(run):
    simulator = run(now=datetime(2025, 5, 14, 10, tzinfo=UTC))
    before = simulator.query(DAY).json()["totalHits"]
    simulator.sim("clock", advance_s=4 * 3600)
    assert simulator.query(DAY).json()["totalHits"] > before


def test_an_open_conversation_closes_and_its_wrap_up_follows(run):
    simulator = run()
    ended = next(
        record
        for record in simulator.read_all(DAY, **ENDED)
        if record["participants"][-1]["purpose"] == "agent" and len(record["participants"]) == 4
    )

    def at(text):
        simulator.sim("clock", now=text)
        found = simulator.read_all(DAY)
        return next(record for record in found if record["conversationId"] == ended["conversationId"])

    def segments(record):
        return [part for who in record["participants"] for session in who["sessions"] for part in session["segments"]]

    start = at(ended["conversationStart"])
    assert "conversationEnd" not in start
    assert all("segmentEnd" not in part for part in segments(start))
    just_ended = at(ended["conversationEnd"])
    assert just_ended["conversationEnd"] == ended["conversationEnd"]
    assert not any(part["segmentType"] == "wrapup" for part in segments(just_ended))
    (wrap_up,) = (part for part in segments(ended) if part["segmentType"] == "wrapup")
    assert wrap_up["wrapUpCode"]
    assert wrap_up["segmentEnd"] > ended["conversationEnd"]


def test_an_empty_page_has_no_conversations(run):
    assert run(conversations=0).query(DAY).json() == {"totalHits": 0}


@pytest.mark.parametrize(
    ("interval", "body", "words"),
    [
        ("2025-05-01T00:00:00Z/2025-05-08T00:00:01Z", {}, "7 days"),
        ("2025-05-01T00:00:00Z/2025-06-01T00:00:01Z", ENDED, "31 days"),
        ("2025-05-02T00:00:00Z/2025-05-01T00:00:00Z", {}, "before it starts"),
        ("yesterday", {}, "interval"),
        (None, {}, "interval"),
        (DAY, {"paging": {"pageSize": 101, "pageNumber": 1}}, "pageSize"),
        (DAY, {"paging": {"pageSize": 100, "pageNumber": 1001}}, "100000"),
        (DAY, {"paging": {"pageSize": 0}}, "pageSize"),
        (DAY, {"paging": {"pageNumber": "1"}}, "pageNumber"),
        (DAY, {"paging": []}, None),
        (DAY, {"paging": 3}, "paging"),
        (DAY, {"order": "up"}, "order"),
        (DAY, {"orderBy": "name"}, "orderBy"),
        (DAY, {"conversationFilters": {}}, None),
        (DAY, {"conversationFilters": "x"}, "conversationFilters"),
        (DAY, {"conversationFilters": [{"type": "and", "predicates": []}]}, "predicates"),
        (DAY, {"conversationFilters": [{"type": "xor", "predicates": [{}]}]}, "type"),
        (DAY, {"conversationFilters": [{"type": "and", "predicates": [{"dimension": "conversationId"}]}]}, "value"),
        (DAY, {"conversationFilters": [{"type": "and", "predicates": [{"dimension": "mood"}]}]}, "mood"),
        (DAY, {"segmentFilters": [{}]}, "segmentFilters"),
    ],
)
def test_limits_are_kept(run, interval, body, words):
    answer = run(conversations=1).query(interval, **body)
    if words is None:
        assert answer.status_code == 200
        return
    error = answer.json()
    assert answer.status_code == error["status"] == 400
    assert error["code"] == "bad.request"
    assert words in error["message"]
    assert error["contextId"] == answer.headers["inin-correlation-id"]


def test_up_to_seven_days_and_thirty_one_with_a_filter(run):
    simulator = run(conversations=1)
    assert simulator.query("2025-05-01T00:00:00Z/2025-05-08T00:00:00Z").status_code == 200
    assert simulator.query("2025-05-01T00:00:00Z/2025-06-01T00:00:00Z", **ENDED).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(run, body):
    simulator = run(conversations=1)
    path = f"{simulator.url}/api/v2/analytics/conversations/details/query"
    assert simulator.session.post(path, data=body, timeout=10).status_code == 400
