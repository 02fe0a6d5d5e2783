"""The review list, and putting chosen rows of it back to work."""

from datetime import timedelta

import pytest
from ledger_material import (
    ANNE,
    DAY,
    DEADLINE_S,
    DECIDED,
    END,
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
    state_of,
)

from strongroom.ledger.batches import Gathered, end_batch, record_batch, take_batch, take_for_batch, waiting_for
from strongroom.ledger.conversations import send_conversation_to_review, take_captured, take_discovered
from strongroom.ledger.due import claim_captured, claim_discovered, claim_recordings
from strongroom.ledger.engine import Engine
from strongroom.ledger.listing import take_unlisted
from strongroom.ledger.recordings import postpone_recording, settle_recording, take_recording, wait_for_restore
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.review import Selection, hurry, requeue, review_counts, review_list, waiting_list

EVERYTHING = Selection()


def unreadable(engine: Engine, reason: str = "the record can't be read") -> ConversationRef:
    """A conversation that went to review before its recordings were known."""
    (ref,) = discovered(engine, found())
    send_conversation_to_review(engine, looked_at(engine, ref), ANNE, reason)
    return ref


def never_ready(engine: Engine, *recording_ids: str, days_later: int = 0) -> list[RecordingRef]:
    """Recordings in review, of one archived conversation."""
    ref, recordings = capturing(engine, *recording_ids, day=DAY + timedelta(days=days_later))
    for recording in recordings:
        settle(engine, recording, "review", "given up after 4 hours: UPLOADING")
    archive(engine, ref)
    return recordings


def back_to_work(engine: Engine, selection: Selection) -> int:
    """Re-queue a selection."""
    return requeue(engine, selection, by=OPS, deadline_s=DEADLINE_S)


def test_the_list_tells_what_waits_why_and_since_when(engine: Engine) -> None:
    conversation = unreadable(engine)
    (recording,) = never_ready(engine, "a")
    capturing(engine, "b")

    first, second = review_list(engine, EVERYTHING)

    assert (first.conversation_id, first.revision, first.recording_id) == (*conversation, None)
    assert (first.reason, first.day, first.media, first.attempts) == ("the record can't be read", DAY, None, 1)
    assert (second.conversation_id, second.revision, second.recording_id) == tuple(recording)
    assert (second.reason, second.media) == ("given up after 4 hours: UPLOADING", "audio")
    assert first.since < second.since
    assert review_list(engine, EVERYTHING, limit=1) == [first]


def test_an_empty_list(engine: Engine) -> None:
    assert review_list(engine, EVERYTHING) == []
    assert back_to_work(engine, EVERYTHING) == 0


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (Selection(), {"a", "b", "c", None}),
        (Selection(recording_id="b"), {"b"}),
        (Selection(recording_id="unknown"), set()),
        (Selection(first_day=DAY + timedelta(days=1)), {"c"}),
        (Selection(last_day=DAY), {"a", "b", None}),
        (Selection(first_day=DAY, last_day=DAY, recording_id="a"), {"a"}),
        (Selection(reason="uploading"), {"a", "b", "c"}),
        (Selection(reason="100%"), {None}),
        (Selection(reason="10_"), set()),
    ],
)
def test_a_selection_narrows_the_list_and_the_requeue_alike(
    engine: Engine, selection: Selection, chosen: set[str | None]
) -> None:
    never_ready(engine, "a", "b")
    never_ready(engine, "c", days_later=1)
    unreadable(engine, "100% of the record is noise")

    assert {row.recording_id for row in review_list(engine, selection)} == chosen
    assert back_to_work(engine, selection) == len(chosen)
    assert {row.recording_id for row in review_list(engine, EVERYTHING)} == {"a", "b", "c", None} - chosen


def test_a_selection_by_conversation(engine: Engine) -> None:
    (mine,) = never_ready(engine, "a")
    (other,) = never_ready(engine, "a")
    assert back_to_work(engine, Selection(conversation_id=mine.conversation_id)) == 1
    assert (state_of(engine, mine), state_of(engine, other)) == ("waiting", "review")


