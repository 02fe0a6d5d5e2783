"""Records whose retention is over, and who still wants them: what is held stays, however far a list has come."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from holding import ANNE, PAUL, RITA, ROBERT, Holding

from strongroom.ledger.forgetting import REMOVED
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.search import find_record
from strongroom.ledger.search_index import Term
from strongroom.legal import disposition, endings
from strongroom.legal.carrying_out import CarriedOut, carry_out
from strongroom.legal.holding import apply_hold
from strongroom.legal.requests import cancel, create
from strongroom.vault.deletion import delete_version
from strongroom.vault.errors import VaultUnreachable

QUEUE = Term("queue", str(uuid4()), "Complaints")
LONDON = Term("division", str(uuid4()), "London")
OTHER = Term("queue", str(uuid4()), "Cards")


def approved(holding: Holding) -> int:
    """A list of all that is archived: its retention is over, and two have decided that it goes."""
    for table in ("conversations", "objects"):
        holding.execute(f"UPDATE {table} SET retain_until = now() - interval '1 day'")
    made = disposition.draw_up(holding.house, RITA)
    endings.propose(holding.house, RITA, disposition.KIND, made.ending_id)
    endings.approve(holding.house, PAUL, disposition.KIND, made.ending_id)
    return made.ending_id


def run(holding: Holding, ending_id: int) -> CarriedOut:
    """Carry the list out, or go on with it."""
    return carry_out(holding.house, ROBERT, disposition.KIND, ending_id, holding.house.store, lambda done: None)


def on_list(holding: Holding, conversation_id: UUID) -> Any:
    """How a record stands on the list."""
    (row,) = holding.rows("SELECT state, cause, article FROM ending_records WHERE conversation_id = :id",
                          id=conversation_id)  # fmt: skip
    return row


def test_what_a_search_is_still_to_find_is_not_deleted(holding: Holding, monkeypatch: pytest.MonkeyPatch) -> None:
    sought, other, unindexed = holding.found(QUEUE), holding.found(OTHER), holding.keep()
    number = approved(holding)
    # the queue `records` is down, and the desk came no further
    monkeypatch.setattr("strongroom.legal.holds.look_through", lambda *arguments, **options: None)
    placed = holding.place("Case 17", queue="complaints")
    assert (placed.matter.records, placed.matter.searches[0].state) == (0, "wanted")

    done = run(holding, number)
    assert (done.ended, done.stayed) == (1, 2)
    row = on_list(holding, sought)
    assert (row.state, row.cause, row.article) == ("held", "held: Case 17", "17(3)(e)")
    row = on_list(holding, unindexed)
    assert row.state == "kept" and "is still to be indexed" in row.cause
    assert len(holding.in_store(sought)) == len(holding.in_store(unindexed)) == 1
    assert holding.in_store(other) == {}

    holding.work()
    assert holding.held(sought)


def test_what_a_matter_looks_for_and_is_not_indexed_yet_is_not_deleted(holding: Holding) -> None:
    unindexed = holding.keep()
    number = approved(holding)
    placed = holding.place("Case 17", queue="complaints")
    assert placed.matter.searches[0].state == "looked"
    assert run(holding, number).stayed == 1
    assert len(holding.in_store(unindexed)) == 1
    holding.index(ConversationRef(unindexed, 1), QUEUE)
    holding.work()
    assert holding.held(unindexed)


def test_a_released_search_keeps_nothing(holding: Holding, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [holding.found(QUEUE), holding.keep()]
    number = approved(holding)
    monkeypatch.setattr("strongroom.legal.holds.look_through", lambda *arguments, **options: None)
    holding.release(holding.place("Case 17", queue="complaints").matter.matter_id)
    assert run(holding, number).ended == 2
    assert [holding.in_store(one) for one in ids] == [{}, {}]


def cut_off(holding: Holding, ending_id: int, monkeypatch: pytest.MonkeyPatch, *, deleted: int) -> None:
    """Let a run lose the store after so many objects are deleted."""
    left = iter(range(deleted))

    def delete(*arguments: Any, **options: Any) -> None:
        if next(left, None) is None:
            raise VaultUnreachable("the store does not answer", where="the test", todo="wait")
        delete_version(*arguments, **options)

    with monkeypatch.context() as away:
        away.setattr("strongroom.legal.carrying_out.delete_version", delete)
        with pytest.raises(VaultUnreachable):
            run(holding, ending_id)


@pytest.mark.parametrize("told", [False, True], ids=["the store is told later", "the store is told first"])
def test_what_is_held_before_its_first_object_went_stays_when_the_run_goes_on(
    holding: Holding, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    begun, other = sorted(holding.found(QUEUE) for _ in range(2))
    number = approved(holding)
    cut_off(holding, number, monkeypatch, deleted=0)
    assert on_list(holding, begun).state == "deleting"
    holding.place("Case 17", begun)
    if told:
        holding.work()

    done = run(holding, number)
    assert (done.ended, done.stayed, done.stuck, done.finished) == (1, 1, 0, True)
    row = on_list(holding, begun)
    assert (row.state, row.cause, row.article) == ("held", "held: Case 17", "17(3)(e)")
    assert holding.in_store(other) == {}
    holding.index(ConversationRef(begun, 1), QUEUE)
    holding.work()
    assert holding.held(begun)
    record = find_record(holding.house.engine, begun, None)
    assert record is not None and record.held


def test_what_is_held_half_gone_does_not_keep_the_list_from_going_on(
    holding: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, other = sorted(holding.keep("conversation") for _ in range(2))
    number = approved(holding)
    cut_off(holding, number, monkeypatch, deleted=1)
    matter = holding.place("Case 17", begun).matter.matter_id
    apply_hold(holding.house, begun)

    done = run(holding, number)
    assert (done.ended, done.stuck, done.finished) == (1, 1, False)
    row = on_list(holding, begun)
    assert row.state == "deleting" and "the store refused" in row.cause
    assert holding.in_store(other) == {}

    holding.release(matter)
    holding.due_now()
    apply_hold(holding.house, begun)
    assert run(holding, number).finished
    assert holding.in_store(begun) == {}


def test_what_ended_is_told_to_nobody_who_was_not_given_it(holding: Holding) -> None:
    london, elsewhere = holding.found(LONDON), holding.found(QUEUE)
    divisions = json.dumps({"divisionIds": [LONDON.value]})
    holding.execute("UPDATE conversations SET record = :one WHERE conversation_id = :id", one=divisions, id=london)
    londoner = replace(ANNE, divisions=frozenset({LONDON.value}))
    asked = create(holding.house, londoner, [london, elsewhere], "Subpoena 17", on_behalf_of="counsel@example.com")
    told = "SELECT state, cause FROM request_conversations WHERE conversation_id = :id"
    before = holding.rows(told, id=elsewhere)
    words = "SELECT justification, on_behalf_of FROM requests"

    assert run(holding, approved(holding)).ended == 1
    assert (holding.in_store(elsewhere), on_list(holding, elsewhere).state) == ({}, "ended")
    assert holding.rows(told, id=elsewhere) == before == [("missing", "there is no such conversation")]
    assert holding.rows(words) == [("Subpoena 17", "counsel@example.com")]

    cancel(holding.house, londoner, asked.request_id)
    assert run(holding, approved(holding)).ended == 1
    assert holding.in_store(london) == {}
    assert holding.rows(told, id=london)[0].cause.startswith("disposed of under certificate")
    assert holding.rows(told, id=elsewhere) == before
    assert holding.rows(words) == [(REMOVED, None)]
