"""Restores in the ledger: changed by their holder only, and joined without losing the request that joins."""

import pytest
from restoring import Restoring

from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.leases import Holder, hand_back
from strongroom.ledger.restore_objects import object_asked, object_failed, object_readable
from strongroom.ledger.restores import (
    HeldRestore,
    UnknownRestore,
    follow_later,
    restore_row,
    restores_needed,
    settle_restore,
    take_restore,
)
from strongroom.pipeline.restore import restores_due

BERT = Holder("host/bbb/2", 300)


def taken(restoring: Restoring) -> HeldRestore:
    """A restore that the house's own holder has in hand."""
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    restore_id = restoring.request(restoring.keep("r1.wav")).restore.restore_id
    restoring.let_pass(60)
    held = take_restore(restoring.house.engine, restore_id, restoring.house.holder)
    assert held is not None
    return held


def test_a_restore_is_held_by_one_and_changed_by_nobody_else(restoring: Restoring) -> None:
    engine, held = restoring.house.engine, taken(restoring)
    ids = (engine, held.restore_id, BERT, restoring.row(held.restore_id).objects[0].key)
    assert take_restore(engine, held.restore_id, BERT) is None
    before = restoring.rows("SELECT * FROM restore_objects"), restoring.rows("SELECT * FROM restores")
    for change in (
        lambda: object_readable(*ids, "GLACIER", None),
        lambda: object_failed(*ids, "it is gone"),
        lambda: object_asked(*ids, storage_class="GLACIER", tier="Bulk", days=1, expected_in_s=60, cause="asked for"),
        lambda: follow_later(engine, held, BERT, 60, "later"),
        lambda: settle_restore(engine, held, BERT, "failed", "given up"),
    ):
        with pytest.raises(LeaseLost):
            change()
    assert before == (restoring.rows("SELECT * FROM restore_objects"), restoring.rows("SELECT * FROM restores"))


def test_what_a_stopping_worker_held_is_due_again_at_once(restoring: Restoring) -> None:
    held = taken(restoring)
    assert restores_due(restoring.house) == []
    assert hand_back(restoring.house.engine, restoring.house.holder.owner) == 1
    assert restores_due(restoring.house) == [held.restore_id]


@pytest.mark.parametrize("ending", ["later", "ready", "ended", "failed"])
def test_a_request_that_joins_while_it_is_held_is_followed_at_once(restoring: Restoring, ending: str) -> None:
    house, held = restoring.house, taken(restoring)
    joined = restoring.request(held.conversation_id, hours=1)
    assert joined.restore.restore_id == held.restore_id
    if ending in {"ended", "failed"}:
        settle_restore(house.engine, held, house.holder, ending, "it is over")
    else:
        state = "ready" if ending == "ready" else "open"
        follow_later(house.engine, held, house.holder, 3_600, "nothing to do for an hour", state=state)
    assert restores_due(house) == [held.restore_id]
    assert take_restore(house.engine, held.restore_id, BERT) is not None


def test_a_failed_object_stays_failed(restoring: Restoring) -> None:
    house, held = restoring.house, taken(restoring)
    [each] = restoring.row(held.restore_id).objects
    object_failed(house.engine, held.restore_id, house.holder, each.key, "it is gone")
    with pytest.raises(LeaseLost):
        object_readable(house.engine, held.restore_id, house.holder, each.key, "GLACIER", None)


def test_the_list_has_what_is_needed_and_what_failed_while_it_is(restoring: Restoring) -> None:
    house, held = restoring.house, taken(restoring)
    settle_restore(house.engine, held, house.holder, "failed", "it is gone")
    assert [row.state for row in restores_needed(house.engine)] == ["failed"]
    restoring.let_pass(30 * 3_600)
    assert restores_needed(house.engine) == []
    with pytest.raises(UnknownRestore):
        restore_row(house.engine, held.restore_id + 1_000)
