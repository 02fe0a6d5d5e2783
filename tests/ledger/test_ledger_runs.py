"""Runs: a night's pass over a day; one is open at a time, and it settles when nothing is under way any more."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from ledger_material import (
    ANNE,
    BERT,
    DAY,
    DEADLINE_S,
    OPS,
    archive,
    at_once,
    capturing,
    discovered,
    expire_leases,
    found,
    let_pass,
    looked_at,
    rows,
    settle,
)

from strongroom.ledger.conversations import send_conversation_to_review
from strongroom.ledger.due import claim_runs
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.heartbeat import kept_run
from strongroom.ledger.review import Selection, requeue
from strongroom.ledger.runs import (
    Run,
    days_with_run,
    enumerated,
    first_day,
    open_first_run,
    open_run,
    postpone_run,
    settle_runs,
    take_run,
)


def taken(engine: Engine, day: date = DAY) -> Run:
    """The day's open run, which must be there to take."""
    run = take_run(engine, day, ANNE)
    assert run is not None
    return run


def an_enumerated_run(engine: Engine, day: date = DAY) -> None:
    """A run whose pages have all been read."""
    assert open_run(engine, day, "asked for")
    enumerated(engine, taken(engine, day), ANNE, 0, 0)


@pytest.mark.parametrize("opening", [open_run, open_first_run])
def test_of_many_openings_at_once_one_opens(engine: Engine, opening: Callable[[Engine, date, str], bool]) -> None:
    for offset in range(8):
        day = DAY + timedelta(days=offset)
        opened = at_once(*[lambda day=day: opening(engine, day, "asked for")] * 6)
        assert opened.count(True) == 1
        assert len(rows(engine, "SELECT 1 FROM runs WHERE day = :day", day=day)) == 1


def test_a_first_run_is_opened_once_an_asked_for_run_again_when_settled(engine: Engine) -> None:
    assert open_first_run(engine, DAY, "due by the calendar")
    assert not open_run(engine, DAY, "asked for")
    enumerated(engine, taken(engine), ANNE, 0, 0)
    assert not open_run(engine, DAY, "asked for")
    assert settle_runs(engine) == [DAY]
    assert not open_first_run(engine, DAY, "due by the calendar")
    assert open_run(engine, DAY, "asked for")


def test_two_enumerations_at_once_are_one(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    runs = at_once(lambda: take_run(engine, DAY, ANNE), lambda: take_run(engine, DAY, BERT))
    assert sum(run is not None for run in runs) == 1


def test_nobody_enumerates_a_day_that_was_not_asked_for_or_is_enumerated(engine: Engine) -> None:
    assert take_run(engine, DAY, ANNE) is None
    an_enumerated_run(engine)
    assert take_run(engine, DAY, ANNE) is None


def test_a_run_is_postponed_and_taken_again(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    postpone_run(engine, taken(engine), ANNE, 60, "Genesys does not answer")
    assert take_run(engine, DAY, ANNE) is None
    assert rows(engine, "SELECT state, cause FROM runs") == [("enumerating", "Genesys does not answer")]
    let_pass(engine, 60)
    assert take_run(engine, DAY, BERT) is not None


def test_a_run_is_changed_by_its_holder_only(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    run = taken(engine)
    expire_leases(engine)
    assert take_run(engine, DAY, BERT) is not None
    with pytest.raises(LeaseLost):
        enumerated(engine, run, ANNE, 3, 0)
    with pytest.raises(LeaseLost):
        postpone_run(engine, run, ANNE, 1, "")
    enumerated(engine, run, BERT, 3, 0)


def test_a_runs_lease_can_be_kept(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    run = taken(engine)
    with kept_run(engine, run, ANNE):
        assert take_run(engine, DAY, BERT) is None
    enumerated(engine, run, ANNE, 0, 0)


def test_a_run_settles_when_no_conversation_of_its_day_is_under_way(engine: Engine) -> None:
    ref, (recording,) = capturing(engine, "a")
    (unreadable,) = discovered(engine, found())
    capturing(engine, "b", day=DAY + timedelta(days=1))
    an_enumerated_run(engine)
    assert settle_runs(engine) == []

    settle(engine, recording)
    assert settle_runs(engine) == []
    archive(engine, ref)
    assert settle_runs(engine) == []
    send_conversation_to_review(engine, looked_at(engine, unreadable), ANNE, "unreadable")

    assert settle_runs(engine) == [DAY]
    assert settle_runs(engine) == []


def test_a_settled_run_still_says_what_was_found_and_what_could_not_be_read(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    enumerated(engine, taken(engine), ANNE, 812, 3)
    cause = "enumerated: 812 ended conversations; 3 records can't be read, see the log"
    assert rows(engine, "SELECT state, cause FROM runs") == [("capturing", cause)]
    assert settle_runs(engine) == [DAY]
    assert rows(engine, "SELECT state, cause FROM runs") == [("settled", cause)]


def test_a_postponed_run_is_swept_exactly_when_it_is_due(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    assert [run.day for run in claim_runs(engine, 600, 10)] == [DAY]
    run = taken(engine)
    assert run.attempts == 1
    postpone_run(engine, run, ANNE, 60, "Genesys does not answer")
    let_pass(engine, 50)
    assert claim_runs(engine, 600, 10) == []
    let_pass(engine, 10)
    assert [run.day for run in claim_runs(engine, 600, 10)] == [DAY]
    assert taken(engine).attempts == 2


def test_a_run_that_is_still_enumerating_does_not_settle(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    assert settle_runs(engine) == []
    taken(engine)
    assert settle_runs(engine) == []


def test_a_run_waits_for_recordings_that_were_put_back_to_work(engine: Engine) -> None:
    ref, (recording,) = capturing(engine, "a")
    settle(engine, recording, "review")
    archive(engine, ref)
    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)
    an_enumerated_run(engine)
    assert settle_runs(engine) == []
    settle(engine, recording, "absent")
    amended = rows(engine, "SELECT revision FROM conversations WHERE state = 'capturing'")
    assert amended == [(2,)]
    assert settle_runs(engine) == []


def test_which_days_have_a_run_and_which_a_settled_one(engine: Engine) -> None:
    assert first_day(engine) is None
    an_enumerated_run(engine, DAY)
    settle_runs(engine)
    open_run(engine, DAY + timedelta(days=2), "asked for")
    open_run(engine, DAY, "again")

    assert days_with_run(engine, DAY, DAY + timedelta(days=2)) == {DAY, DAY + timedelta(days=2)}
    assert days_with_run(engine, DAY + timedelta(days=1), DAY + timedelta(days=9)) == {DAY + timedelta(days=2)}
    assert days_with_run(engine, DAY, DAY + timedelta(days=2), settled=True) == {DAY}
    assert days_with_run(engine, DAY, DAY - timedelta(days=1)) == set()
    assert first_day(engine) == DAY
