"""How far a day has got: numbers an operator steers by."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_material import (
    ANNE,
    DAY,
    DEADLINE_S,
    DECIDED,
    OPS,
    archive,
    capturing,
    discovered,
    found,
    rows,
    settle,
)
from test_ledger_objects import INTENT, stored

from strongroom.ledger.engine import Engine
from strongroom.ledger.objects import PartRef, record_object
from strongroom.ledger.progress import day_progress, recent_days
from strongroom.ledger.recordings import postpone_recording, take_recording
from strongroom.ledger.review import Selection, requeue
from strongroom.ledger.runs import enumerated, open_run, settle_runs, take_run


def a_settled_run(engine: Engine) -> None:
    """A run of the day that has settled."""
    open_run(engine, DAY, "asked for")
    run = take_run(engine, DAY, ANNE)
    assert run is not None
    enumerated(engine, run, ANNE, 0, 0)
    assert settle_runs(engine) == [DAY]


def test_a_day_nobody_asked_for(engine: Engine) -> None:
    progress = day_progress(engine, DAY)
    assert (progress.run_state, progress.conversations, progress.recordings, progress.objects) == (None, {}, {}, 0)
    assert not progress.finished


def test_everything_of_the_day_is_counted_and_nothing_of_another(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    ref, (one, two) = capturing(engine, "a", "b")
    settle(engine, one)
    settle(engine, two, "review")
    for number, size_bytes in enumerate((3, 4_000_000_000)):
        intent = replace(INTENT, key=f"k{number}", size_bytes=size_bytes)
        part = f"recordings/a/{number}"
        record_object(engine, PartRef(*ref, "a", part), stored(intent, part), ANNE.actor)
    archive(engine, ref)
    guessed = replace(DECIDED, retention_class="default", decision=DECIDED.decision | {"defaulted": True})
    capturing(engine, "c", decided=guessed)
    discovered(engine, found())
    capturing(engine, "d", day=DAY + timedelta(days=1))

    progress = day_progress(engine, DAY)

    assert (progress.run_state, progress.run_cause) == ("enumerating", "asked for")
    assert progress.conversations == {"archived": 1, "capturing": 1, "discovered": 1}
    assert progress.recordings == {"stored": 1, "review": 1, "expected": 1}
    assert progress.retention_classes == {"voice-advice": 1, "default": 1}
    assert progress.defaulted == 1
    assert (progress.objects, progress.bytes) == (2, 4_000_000_003)


@pytest.mark.parametrize("name", ["\x00", "\ud800", "'", '"'])
def test_a_decision_with_any_name_in_its_reasons_is_counted(engine: Engine, name: str) -> None:
    """Queues have the names that people gave them; PostgreSQL can't make text of all that JSON may hold."""
    reasons = [f"rule 'advice' matched: queue '{name}'"]
    capturing(engine, decided=replace(DECIDED, decision=DECIDED.decision | {"reasons": reasons, "defaulted": True}))
    assert day_progress(engine, DAY).defaulted == 1


def test_what_waits_for_what_since_when_and_until_when(engine: Engine) -> None:
    _, (one, two) = capturing(engine, "a", "b")
    for recording, due_in_s in ((one, 900), (two, 60)):
        take_recording(engine, recording, ANNE)
        postpone_recording(engine, recording, ANNE, due_in_s, "transcoding", past_deadline=False)

    progress = day_progress(engine, DAY)

    assert progress.waiting_causes == {"transcoding": 2}
    ((first_seen, next_due),) = rows(engine, "SELECT min(first_seen_at), min(due_at) FROM recordings")
    assert (progress.oldest_waiting_at, progress.next_due_at) == (first_seen, next_due)


def test_a_day_is_finished_when_its_run_settled_and_nothing_is_under_way(engine: Engine) -> None:
    ref, (recording,) = capturing(engine, "a")
    settle(engine, recording, "review")
    archive(engine, ref)
    assert not day_progress(engine, DAY).finished
    a_settled_run(engine)
    assert day_progress(engine, DAY).finished

    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)
    assert not day_progress(engine, DAY).finished


def test_a_late_arrival_or_a_new_run_unfinishes_the_day(engine: Engine) -> None:
    a_settled_run(engine)
    open_run(engine, DAY, "again")
    assert day_progress(engine, DAY).run_cause == "again"
    assert not day_progress(engine, DAY).finished


def test_recent_days_have_a_run_or_a_conversation(engine: Engine) -> None:
    assert recent_days(engine, 5) == []
    discovered(engine, found(), found(day=DAY - timedelta(days=3)))
    open_run(engine, DAY + timedelta(days=1), "asked for")
    assert recent_days(engine, 5) == [DAY + timedelta(days=1), DAY, DAY - timedelta(days=3)]
    assert recent_days(engine, 2) == [DAY + timedelta(days=1), DAY]
