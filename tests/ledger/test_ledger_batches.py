"""Batches in the ledger: who is gathered, what is kept of results, and that no manifest is due before one is over."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from ledger_material import (
    ANNE,
    BERT,
    DEADLINE_S,
    DECIDED,
    archive,
    at_once,
    discovered,
    expire_leases,
    found,
    let_pass,
    rows,
    settle,
    state_of,
)

from strongroom.ledger.batch_results import FoundRecording, Link, MoreResults, record_results, results_of
from strongroom.ledger.batches import Gathered, end_batch, record_batch, take_batch, take_for_batch, waiting_for
from strongroom.ledger.conversations import ExpectedRecording, take_captured
from strongroom.ledger.due import claim_batches, claim_captured, claim_for_batches
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.leases import Holder, hand_back
from strongroom.ledger.listing import record_listing, take_unlisted
from strongroom.ledger.recordings import settle_recording, take_recording
from strongroom.ledger.references import ConversationRef, RecordingRef

HUSH = "https://media.example/{}?signature=hush"


def submitted(engine: Engine, count: int = 1, holder: Holder = ANNE) -> tuple[int, list[ConversationRef]]:
    """New conversations, in one batch."""
    discovered(engine, *(found() for _ in range(count)))
    held = take_for_batch(engine, holder, 100, background=False)
    assert len(held) == count
    gathered = [Gathered(one, one.record, DECIDED, {}) for one in held]
    return recorded(engine, gathered, holder), [one.ref for one in held]


def recorded(engine: Engine, gathered: Sequence[Gathered], holder: Holder = ANNE) -> int:
    return record_batch(
        engine,
        gathered,
        holder,
        client_id="client-1",
        job_id="j1",
        due_in_s=0,
        deadline_s=600,
        conversation_deadline_s=DEADLINE_S,
    )


def gives(engine: Engine, batch_id: int, ref: ConversationRef, *parts: str, recording: str = "a") -> list[RecordingRef]:
    """The batch has given these parts of a recording so far; what is to be fetched."""
    links = tuple(Link(part, HUSH.format(part), "audio/ogg") for part in parts)
    one = FoundRecording(ExpectedRecording(recording, None, "audio", {"recordingId": recording}), links)
    return record_results(engine, batch_id, {ref: [one]}, deadline_s=DEADLINE_S)


def ended(engine: Engine, batch_id: int, state: str = "done", **which: list[ConversationRef]) -> list[ConversationRef]:
    """The batch is over; whose manifest is due then."""
    held = take_batch(engine, batch_id, ANNE)
    assert held is not None
    return end_batch(engine, held, ANNE, state, "it ended", **which).captured  # type: ignore[arg-type]


def store(engine: Engine, ref: RecordingRef, results: int, holder: Holder = ANNE) -> ConversationRef | None:
    assert take_recording(engine, ref, holder) is not None
    return settle_recording(engine, ref, holder, "stored", "it stands", results=results)


def test_first_revisions_are_gathered_once_by_two_workers(engine: Engine) -> None:
    discovered(engine, *(found() for _ in range(7)))
    taken = at_once(
        lambda: take_for_batch(engine, ANNE, 4, background=False),
        lambda: take_for_batch(engine, BERT, 4, background=False),
    )
    refs = [one.ref for held in taken for one in held]
    assert len(refs) == len(set(refs)) == 7
    assert take_for_batch(engine, ANNE, 4, background=False) == []


def test_a_reopened_conversation_is_not_gathered(engine: Engine) -> None:
    one = found()
    discovered(engine, one)
    batch_id = recorded(
        engine, [Gathered(held, {}, DECIDED, {}) for held in take_for_batch(engine, ANNE, 1, background=False)]
    )
    (ref,) = [waiting.ref for waiting in waiting_for(engine, batch_id)]
    assert ended(engine, batch_id, known=[ref]) == [ref]
    archive(engine, ref)
    discovered(engine, found(one.conversation_id, one.conversation_end + timedelta(hours=1)))
    assert claim_for_batches(engine, 0, 10, background=False) == []
    assert take_for_batch(engine, ANNE, 10, background=False) == []


def test_what_another_worker_took_over_is_left_out_of_the_batch(engine: Engine) -> None:
    discovered(engine, found(), found())
    held = take_for_batch(engine, ANNE, 10, background=False)
    expire_leases(engine)
    (stolen,) = take_for_batch(engine, BERT, 1, background=False)
    batch_id = recorded(engine, [Gathered(one, {}, DECIDED, {}) for one in held])
    assert {one.ref for one in waiting_for(engine, batch_id)} == {one.ref for one in held} - {stolen.ref}


def test_results_are_fanned_out_once(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    assert gives(engine, batch_id, ref, "x") == [RecordingRef(*ref, "a")]
    assert gives(engine, batch_id, ref, "x") == []
    assert [link.url for link in results_of(engine, RecordingRef(*ref, "a"))] == [HUSH.format("x")]


def test_no_manifest_is_due_before_the_batch_is_over(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    (recording,) = gives(engine, batch_id, ref, "x")
    assert store(engine, recording, 1) is None
    let_pass(engine, 10_000)
    assert claim_captured(engine, 0, 10) == []
    assert take_captured(engine, ref, ANNE) is None
    assert ended(engine, batch_id, known=[ref]) == [ref]
    assert take_captured(engine, ref, ANNE) is not None


def test_of_the_end_and_the_last_recording_exactly_one_sees_that_the_manifest_is_due(engine: Engine) -> None:
    for _ in range(5):
        batch_id, (ref,) = submitted(engine)
        (recording,) = gives(engine, batch_id, ref, "x")
        held = take_batch(engine, batch_id, ANNE)
        assert held is not None
        assert take_recording(engine, recording, BERT) is not None
        stored, over = at_once(
            lambda recording=recording: settle_recording(engine, recording, BERT, "stored", "", results=1),
            lambda held=held, ref=ref: end_batch(engine, held, ANNE, "done", "", known=[ref]).captured,
        )
        assert [stored, *over].count(ref) == 1  # type: ignore[misc]


def test_another_part_that_comes_after_the_first_was_stored_is_fetched(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    (recording,) = gives(engine, batch_id, ref, "x")
    store(engine, recording, 1)
    assert gives(engine, batch_id, ref, "y", "x") == [recording]
    assert [link.identity for link in results_of(engine, recording)] == ["x", "y"], "parts keep their places"
    assert ended(engine, batch_id, known=[ref]) == []
    assert store(engine, recording, 2) == ref


def test_another_part_that_comes_while_the_first_is_being_stored_keeps_it_open(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    (recording,) = gives(engine, batch_id, ref, "x")
    assert take_recording(engine, recording, BERT) is not None
    assert gives(engine, batch_id, ref, "x", "y") == [], "whoever holds it sees that there is more"
    with pytest.raises(MoreResults):
        settle_recording(engine, recording, BERT, "stored", "", results=1)
    settle_recording(engine, recording, BERT, "stored", "", results=2)
    assert state_of(engine, recording) == "stored"


def test_what_a_batch_gave_that_is_given_up_may_not_be_all(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    (stored,) = gives(engine, batch_id, ref, "x")
    store(engine, stored, 1)
    (held,) = gives(engine, batch_id, ref, "y", recording="b")
    assert take_recording(engine, held, BERT) is not None
    assert ended(engine, batch_id, "given up") == []
    assert state_of(engine, stored) == "waiting"
    with pytest.raises(MoreResults):
        settle_recording(engine, held, BERT, "stored", "", results=1)
    assert take_unlisted(engine, ref, ANNE) is not None


def test_links_are_erased_with_the_end_and_with_the_last_settling(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    (early,) = gives(engine, batch_id, ref, "x")
    (late,) = gives(engine, batch_id, ref, "y", recording="b")
    store(engine, early, 1)
    ended(engine, batch_id, known=[ref])
    assert (results_of(engine, early), len(results_of(engine, late))) == ((), 1)
    store(engine, late, 1)
    assert rows(engine, "SELECT count(*) FROM batch_results WHERE results IS NOT NULL") == [(0,)]


def test_what_is_not_ready_goes_into_another_batch_later(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    assert ended(engine, batch_id, again=[ref]) == []
    (held,) = take_for_batch(engine, ANNE, 10, background=False)
    assert held.decided == DECIDED, "what was decided stays"
    second = recorded(engine, [Gathered(held)])
    assert [(one.ref, one.asks) for one in waiting_for(engine, second)] == [(ref, 2)]
    assert gives(engine, second, ref, "x") == [RecordingRef(*ref, "a")]


def test_a_second_batch_gives_fresh_links_to_what_is_not_there_and_none_to_what_is(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    (stored,) = gives(engine, batch_id, ref, "x")
    (missing,) = gives(engine, batch_id, ref, "y", recording="b")
    store(engine, stored, 1)
    ended(engine, batch_id, again=[ref])
    second = recorded(engine, [Gathered(one) for one in take_for_batch(engine, ANNE, 10, background=False)])
    assert gives(engine, second, ref, "x2") == []
    assert gives(engine, second, ref, "y2", recording="b") == []
    assert results_of(engine, stored) == ()
    assert [link.identity for link in results_of(engine, missing)] == ["y2"]


def test_a_listing_adds_what_no_batch_gave_under_the_deadline_of_the_first_look(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    (given,) = gives(engine, batch_id, ref, "x")
    let_pass(engine, 900)
    ended(engine, batch_id)
    held = take_unlisted(engine, ref, ANNE)
    assert held is not None
    listed = [ExpectedRecording(one, f"s-{one}", "audio", {"id": one}) for one in ("a", "b")]
    assert record_listing(engine, held, ANNE, listed) == ([RecordingRef(*ref, "b")], False)
    assert rows(engine, "SELECT recording_id, session_id FROM recordings ORDER BY 1") == [("a", "s-a"), ("b", "s-b")]
    [(same,)] = rows(
        engine,
        "SELECT r.deadline_at = c.deadline_at FROM recordings r JOIN conversations c USING (conversation_id, revision)"
        " WHERE recording_id = 'b'",
    )
    assert same
    assert settle(engine, given) is None
    assert settle(engine, RecordingRef(*ref, "b")) == ref


def test_a_listing_that_adds_nothing_leaves_the_manifest_due(engine: Engine) -> None:
    batch_id, (ref,) = submitted(engine)
    ended(engine, batch_id)
    held = take_unlisted(engine, ref, ANNE)
    assert held is not None
    assert record_listing(engine, held, ANNE, []) == ([], True)


def test_a_batch_is_followed_by_one_and_swept_when_its_worker_dies(engine: Engine) -> None:
    batch_id, _ = submitted(engine)
    held = take_batch(engine, batch_id, ANNE)
    assert held is not None
    assert (held.client_id, held.job_id) == ("client-1", "j1")
    assert take_batch(engine, batch_id, BERT) is None
    assert hand_back(engine, "host/aaa/") >= 1
    assert claim_batches(engine, 60, 10) == [batch_id]
    assert take_batch(engine, batch_id, BERT) is not None
    with pytest.raises(LeaseLost):
        end_batch(engine, held, ANNE, "done", "")
    assert state_of_batch(engine) == "submitted"


def state_of_batch(engine: Engine) -> str:
    (row,) = rows(engine, "SELECT state FROM batches")
    return str(row.state)
