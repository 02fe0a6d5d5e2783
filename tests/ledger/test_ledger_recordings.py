"""Recordings settle; the last one completes its conversation, exactly once; what is found later opens a revision."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from ledger_material import (
    ANNE,
    BERT,
    DEADLINE_S,
    DECIDED,
    END,
    OPS,
    archive,
    at_once,
    begun,
    capturing,
    discovered,
    execute,
    expected,
    expire_leases,
    found,
    let_pass,
    looked_at,
    revisions_of,
    rows,
    settle,
    state_of,
)

from strongroom.ledger.conversations import (
    ExpectedRecording,
    expect_more,
    postpone_conversation,
    send_conversation_to_review,
    take_captured,
    take_discovered,
)
from strongroom.ledger.due import claim_captured, claim_recordings, claim_unindexed
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.objects import ObjectRow, PartRef, record_object
from strongroom.ledger.recordings import (
    Settled,
    known_recordings,
    recordings_before,
    refresh_listing,
    replace_placeholder,
    settle_recording,
    take_recording,
    wait_for_restore,
)
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.review import Selection, requeue
from strongroom.ledger.search_index import take_unindexed


def test_capturing_keeps_the_decision_and_expects_what_is_listed(engine: Engine) -> None:
    ref, recordings = capturing(engine, "a", "b")

    assert recordings == [RecordingRef(*ref, "a"), RecordingRef(*ref, "b")]
    held = take_recording(engine, recordings[0], ANNE)
    assert held is not None
    assert (held.retention_class, held.lock_mode, held.retain_until, held.policy_version) == (
        DECIDED.retention_class,
        DECIDED.lock_mode,
        DECIDED.retain_until,
        DECIDED.policy_version,
    )
    assert held.objects_revision == 1
    assert [one.listed for one in known_recordings(engine, ref)] == [{"id": "a"}, {"id": "b"}]


def test_a_conversation_without_recordings_can_be_completed_at_once(engine: Engine) -> None:
    ref, recordings = capturing(engine)
    assert recordings == []
    held = take_captured(engine, ref, ANNE)
    assert held is not None
    assert held.decided == DECIDED


def test_a_conversation_is_not_completed_before_its_last_recording_has_settled(engine: Engine) -> None:
    ref, (one, two) = capturing(engine, "a", "b")
    assert settle(engine, one) is None
    assert take_captured(engine, ref, ANNE) is None
    assert settle(engine, two, "absent") == ref
    assert take_captured(engine, ref, ANNE) is not None


def test_a_recording_that_an_earlier_revision_holds_is_stored_from_the_start(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    carried = replace(expected("a")[0], state="stored", cause="2 objects stand in the vault", objects_revision=3)
    recordings = begun(engine, looked_at(engine, ref), [carried, *expected("b")])
    assert recordings == [RecordingRef(*ref, "b")]
    assert [(one.state, one.cause, one.objects_revision) for one in known_recordings(engine, ref)] == [
        ("stored", "2 objects stand in the vault", 3),
        ("expected", "listed by Genesys", 1),
    ]
    assert settle(engine, recordings[0]) == ref


@pytest.mark.parametrize("states", [("stored", "stored"), ("review", "stored"), ("absent", "review")])
def test_of_two_workers_that_settle_the_last_two_at_once_exactly_one_completes(
    engine: Engine, states: tuple[Settled, Settled]
) -> None:
    for _ in range(12):
        ref, (one, two) = capturing(engine, "a", "b")
        assert take_recording(engine, one, ANNE) is not None
        assert take_recording(engine, two, BERT) is not None
        last = at_once(
            lambda one=one: settle_recording(engine, one, ANNE, states[0], ""),
            lambda two=two: settle_recording(engine, two, BERT, states[1], ""),
        )
        assert set(last) == {None, ref}


def test_the_last_of_many_settled_at_once_is_one(engine: Engine) -> None:
    for _ in range(4):
        ref, recordings = capturing(engine, *"abcdef")
        for recording in recordings:
            take_recording(engine, recording, ANNE)
        last = at_once(
            *(lambda one=one: settle_recording(engine, one, ANNE, "stored", "") for one in recordings),
        )
        assert last.count(ref) == 1
        assert last.count(None) == 5


def test_a_listing_that_changed_is_kept(engine: Engine) -> None:
    ref, (recording,) = capturing(engine, "a")
    take_recording(engine, recording, ANNE)
    refresh_listing(engine, recording, ANNE, "screen", {"id": "a", "fileState": "AVAILABLE"})
    (known,) = known_recordings(engine, ref)
    assert (known.media, known.listed) == ("screen", {"id": "a", "fileState": "AVAILABLE"})


def test_what_is_found_after_the_manifest_opens_a_revision_that_tells_it(engine: Engine) -> None:
    ref, (one, two) = capturing(engine, "a", "b")
    settle(engine, one)
    settle(engine, two, "review", "never ready")
    archive(engine, ref)

    assert requeue(engine, Selection(recording_id="b"), by=OPS, deadline_s=DEADLINE_S) == 1

    amended = ConversationRef(ref.conversation_id, 2)
    assert settle(engine, two) == amended
    assert [(number, state) for number, state, _ in revisions_of(engine, ref.conversation_id)] == [
        (1, "archived"),
        (2, "capturing"),
    ]
    assert [
        (known.recording_id, known.state, known.objects_revision) for known in known_recordings(engine, amended)
    ] == [
        ("a", "stored", 1),
        ("b", "stored", 1),
    ]
    held = take_captured(engine, amended, ANNE)
    assert held is not None
    assert held.decided == DECIDED
    assert held.deadline_at > held.taken_at


def test_an_amendment_is_due_now_and_has_a_deadline_of_its_own(engine: Engine) -> None:
    """What is requeued a week later must not be overdue at its first mishap."""
    ref, (one,) = capturing(engine, "a")
    settle(engine, one, "review")
    archive(engine, ref)
    let_pass(engine, 7 * 86_400)
    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)
    settle(engine, one)

    assert claim_captured(engine, 1_800, 10) == []
    assert claim_captured(engine, 0, 10) == [ConversationRef(ref.conversation_id, 2)]
    held = take_captured(engine, ConversationRef(ref.conversation_id, 2), ANNE)
    assert held is not None
    assert held.deadline_at > held.taken_at
    assert held.attempts == 1


def test_an_amendment_is_due_to_be_indexed_though_what_it_amends_was(engine: Engine) -> None:
    """The words of what was found are in no search before."""
    ref, (one,) = capturing(engine, "a")
    settle(engine, one, "review")
    archive(engine, ref)
    execute(engine, "UPDATE conversations SET indexed_at = now()")
    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)
    amended = settle(engine, one)
    assert amended is not None
    archive(engine, amended)

    assert claim_unindexed(engine, 0, 10) == [amended]
    assert take_unindexed(engine, amended, ANNE) is not None


def test_what_is_still_in_review_opens_no_revision(engine: Engine) -> None:
    ref, (one,) = capturing(engine, "a")
    settle(engine, one, "review")
    archive(engine, ref)
    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)

    assert settle(engine, one, "review", "still never ready") is None
    assert len(revisions_of(engine, ref.conversation_id)) == 1


def test_of_two_requeued_recordings_the_last_one_opens_the_one_revision(engine: Engine) -> None:
    for _ in range(8):
        ref, (one, two) = capturing(engine, "a", "b")
        settle(engine, one, "review")
        settle(engine, two, "review")
        archive(engine, ref)
        requeue(engine, Selection(conversation_id=ref.conversation_id), by=OPS, deadline_s=DEADLINE_S)
        take_recording(engine, one, ANNE)
        take_recording(engine, two, BERT)
        last = at_once(
            lambda one=one: settle_recording(engine, one, ANNE, "stored", ""),
            lambda two=two: settle_recording(engine, two, BERT, "review", ""),
        )
        assert set(last) == {None, ConversationRef(ref.conversation_id, 2)}
        assert [state for _, state, _ in revisions_of(engine, ref.conversation_id)] == ["archived", "capturing"]
        amended = known_recordings(engine, ConversationRef(ref.conversation_id, 2))
        assert [known.state for known in amended] == ["stored", "review"]


def test_a_reopened_revision_waits_for_what_is_fetched_again_and_takes_over_what_was_found(engine: Engine) -> None:
    ref, (one, two) = capturing(engine, "a", "b")
    settle(engine, one, "review")
    settle(engine, two)
    archive(engine, ref)
    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)
    (reopened,) = discovered(engine, found(ref.conversation_id, END + timedelta(hours=1)))
    assert take_discovered(engine, reopened, BERT) is None

    # no amendment: the revision that is there already tells it
    assert settle(engine, one) is None

    assert [number for number, _, _ in revisions_of(engine, ref.conversation_id)] == [1, 2]
    held = take_discovered(engine, reopened, BERT)
    assert held is not None
    before = recordings_before(engine, reopened)
    assert [(known.recording_id, known.state, known.objects_revision) for known in before] == [
        ("a", "stored", 1),
        ("b", "stored", 1),
    ]
    carried = [
        ExpectedRecording(
            known.recording_id,
            known.session_id,
            known.media,
            known.listed,
            known.state,
            known.cause,
            known.objects_revision,
        )
        for known in before
    ]
    assert begun(engine, held, carried, BERT) == []
    assert take_captured(engine, reopened, ANNE) is not None
    assert known_recordings(engine, reopened) == [replace(known, attempts=0) for known in before]


def test_a_reopening_after_an_amendment_is_one_revision_and_waits_for_it(engine: Engine) -> None:
    ref, (one,) = capturing(engine, "a")
    settle(engine, one, "review")
    archive(engine, ref)
    reopened = found(ref.conversation_id, END + timedelta(hours=1))
    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)
    assert settle(engine, one) == ConversationRef(ref.conversation_id, 2)

    assert discovered(engine, reopened) == [ConversationRef(ref.conversation_id, 3)]
    assert take_discovered(engine, ConversationRef(ref.conversation_id, 3), BERT) is None
    assert discovered(engine, reopened) == []
    archive(engine, ConversationRef(ref.conversation_id, 2))
    assert take_discovered(engine, ConversationRef(ref.conversation_id, 3), BERT) is not None


def test_what_was_stored_after_the_manifest_is_told_though_the_state_is_the_same_again(engine: Engine) -> None:
    ref, (one,) = capturing(engine, "a")
    settle(engine, one, "review")
    archive(engine, ref)
    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)
    assert take_recording(engine, one, ANNE) is not None
    record_object(
        engine,
        PartRef(*ref, "a", "recordings/a/1"),
        ObjectRow(
            part="recordings/a/1",
            recording_id="a",
            key=f"archive/2025-05-14/{ref.conversation_id}/recordings/a.wav",
            version_id="v1",
            size_bytes=3,
            sha256="a" * 64,
            content_type="audio/wav",
            file_name=None,
            lock_mode=DECIDED.lock_mode,
            retain_until=DECIDED.retain_until,
            adopted=False,
            under_delete_marker=False,
        ),
        ANNE.actor,
    )
    amended = settle_recording(engine, one, ANNE, "review", "the second part is missing still")
    assert amended == ConversationRef(ref.conversation_id, 2)
    assert [known.cause for known in known_recordings(engine, amended)] == ["the second part is missing still"]


def test_what_cant_be_had_of_a_recording_is_kept_and_amended_with_it(engine: Engine) -> None:
    ref, (one,) = capturing(engine, "a")
    assert take_recording(engine, one, ANNE) is not None
    missing = [{"part": "media", "reason": "EMAIL_TRANSCRIPT_TOO_LARGE"}]
    settle_recording(engine, one, ANNE, "review", "the rest is archived", missing)
    assert [known.unavailable for known in known_recordings(engine, ref)] == [missing]
    archive(engine, ref)
    requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S)
    assert settle(engine, one) == ConversationRef(ref.conversation_id, 2)
    assert [known.unavailable for known in known_recordings(engine, ConversationRef(ref.conversation_id, 2))] == [None]


def test_recordings_before_are_those_of_the_latest_earlier_revision_that_had_any(engine: Engine) -> None:
    ref, (one, _) = capturing(engine, "a", "b")
    assert recordings_before(engine, ref) == []
    for number in (2, 3):
        discovered(engine, found(ref.conversation_id, END + timedelta(hours=number)))
    settle(engine, one)
    assert [known.recording_id for known in recordings_before(engine, ConversationRef(ref.conversation_id, 3))] == [
        "a",
        "b",
    ]
    assert recordings_before(engine, ConversationRef(uuid4(), 2)) == []


def test_more_recordings_are_expected_before_the_manifest_and_complete_it_anew(engine: Engine) -> None:
    ref, (one,) = capturing(engine, "a")
    settle(engine, one)
    held = take_captured(engine, ref, ANNE)
    assert held is not None

    late = expect_more(engine, held, ANNE, expected("b", "c"), deadline_s=DEADLINE_S)

    assert late == [RecordingRef(*ref, "b"), RecordingRef(*ref, "c")]
    assert state_of(engine, ref) == "capturing"
    assert take_captured(engine, ref, BERT) is None
    assert [settle(engine, each) for each in late] == [None, ref]
    again = take_captured(engine, ref, BERT)
    assert again is not None
    assert [known.state for known in known_recordings(engine, ref)] == ["stored"] * 3


def test_more_recordings_are_expected_by_the_holder_only(engine: Engine) -> None:
    ref, _ = capturing(engine)
    held = take_captured(engine, ref, ANNE)
    assert held is not None
    with pytest.raises(LeaseLost):
        expect_more(engine, held, BERT, expected("b"), deadline_s=DEADLINE_S)
    assert known_recordings(engine, ref) == []


def test_a_restore_that_was_asked_for_is_waited_for_from_then_on(engine: Engine) -> None:
    _, (one,) = capturing(engine, "a")
    let_pass(engine, 3_600)
    assert take_recording(engine, one, ANNE) is not None
    told = wait_for_restore(engine, one, ANNE, asked=True, deadline_s=2 * 86_400)
    expire_leases(engine)
    held = take_recording(engine, one, BERT)
    assert held is not None
    assert held.deadline_at == told
    assert held.restore_asked_at is not None
    assert abs(held.deadline_at - held.restore_asked_at - timedelta(days=2)) < timedelta(seconds=1)


def test_a_restore_that_was_not_asked_for_is_waited_for_from_when_the_recording_was_seen(engine: Engine) -> None:
    _, (one,) = capturing(engine, "a")
    assert take_recording(engine, one, ANNE) is not None
    let_pass(engine, 3_600)
    wait_for_restore(engine, one, ANNE, asked=False, deadline_s=2 * 86_400)
    # asked again, it is not put off any further
    wait_for_restore(engine, one, ANNE, asked=False, deadline_s=2 * 86_400)
    ((asked_at, waits),) = rows(engine, "SELECT restore_asked_at, deadline_at - first_seen_at FROM recordings")
    assert (asked_at, waits) == (None, timedelta(days=2))


def test_no_restore_shortens_a_deadline_and_none_is_waited_for_by_another(engine: Engine) -> None:
    _, (one,) = capturing(engine, "a")
    assert take_recording(engine, one, ANNE) is not None
    deadline = rows(engine, "SELECT deadline_at FROM recordings")
    wait_for_restore(engine, one, ANNE, asked=False, deadline_s=1)
    with pytest.raises(LeaseLost):
        wait_for_restore(engine, one, BERT, asked=True, deadline_s=86_400)
    assert rows(engine, "SELECT deadline_at FROM recordings") == deadline


def test_a_placeholder_gives_way_to_what_is_listed_and_keeps_its_deadline(engine: Engine) -> None:
    ref, (placeholder,) = capturing(engine, "session:s1")
    take_recording(engine, placeholder, ANNE)
    let_pass(engine, 3_600)
    ((deadline, seen),) = rows(engine, "SELECT deadline_at, first_seen_at FROM recordings")

    fresh = replace_placeholder(engine, placeholder, ANNE, expected("a", "b"))

    assert fresh == [RecordingRef(*ref, "a"), RecordingRef(*ref, "b")]
    assert rows(engine, "SELECT DISTINCT deadline_at, first_seen_at, state FROM recordings") == [
        (deadline, seen, "expected")
    ]
    assert take_recording(engine, placeholder, ANNE) is None
    assert [settle(engine, one) for one in fresh] == [None, ref]


def test_a_placeholder_whose_recordings_are_all_known_leaves_the_conversation_to_the_sweeper(engine: Engine) -> None:
    ref, (one, placeholder) = capturing(engine, "a", "session:s1")
    settle(engine, one)
    take_recording(engine, placeholder, ANNE)
    replace_placeholder(engine, placeholder, ANNE, expected("a"))
    assert [known.state for known in known_recordings(engine, ref)] == ["stored"]
    assert claim_captured(engine, 0, 10) == [ref]


def test_recordings_of_one_page_are_swept_until_they_settle(engine: Engine) -> None:
    _, (one, two) = capturing(engine, "a", "b")
    assert set(claim_recordings(engine, 0, 10)) == {one, two}
    settle(engine, one)
    assert claim_recordings(engine, 0, 10) == [two]


def test_a_conversation_whose_completion_failed_is_postponed_or_reviewed(engine: Engine) -> None:
    ref, _ = capturing(engine)
    held = take_captured(engine, ref, ANNE)
    assert held is not None
    postpone_conversation(engine, held, ANNE, 60, "the store does not answer")
    assert take_captured(engine, ref, BERT) is None
    let_pass(engine, 60)
    again = take_captured(engine, ref, BERT)
    assert again is not None
    send_conversation_to_review(engine, again, BERT, "something else stands there")
    assert state_of(engine, ref) == "review"
