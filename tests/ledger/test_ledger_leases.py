"""Who holds a row, until when; what is done without holding it is refused."""

from uuid import uuid4

import pytest
from ledger_material import (
    ANNE,
    BERT,
    DEADLINE_S,
    at_once,
    begun,
    capturing,
    discovered,
    execute,
    expire_leases,
    found,
    let_pass,
    looked_at,
    manifest_of,
    rows,
    settle,
    state_of,
)

from strongroom.ledger import leases
from strongroom.ledger.conversations import (
    archived,
    expect_more,
    postpone_conversation,
    send_conversation_to_review,
    take_captured,
    take_discovered,
)
from strongroom.ledger.due import claim_discovered
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.heartbeat import kept_recording
from strongroom.ledger.leases import Holder, hand_back
from strongroom.ledger.recordings import (
    postpone_recording,
    refresh_listing,
    replace_placeholder,
    settle_recording,
    take_recording,
    wait_for_restore,
)
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.schema import recordings


def test_of_many_takers_at_once_one_gets_the_row(engine: Engine) -> None:
    for _ in range(10):
        (ref,) = discovered(engine, found())
        takers = [Holder(f"host/{n}", 300) for n in range(6)]
        held = at_once(*(lambda one=one, ref=ref: take_discovered(engine, ref, one) for one in takers))
        assert sum(one is not None for one in held) == 1


def test_a_held_row_is_not_taken_again_even_by_its_holder(engine: Engine) -> None:
    """The same message delivered twice to one process does its work once."""
    (ref,) = discovered(engine, found())
    assert take_discovered(engine, ref, ANNE) is not None
    assert take_discovered(engine, ref, ANNE) is None


