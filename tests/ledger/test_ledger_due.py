"""What the sweeper enqueues again: due, not held, not enqueued lately, in bounded batches, each row by one sweeper."""

from collections.abc import Callable
from typing import Any

import pytest
from ledger_material import (
    ANNE,
    DAY,
    at_once,
    begun,
    capturing,
    discovered,
    execute,
    expire_leases,
    found,
    let_pass,
    looked_at,
    rows,
    settle,
)
from sqlalchemy import event

from strongroom.ledger.conversations import postpone_conversation
from strongroom.ledger.discovering import Background, discover
from strongroom.ledger.due import (
    claim_captured,
    claim_discovered,
    claim_recordings,
    claim_runs,
    unsent_conversations,
    unsent_recordings,
)
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.recordings import postpone_recording, take_recording
from strongroom.ledger.runs import open_run, take_run

GRACE_S = 600.0


def one_discovered(engine: Engine) -> None:
    """A conversation whose message was sent."""
    discovered(engine, found())


def one_captured(engine: Engine) -> None:
    """A conversation that can be completed, whose message was sent."""
    capturing(engine)


def one_recording(engine: Engine) -> None:
    """A recording whose message was sent."""
    capturing(engine, "a")


KINDS = [
    pytest.param(claim_discovered, one_discovered, id="discovered"),
    pytest.param(claim_captured, one_captured, id="captured"),
    pytest.param(claim_recordings, one_recording, id="recordings"),
]
Claim = Callable[[Engine, float, int], list[Any]]


@pytest.mark.parametrize(("claim", "make"), KINDS)
def test_what_was_enqueued_lately_is_left_alone_until_its_message_must_be_lost(
    engine: Engine, claim: Claim, make: Callable[[Engine], None]
) -> None:
    make(engine)
    assert claim(engine, GRACE_S, 10) == []
    let_pass(engine, GRACE_S)
    assert len(claim(engine, GRACE_S, 10)) == 1
    assert claim(engine, GRACE_S, 10) == []


@pytest.mark.parametrize(("claim", "make"), KINDS)
def test_of_two_sweepers_each_row_is_claimed_by_one(
    engine: Engine, claim: Claim, make: Callable[[Engine], None]
) -> None:
    for _ in range(20):
        make(engine)
    let_pass(engine, GRACE_S)
    claimed = [row for batch in at_once(*[lambda: claim(engine, GRACE_S, 8)] * 4) for row in batch]
    assert len(claimed) == len(set(claimed))
    claimed += claim(engine, GRACE_S, 20)
    assert len(set(claimed)) == 20


@pytest.mark.parametrize(("claim", "make"), KINDS)
@pytest.mark.parametrize("analysed", [False, True])
def test_a_batch_is_bounded_whatever_the_planner_knows(
    engine: Engine, claim: Claim, make: Callable[[Engine], None], analysed: bool
) -> None:
    for _ in range(12):
        make(engine)
    let_pass(engine, GRACE_S)
    if analysed:
        execute(engine, "ANALYZE")
    # leaves the plan in which a careless query takes more than it asked for
    others_off = "; ".join(f"SET enable_{plan} TO off" for plan in ("hashjoin", "mergejoin", "material", "hashagg"))
    careless = connect(engine.url.render_as_string(hide_password=False), connect_timeout_s=5)
    event.listen(careless, "connect", lambda connection, _: connection.cursor().execute(others_off))
    try:
        batches = [len(claim(careless, GRACE_S, 5)) for _ in range(4)]
    finally:
        careless.dispose()
    assert batches == [5, 5, 2, 0]


def test_the_longest_due_come_first(engine: Engine) -> None:
    pages = [found() for _ in range(6)]
    for one in pages:
        discovered(engine, one)
        let_pass(engine, GRACE_S)
    claimed = claim_discovered(engine, GRACE_S, 4)
    assert {ref.conversation_id for ref in claimed} == {one.conversation_id for one in pages[:4]}


