"""The operator's page: who sees it, what it says of days and reasons, and who may re-queue how much."""

from datetime import date

import pytest
from desk_material import DeskUnderTest
from ledger.ledger_material import ANNE, capturing, discovered, found, looked_at
from sqlalchemy import text

from strongroom.ledger.conversations import send_conversation_to_review
from strongroom.ledger.discovering import REOPENED_AFTER_ERASURE
from strongroom.ledger.runs import open_run
from strongroom.reasons import KINDS
from web.views.operations import REASON_WORDS

DAY, OTHER_DAY = date(2025, 5, 14), date(2025, 5, 15)
CONFLICT = "other bytes stand at the key already; they were left alone: compare them"
FAULT = "unexpected KeyError in capture: report it"


@pytest.fixture
def night(desk: DeskUnderTest) -> DeskUnderTest:
    """Two days, one of them under way, with three rows in review for two reasons."""
    for day, reason in ((DAY, FAULT), (OTHER_DAY, FAULT), (DAY, CONFLICT)):
        (ref,) = discovered(desk.house.engine, found(day=day))
        send_conversation_to_review(desk.house.engine, looked_at(desk.house.engine, ref), ANNE, reason)
    capturing(desk.house.engine, "a", day=OTHER_DAY)
    open_run(desk.house.engine, OTHER_DAY, "a test")
    return desk


def _in_review(desk: DeskUnderTest) -> list[tuple[date, str]]:
    with desk.house.engine.connect() as connection:
        rows = connection.execute(text("SELECT day, cause FROM conversations WHERE state = 'review' ORDER BY day"))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def test_days_and_reasons_are_shown(night: DeskUnderTest) -> None:
    oscar = night.signed_in("oscar", "operator")
    page = oscar.get("/operations").text
    assert "May 2025" in page
    assert f'href="/operations/days/{DAY}"' in page
    assert "2 in review" in page and "1 in review" in page
    assert REASON_WORDS["unexpected"] in page and REASON_WORDS["vault-conflict"] in page
    assert page.index(REASON_WORDS["unexpected"]) < page.index(REASON_WORDS["vault-conflict"]), "the most first"
    earlier = oscar.get("/operations?month=2025-04").text
    assert "April 2025" in earlier and str(DAY) not in earlier.partition("review-h")[0]
    day = oscar.get(f"/operations/days/{OTHER_DAY}").text
    assert "Enumerating" in day and REASON_WORDS["vault-conflict"] not in day
    assert oscar.get("/operations/days/never").status_code == 404


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/operations?month=9999-12", "May 2025"),
        ("/operations?month=0001-01", "May 2025"),
        ("/operations?month=1969-12", "May 2025"),
        ("/operations?month=1970-01", "January 1970"),
        ("/operations?month=9998-12", "December 9998"),
        ("/operations/days/9999-12-31", "9999"),
        ("/operations/days/0001-01-01", "Jan"),
    ],
)
def test_the_ends_of_the_calendar_are_pages(night: DeskUnderTest, path: str, shown: str) -> None:
    page = night.signed_in("oscar", "operator").get(path)
    assert page.status_code == 200 and shown in page.text.partition("<h1")[2].partition("review-h")[0]


def test_the_last_day_there_is_can_be_looked_up_to(night: DeskUnderTest) -> None:
    audrey = night.signed_in("audrey", "auditor")
    for query in ("to=9999-12-31", "from=0001-01-01", "from=9999-12-31&to=9999-12-31"):
        assert audrey.get(f"/audit?{query}").status_code == 200, query
    assert "audrey" in audrey.get("/audit?to=9999-12-31").text


def test_a_reason_is_re_queued_of_one_day_or_of_all(night: DeskUnderTest) -> None:
    oscar = night.signed_in("oscar", "operator")
    oscar.get("/operations")
    answer = oscar.post("/operations/requeue", kind="unexpected", day=str(DAY))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/operations/days/{DAY}?requeued=1")
    assert "1 row re-queued" in oscar.get(answer.headers["location"]).text
    assert _in_review(night) == [(DAY, CONFLICT), (OTHER_DAY, FAULT)]
    assert oscar.post("/operations/requeue", kind="unexpected").headers["location"] == "/operations?requeued=1"
    assert _in_review(night) == [(DAY, CONFLICT)]
    assert oscar.post("/operations/requeue", kind="unexpected").headers["location"] == "/operations?requeued=0"
    with night.house.engine.connect() as connection:
        events = connection.execute(text("SELECT actor FROM custody_events WHERE act = 're-queued'")).all()
    assert [row.actor for row in events] == ["oscar", "oscar"]


def test_who_may_not_re_queue_does_not(night: DeskUnderTest) -> None:
    audrey, anne = night.signed_in("audrey", "auditor"), night.signed_in("anne", "analyst")
    assert "Re-queue" not in audrey.get("/operations").text
    assert audrey.post("/operations/requeue", kind="unexpected").status_code == 403
    assert anne.get("/operations").status_code == 403
    oscar = night.signed_in("oscar", "operator")
    assert oscar.post("/operations/requeue", csrf_token="forged", kind="unexpected").status_code == 403
    assert oscar.post("/operations/requeue", kind="everything").status_code == 400
    assert len(_in_review(night)) == 3


def test_what_was_erased_has_no_button(night: DeskUnderTest) -> None:
    (ref,) = discovered(night.house.engine, found(day=DAY))
    held = looked_at(night.house.engine, ref)
    send_conversation_to_review(night.house.engine, held, ANNE, REOPENED_AFTER_ERASURE)
    oscar = night.signed_in("oscar", "operator")
    page = oscar.get("/operations").text
    assert REASON_WORDS["erased"] in page and page.count("Re-queue ") == 2
    answer = oscar.post("/operations/requeue", kind="erased")
    assert answer.status_code == 400 and "erase it in Genesys too" in answer.text


def test_each_kind_of_reason_has_words() -> None:
    assert set(REASON_WORDS) == set(KINDS)
