"""What is in the vault and what was about to be: no intent without a lease, no part twice."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_material import ANNE, BERT, DECIDED, END, at_once, capturing, discovered, expire_leases, found, rows

from strongroom.errors import StrongroomError
from strongroom.ledger.conversations import take_captured
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.objects import (
    IntentRow,
    ObjectRow,
    PartRef,
    find_earlier,
    find_part,
    objects_of_recordings,
    record_intent,
    record_lock,
    record_object,
)
from strongroom.ledger.recordings import take_recording
from strongroom.ledger.references import RecordingRef

LATER = DECIDED.retain_until + timedelta(days=365)

INTENT = IntentRow(
    key="archive/2025-05-14/c/recordings/a.wav",
    size_bytes=3,
    sha256="a" * 64,
    content_type="audio/wav",
    file_name=None,
    lock_mode="GOVERNANCE",
    retain_until=DECIDED.retain_until,
    metadata={"retention-class": "voice-advice"},
)


def stored(intent: IntentRow = INTENT, part: str = "recordings/a/1", version_id: str = "v1") -> ObjectRow:
    """The intended object, standing."""
    return ObjectRow(
        part=part,
        recording_id="a",
        key=intent.key,
        version_id=version_id,
        size_bytes=intent.size_bytes,
        sha256=intent.sha256,
        content_type=intent.content_type,
        file_name=intent.file_name,
        lock_mode=intent.lock_mode,
        retain_until=intent.retain_until,
        adopted=False,
        under_delete_marker=False,
    )


@pytest.fixture
def held(engine: Engine) -> RecordingRef:
    """A recording that Anne holds."""
    _, (recording,) = capturing(engine, "a")
    assert take_recording(engine, recording, ANNE) is not None
    return recording


@pytest.fixture
def part(held: RecordingRef) -> PartRef:
    """Its first part."""
    return PartRef(*held.conversation, held.recording_id, "recordings/a/1")


def test_an_intent_is_recorded_while_the_row_is_held_only(engine: Engine, held: RecordingRef, part: PartRef) -> None:
    with pytest.raises(LeaseLost):
        record_intent(engine, held, part, INTENT, BERT)
    assert find_part(engine, part)[1] == []

    record_intent(engine, held, part, INTENT, ANNE)
    assert find_part(engine, part)[1] == [INTENT]

    expire_leases(engine)
    assert take_recording(engine, held, BERT) is not None
    with pytest.raises(LeaseLost):
        record_intent(engine, held, part, replace(INTENT, sha256="b" * 64), ANNE)
    assert find_part(engine, part)[1] == [INTENT]


def test_an_intent_of_the_conversations_own_parts_needs_the_conversations_lease(engine: Engine) -> None:
    ref, _ = capturing(engine)
    manifest = PartRef(*ref, None, "manifest")
    with pytest.raises(LeaseLost):
        record_intent(engine, ref, manifest, INTENT, ANNE)
    assert take_captured(engine, ref, ANNE) is not None
    record_intent(engine, ref, manifest, INTENT, ANNE)
    assert find_part(engine, manifest)[1] == [INTENT]


def test_every_intent_is_kept_newest_first(engine: Engine, held: RecordingRef, part: PartRef) -> None:
    intents = [replace(INTENT, sha256=letter * 64) for letter in "abc"]
    for intent in intents:
        record_intent(engine, held, part, intent, ANNE)
    record_intent(engine, held, part, intents[0], ANNE)
    assert find_part(engine, part)[1] == intents[::-1]


def test_intents_of_one_part_are_not_anothers(engine: Engine, held: RecordingRef, part: PartRef) -> None:
    record_intent(engine, held, part, INTENT, ANNE)
    assert find_part(engine, replace(part, part="recordings/a/2"))[1] == []
    assert find_part(engine, replace(part, revision=2))[1] == []


def test_an_object_recorded_twice_is_there_once(engine: Engine, part: PartRef) -> None:
    assert find_part(engine, part)[0] is None
    record_object(engine, part, stored(), ANNE.actor)
    record_object(engine, part, stored(), ANNE.actor)
    assert find_part(engine, part)[0] == stored()
    assert len(rows(engine, "SELECT 1 FROM objects")) == 1


def test_two_workers_that_record_the_same_object_at_once_both_succeed(engine: Engine, part: PartRef) -> None:
    at_once(*[lambda: record_object(engine, part, stored(), ANNE.actor)] * 4)
    assert len(rows(engine, "SELECT 1 FROM objects")) == 1


@pytest.mark.parametrize("other", [stored(version_id="v2"), stored(replace(INTENT, key="archive/elsewhere.ogg"))])
def test_another_version_or_key_of_a_recorded_part_is_an_error(engine: Engine, part: PartRef, other: ObjectRow) -> None:
    record_object(engine, part, stored(), ANNE.actor)
    with pytest.raises(StrongroomError, match="another version of this part is recorded already"):
        record_object(engine, part, other, ANNE.actor)
    assert find_part(engine, part)[0] == stored()


def test_the_key_of_another_part_is_an_error_of_ours(engine: Engine, part: PartRef) -> None:
    """Not the database's: the pipeline sends errors of ours to review, and would try others for ever."""
    record_object(engine, part, stored(), ANNE.actor)
    second = replace(part, part="recordings/a/2")
    with pytest.raises(StrongroomError, match="holds another part"):
        record_object(engine, second, stored(part="recordings/a/2"), ANNE.actor)
    assert find_part(engine, second)[0] is None


def test_a_revision_refers_to_the_latest_object_of_each_part(engine: Engine, held: RecordingRef, part: PartRef) -> None:
    attachment = replace(part, part="recordings/a/attachments/x")
    record_object(engine, part, stored(replace(INTENT, key="k/1"), part=part.part), ANNE.actor)
    record_object(engine, attachment, stored(replace(INTENT, key="k/x"), part=attachment.part), ANNE.actor)
    discovered(engine, found(part.conversation_id, END + timedelta(hours=1)))
    grown = replace(part, revision=2)
    second = stored(replace(INTENT, key="r2/k/1"), part=part.part)
    assert find_earlier(engine, part) is None
    assert find_earlier(engine, grown) == (1, stored(replace(INTENT, key="k/1"), part=part.part))
    record_object(engine, grown, second, ANNE.actor)
    referred = objects_of_recordings(engine, grown.conversation, ["a"])
    assert {(revision, row.key) for revision, row in referred} == {(2, "r2/k/1"), (1, "k/x")}
    assert {row.key for _, row in objects_of_recordings(engine, part.conversation, ["a"])} == {"k/1", "k/x"}
    assert objects_of_recordings(engine, grown.conversation, ["b"]) == []


def test_a_lock_is_recorded_when_it_was_lengthened_never_when_it_is_shorter(engine: Engine, part: PartRef) -> None:
    record_object(engine, part, stored(), ANNE.actor)
    record_lock(engine, INTENT.key, "COMPLIANCE", LATER)
    assert find_part(engine, part)[0] == replace(stored(), lock_mode="COMPLIANCE", retain_until=LATER)
    record_lock(engine, INTENT.key, "GOVERNANCE", INTENT.retain_until)
    assert find_part(engine, part)[0] == replace(stored(), lock_mode="COMPLIANCE", retain_until=LATER)