def test_an_expired_lease_is_anyones(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    assert looked_at(engine, ref, ANNE).attempts == 1
    expire_leases(engine)
    assert looked_at(engine, ref, BERT).attempts == 2


def test_a_renewed_lease_is_not_free(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    expire_leases(engine)
    assert leases.renew(engine, recordings, recording._asdict(), ANNE)
    assert take_recording(engine, recording, BERT) is None


def test_a_lease_that_another_has_by_now_is_not_renewed(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    expire_leases(engine)
    take_recording(engine, recording, BERT)
    assert not leases.renew(engine, recordings, recording._asdict(), ANNE)
    assert leases.renew(engine, recordings, recording._asdict(), BERT)


def test_a_lease_is_kept_while_work_goes_on_and_no_longer(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    quick = Holder("host/quick/1", 0.03)
    assert take_recording(engine, recording, quick) is not None
    taken = rows(engine, "SELECT lease_until FROM recordings")
    with kept_recording(engine, recording, quick):
        while rows(engine, "SELECT lease_until FROM recordings") == taken:
            pass
    left = rows(engine, "SELECT lease_until FROM recordings")
    assert left > taken
    expire_leases(engine)
    assert take_recording(engine, recording, BERT) is not None


def test_an_expired_lease_nobody_took_still_counts(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    expire_leases(engine)
    assert settle_recording(engine, recording, ANNE, "stored", "done")


def test_a_recording_is_changed_by_its_holder_only(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    for change in (
        lambda: settle_recording(engine, recording, BERT, "stored", ""),
        lambda: postpone_recording(engine, recording, BERT, 1, "", past_deadline=False),
        lambda: postpone_recording(engine, recording, BERT, 1, "", past_deadline=True),
        lambda: refresh_listing(engine, recording, BERT, "audio", {}),
        lambda: wait_for_restore(engine, recording, BERT, asked=True, deadline_s=DEADLINE_S),
        lambda: replace_placeholder(engine, recording, BERT, []),
    ):
        before = rows(engine, "SELECT * FROM recordings")
        with pytest.raises(LeaseLost, match="a"):
            change()
        assert rows(engine, "SELECT * FROM recordings") == before


def test_a_conversation_is_changed_by_its_holder_only(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    held = looked_at(engine, ref, ANNE)
    for change in (
        lambda: begun(engine, held, holder=BERT),
        lambda: postpone_conversation(engine, held, BERT, 1, ""),
        lambda: expect_more(engine, held, BERT, [], deadline_s=DEADLINE_S),
        lambda: send_conversation_to_review(engine, held, BERT, ""),
        lambda: archived(engine, held, BERT, manifest_of(ref), 1),
    ):
        before = rows(engine, "SELECT * FROM conversations")
        with pytest.raises(LeaseLost):
            change()
        assert rows(engine, "SELECT * FROM conversations") == before


def test_a_change_hands_the_row_back(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    held = looked_at(engine, ref, ANNE)
    postpone_conversation(engine, held, ANNE, 0, "not now")
    with pytest.raises(LeaseLost):
        postpone_conversation(engine, held, ANNE, 0, "not now")
    assert take_discovered(engine, ref, BERT) is not None


def test_a_step_done_twice_is_refused_the_second_time(engine: Engine) -> None:
    """A worker that was paused and comes back after another finished its work records nothing."""
    (ref,) = discovered(engine, found())
    held = looked_at(engine, ref, ANNE)
    expire_leases(engine)
    other = looked_at(engine, ref, BERT)
    begun(engine, other, holder=BERT)
    with pytest.raises(LeaseLost):
        begun(engine, held)
    assert state_of(engine, ref) == "capturing"


def test_what_is_not_due_is_not_taken(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    postpone_recording(engine, recording, ANNE, 900, "transcoding", past_deadline=False)
    assert take_recording(engine, recording, ANNE) is None
    let_pass(engine, 900)
    held = take_recording(engine, recording, ANNE)
    assert held is not None
    assert held.attempts == 2


def test_a_postponed_recording_is_due_at_its_deadline_at_the_latest(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    let_pass(engine, DEADLINE_S - 60)
    postpone_recording(engine, recording, ANNE, 900, "transcoding", past_deadline=False)
    ((due,),) = rows(engine, "SELECT due_at = deadline_at FROM recordings")
    assert due


def test_the_four_hours_count_from_the_first_attempt_not_from_the_queue(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    let_pass(engine, 2 * DEADLINE_S)
    first = take_recording(engine, recording, ANNE)
    assert first is not None
    assert abs((first.deadline_at - first.taken_at).total_seconds() - DEADLINE_S) < 5
    postpone_recording(engine, recording, ANNE, 0, "transcoding", past_deadline=False)
    let_pass(engine, 100)
    second = take_recording(engine, recording, ANNE)
    assert second is not None
    assert second.deadline_at - second.taken_at < first.deadline_at - first.taken_at


def test_a_server_of_ours_that_is_down_postpones_past_the_deadline(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    let_pass(engine, DEADLINE_S - 60)
    postpone_recording(engine, recording, ANNE, 900, "the store does not answer", past_deadline=True)
    ((late,),) = rows(engine, "SELECT due_at > deadline_at FROM recordings")
    assert late


def test_time_that_was_lost_to_a_server_moves_the_deadline(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    first = take_recording(engine, recording, ANNE)
    assert first is not None
    postpone_recording(engine, recording, ANNE, 0, "no answer", past_deadline=True, lost_s=900)
    second = take_recording(engine, recording, ANNE)
    assert second is not None
    assert (second.deadline_at - first.deadline_at).total_seconds() == 900


def test_a_message_for_what_is_unknown_or_settled_does_nothing(engine: Engine) -> None:
    ref, (recording,) = capturing(engine, "a")
    settle(engine, recording)
    assert take_recording(engine, recording, ANNE) is None
    assert take_recording(engine, RecordingRef(*ref, "unknown"), ANNE) is None
    assert take_discovered(engine, ref, ANNE) is None
    assert take_captured(engine, ConversationRef(uuid4(), 1), ANNE) is None


def test_hand_back_frees_what_a_stopped_process_held_and_nothing_else(engine: Engine) -> None:
    pages = [found() for _ in range(3)]
    refs = discovered(engine, *pages)
    for ref, owner in zip(refs, ("host/aaa/1", "host/aaa/2", "host/aaab/1"), strict=True):
        looked_at(engine, ref, Holder(owner, 300))

    assert hand_back(engine, "host/aaa/") == 2

    assert set(claim_discovered(engine, 60, 10)) == set(refs[:2])
    assert take_discovered(engine, refs[2], BERT) is None
    assert hand_back(engine, "host/aaa/") == 0


def test_hand_back_takes_a_name_literally(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    looked_at(engine, ref, Holder("hostXaaa/1", 300))
    assert hand_back(engine, "host_aaa/") == 0
    assert hand_back(engine, "%") == 0


def test_a_row_is_not_in_two_states(engine: Engine) -> None:
    """A state that went on since is not gone back on by its former holder."""
    _, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    execute(engine, "UPDATE recordings SET state = 'absent'")
    with pytest.raises(LeaseLost):
        settle_recording(engine, recording, ANNE, "stored", "")
    assert state_of(engine, recording) == "absent"