def test_what_is_held_is_left_alone(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    let_pass(engine, 2 * GRACE_S)
    looked_at(engine, ref)
    assert claim_discovered(engine, GRACE_S, 10) == []


def test_what_a_dead_worker_held_is_enqueued_at_once_and_once(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    looked_at(engine, ref)
    # it held the row past its message, then its lease ran out: now, not when the message's grace has passed
    execute(engine, "UPDATE conversations SET enqueued_at = now() - interval '10 s'")
    expire_leases(engine)
    assert claim_discovered(engine, GRACE_S, 10) == [ref]
    assert claim_discovered(engine, GRACE_S, 10) == []


def test_a_dead_workers_recording_and_run_are_enqueued_at_once(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    open_run(engine, DAY, "asked for")
    take_run(engine, DAY, ANNE)
    execute(engine, "UPDATE recordings SET enqueued_at = now() - interval '10 s'")
    expire_leases(engine)
    assert claim_recordings(engine, GRACE_S, 10) == [recording]
    assert [run.day for run in claim_runs(engine, GRACE_S, 10)] == [DAY]


def test_what_was_postponed_comes_back_when_it_is_due(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    postpone_conversation(engine, looked_at(engine, ref), ANNE, 60, "not yet")
    assert claim_discovered(engine, 0, 10) == []
    let_pass(engine, 60)
    assert claim_discovered(engine, GRACE_S, 10) == [ref]
    assert claim_discovered(engine, GRACE_S, 10) == []


def test_a_postponed_recording_comes_back(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    postpone_recording(engine, recording, ANNE, 900, "transcoding", past_deadline=False)
    assert claim_recordings(engine, 0, 10) == []
    let_pass(engine, 900)
    assert claim_recordings(engine, GRACE_S, 10) == [recording]


def test_what_there_was_no_room_for_is_due_at_once(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    (ref,) = discovered(engine, found())
    assert (claim_recordings(engine, GRACE_S, 10), claim_discovered(engine, GRACE_S, 10)) == ([], [])
    unsent_recordings(engine, [recording])
    unsent_conversations(engine, [ref])
    assert (claim_recordings(engine, GRACE_S, 10), claim_discovered(engine, GRACE_S, 10)) == ([recording], [ref])


def test_what_a_worker_holds_is_not_sent_for_again_for_want_of_room(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    looked_at(engine, ref)
    unsent_conversations(engine, [ref])
    expire_leases(engine)
    assert rows(engine, "SELECT 1 FROM conversations WHERE enqueued_at IS NULL") == []


def test_a_night_goes_before_a_back_fill_however_long_that_is_due(engine: Engine) -> None:
    in_background = Background(None)
    discover(engine, [found() for _ in range(3)], quiet_s=0, deadline_s=1, background=in_background)
    let_pass(engine, 10 * GRACE_S)
    nights = discovered(engine, found(), found())
    unsent_conversations(engine, nights)
    assert set(claim_discovered(engine, GRACE_S, 2)) == set(nights)
    assert claim_discovered(engine, GRACE_S, 10, background=False) == []
    assert len(claim_discovered(engine, GRACE_S, 10, background=True)) == 3


def test_only_conversations_whose_recordings_all_settled_are_due_for_their_manifest(engine: Engine) -> None:
    waiting, _ = capturing(engine, "a")
    ready, (recording,) = capturing(engine, "b")
    settle(engine, recording, "review")
    let_pass(engine, GRACE_S)
    assert claim_captured(engine, GRACE_S, 10) == [ready]
    assert waiting not in claim_captured(engine, 0, 10)


def test_a_run_that_is_enumerated_or_held_is_not_due(engine: Engine) -> None:
    open_run(engine, DAY, "asked for")
    (run,) = claim_runs(engine, GRACE_S, 10)
    assert run.day == DAY
    assert claim_runs(engine, GRACE_S, 10) == []
    let_pass(engine, GRACE_S)
    take_run(engine, DAY, ANNE)
    assert claim_runs(engine, GRACE_S, 10) == []


def test_nothing_settled_is_ever_due(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    begun(engine, looked_at(engine, ref))
    execute(engine, "UPDATE conversations SET state = 'archived'")
    let_pass(engine, 10 * GRACE_S)
    assert [claim(engine, 0, 10) for claim in (claim_discovered, claim_captured, claim_recordings)] == [[], [], []]
    assert len(rows(engine, "SELECT 1 FROM conversations")) == 1