def test_a_requeued_recording_has_a_fresh_deadline_and_is_due_at_once(engine: Engine) -> None:
    (recording,) = never_ready(engine, "a")
    let_pass(engine, 7 * 86_400)

    back_to_work(engine, EVERYTHING)

    assert claim_recordings(engine, 1_800, 10) == [recording]
    held = take_recording(engine, recording, ANNE)
    assert held is not None
    assert held.attempts == 1
    assert timedelta(seconds=DEADLINE_S - 60) < held.deadline_at - held.taken_at <= timedelta(seconds=DEADLINE_S)
    assert rows(engine, "SELECT cause FROM recordings") == [("re-queued by ops",)]


def test_a_requeued_recording_is_seen_anew_and_its_restore_can_be_asked_for_anew(engine: Engine) -> None:
    ref, (recording,) = capturing(engine, "a")
    assert take_recording(engine, recording, ANNE) is not None
    wait_for_restore(engine, recording, ANNE, asked=True, deadline_s=86_400)
    settle_recording(engine, recording, ANNE, "review", "never restored")
    archive(engine, ref)
    let_pass(engine, 7 * 86_400)

    back_to_work(engine, EVERYTHING)

    held = take_recording(engine, recording, ANNE)
    assert held is not None
    assert held.restore_asked_at is None
    ((since,),) = rows(engine, "SELECT clock_timestamp() - first_seen_at FROM recordings")
    assert since < timedelta(hours=1)


def test_a_requeued_conversation_starts_where_it_stopped(engine: Engine) -> None:
    before = unreadable(engine)
    after, (recording,) = capturing(engine, "a")
    settle(engine, recording)
    held = take_captured(engine, after, ANNE)
    assert held is not None
    send_conversation_to_review(engine, held, ANNE, "something else stands there")

    assert back_to_work(engine, EVERYTHING) == 2

    assert claim_discovered(engine, 1_800, 10) == [before]
    assert claim_captured(engine, 1_800, 10) == [after]
    again = take_captured(engine, after, ANNE)
    assert again is not None
    assert again.deadline_at > again.taken_at
    assert state_of(engine, recording) == "stored"


def batched(engine: Engine) -> int:
    """The one conversation that is due is submitted in a batch, decided on as if for the first time; its number."""
    (held,) = take_for_batch(engine, ANNE, 10, background=False)
    assert held.decided is None
    return record_batch(
        engine,
        [Gathered(held, held.record, DECIDED, {})],
        ANNE,
        client_id="client-1",
        job_id="j1",
        due_in_s=0,
        deadline_s=600,
        conversation_deadline_s=DEADLINE_S,
    )


def test_a_requeued_conversation_that_was_in_a_batch_and_could_not_be_listed_starts_anew(engine: Engine) -> None:
    """What a batch's submission decided must not be taken for a batch that is still to give something."""
    (ref,) = discovered(engine, found())
    batch = take_batch(engine, batched(engine), ANNE)
    assert batch is not None
    end_batch(engine, batch, ANNE, "done", "it ended")
    held = take_unlisted(engine, ref, ANNE)
    assert held is not None
    send_conversation_to_review(engine, held, ANNE, "the listing was refused")

    assert back_to_work(engine, EVERYTHING) == 1

    assert claim_discovered(engine, 1_800, 10) == [ref]
    assert [one.ref for one in waiting_for(engine, batched(engine))] == [ref]
    assert state_of(engine, ref) == "capturing"


def test_a_requeued_conversation_without_recordings_goes_on_with_its_manifest(engine: Engine) -> None:
    """It was listed already, and of its manifest some may stand: what that tells of the decision stays so."""
    ref, _ = capturing(engine)
    held = take_captured(engine, ref, ANNE)
    assert held is not None
    send_conversation_to_review(engine, held, ANNE, "something else stands there")

    assert back_to_work(engine, EVERYTHING) == 1

    again = take_captured(engine, ref, ANNE)
    assert again is not None
    assert again.decided == DECIDED
    assert take_for_batch(engine, ANNE, 10, background=False) == []


def test_a_recording_is_not_requeued_while_the_manifest_that_tells_of_it_is_written(engine: Engine) -> None:
    """It would be in the vault and on no manifest: the one that is being written says that it isn't there."""
    ref, (recording,) = capturing(engine, "a")
    settle(engine, recording, "review")
    held = take_captured(engine, ref, ANNE)
    assert held is not None

    # the worker died between the manifest and its record, or the vault refused it: no one knows whether it stands
    for end in (expire_leases, lambda engine: send_conversation_to_review(engine, held, ANNE, "the vault refused it")):
        assert back_to_work(engine, Selection(recording_id="a")) == 0
        assert review_list(engine, Selection(recording_id="a")) == []
        end(engine)
    assert back_to_work(engine, EVERYTHING) == 1
    archive(engine, ref)

    assert back_to_work(engine, EVERYTHING) == 1
    assert settle(engine, recording) == ConversationRef(ref.conversation_id, 2)


def test_a_requeue_and_a_manifest_begun_at_once_do_not_both_have_the_recording(engine: Engine) -> None:
    for _ in range(15):
        ref, (recording,) = capturing(engine, "a")
        settle(engine, recording, "review")
        mine = Selection(conversation_id=ref.conversation_id)
        requeued, held = at_once(
            lambda mine=mine: back_to_work(engine, mine), lambda ref=ref: take_captured(engine, ref, ANNE)
        )
        assert (requeued, held is not None) in {(1, False), (0, True)}


def test_a_manifest_that_stands_is_not_retold_by_a_late_message(engine: Engine) -> None:
    ref, (recording,) = capturing(engine, "a")
    settle(engine, recording, "review")
    archive(engine, ref)
    back_to_work(engine, EVERYTHING)
    take_recording(engine, recording, ANNE)
    assert take_captured(engine, ref, ANNE) is None
    assert settle_recording(engine, recording, ANNE, "stored", "") == ConversationRef(ref.conversation_id, 2)
    assert take_captured(engine, ref, ANNE) is None
    assert rows(engine, "SELECT revision, manifest_state FROM recordings ORDER BY 1") == [(1, "review"), (2, None)]


def test_superseded_revisions_are_left_out(engine: Engine) -> None:
    """A conversation that ended again is archived whole by its later revision: the earlier one is nobody's work."""
    (recording,) = never_ready(engine, "a")
    conversation = unreadable(engine)
    reopened = discovered(
        engine,
        found(recording.conversation_id, END + timedelta(hours=1)),
        found(conversation.conversation_id, END + timedelta(hours=1)),
    )
    assert {ref.revision for ref in reopened} == {2}

    assert review_list(engine, EVERYTHING) == []
    assert back_to_work(engine, EVERYTHING) == 0
    assert state_of(engine, recording) == state_of(engine, conversation) == "review"


def test_nothing_but_review_is_ever_requeued(engine: Engine) -> None:
    ref, (stored, absent, waiting) = capturing(engine, "a", "b", "c")
    settle(engine, stored)
    settle(engine, absent, "absent")
    (new,) = discovered(engine, found())
    assert back_to_work(engine, EVERYTHING) == 0
    states = [state_of(engine, one) for one in (stored, absent, waiting, ref, new)]
    assert states == ["stored", "absent", "expected", "capturing", "discovered"]
    assert take_discovered(engine, new, ANNE) is not None


def test_the_counts_of_the_list_by_day(engine: Engine) -> None:
    never_ready(engine, "a", "b")
    never_ready(engine, "c", days_later=1)
    unreadable(engine)
    assert review_counts(engine, DAY, DAY + timedelta(days=1)) == {DAY: 3, DAY + timedelta(days=1): 1}
    assert review_counts(engine, DAY + timedelta(days=1), DAY + timedelta(days=9)) == {DAY + timedelta(days=1): 1}


def test_what_waits_can_be_hurried_and_keeps_its_deadline(engine: Engine) -> None:
    _, (waiting, held, expected) = capturing(engine, "a", "b", "c")
    for recording in (waiting, held):
        take_recording(engine, recording, ANNE)
        postpone_recording(engine, recording, ANNE, 0 if recording is held else 900, "transcoding", past_deadline=False)
    take_recording(engine, held, ANNE)
    deadlines = rows(engine, "SELECT deadline_at FROM recordings ORDER BY recording_id")

    assert [row.recording_id for row in waiting_list(engine, EVERYTHING)] == ["a"]
    assert hurry(engine, EVERYTHING) == 1

    assert claim_recordings(engine, 1_800, 10) == [waiting]
    assert rows(engine, "SELECT deadline_at FROM recordings ORDER BY recording_id") == deadlines
    assert state_of(engine, expected) == "expected"
