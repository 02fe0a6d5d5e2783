"""Which recordings a revision must have: what is listed, what was recorded, and what earlier revisions had."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.recordings import Recording
from strongroom.ledger.conversations import ExpectedRecording
from strongroom.ledger.recordings import KnownRecording
from strongroom.pipeline.expecting import PLACEHOLDER, expected_of, recordings_expected
from strongroom.times import format_instant

START = datetime(2025, 5, 14, 10, tzinfo=UTC)
LISTED = {"startTime": "2025-05-14T10:00:00.000Z", "endTime": "2025-05-14T10:05:00.000Z", "media": "audio"}


def conversation(*recorded_sessions: str) -> Conversation:
    """A conversation of which those sessions were recorded, and one was not."""
    sessions: list[dict[str, Any]] = [{"sessionId": one, "recording": True} for one in recorded_sessions]
    return parse_conversation(
        {
            "conversationId": str(UUID(int=1)),
            "conversationStart": format_instant(START),
            "participants": [{"sessions": [*sessions, {"sessionId": "unrecorded", "recording": False}]}],
        }
    )


def recording(recording_id: str, session_id: str | None = "s1", **fields: Any) -> Recording:
    """A recording as Genesys lists it."""
    raw = LISTED | {"id": recording_id, "sessionId": session_id} | fields
    return Recording(
        raw=raw,
        body=None,
        recording_id=recording_id,
        session_id=session_id,
        media="audio",
        media_subtype=None,
        file_state="AVAILABLE",
        error_status=None,
        remaining_restorations=None,
        media_uris=(),
        attachments=(),
    )


def known(recording_id: str, state: str = "stored", session_id: str | None = "s1", **listed: Any) -> KnownRecording:
    """The same recording as an earlier revision left it; its objects are those of revision 1."""
    return KnownRecording(
        recording_id=recording_id,
        session_id=session_id,
        media="audio",
        listed=recording(recording_id, session_id, **listed).listing,
        state=state,
        cause=f"it was {state}",
        objects_revision=1,
        unavailable=None,
        attempts=1,
    )


def expected(
    listed: Sequence[Recording], earlier: Sequence[KnownRecording] = (), sessions: Sequence[str] = ()
) -> list[ExpectedRecording]:
    """What the revision must have."""
    return recordings_expected(conversation(*sessions), listed, earlier)


def test_what_is_listed_is_fetched() -> None:
    one = recording("a", fileState="AVAILABLE", mediaUris={"0": {"mediaUri": "https://secret"}})
    assert expected([one]) == [expected_of(one)]
    (each,) = expected([one])
    assert (each.recording_id, each.session_id, each.media, each.state) == ("a", "s1", "audio", "expected")
    assert each.objects_revision is None
    assert each.listed is not None
    assert "mediaUris" not in each.listed


def test_a_recorded_session_without_a_recording_is_waited_for() -> None:
    found = expected([recording("a", "s2")], sessions=["s3", "s2", "s1"])
    assert [one.recording_id for one in found] == ["a", f"{PLACEHOLDER}s1", f"{PLACEHOLDER}s3"]
    assert [one.session_id for one in found] == ["s2", "s1", "s3"]


def test_a_conversation_that_was_not_recorded_expects_nothing() -> None:
    assert expected([]) == []


def test_a_session_whose_recording_an_earlier_revision_has_is_not_waited_for() -> None:
    found = expected([], [known("a", session_id="s1")], sessions=["s1"])
    assert [one.recording_id for one in found] == ["a"]


def test_what_is_stored_is_carried_over_with_its_objects_and_the_listing_of_today() -> None:
    (each,) = expected([recording("a", fileState="ARCHIVED")], [known("a", fileState="AVAILABLE")])
    assert (each.state, each.cause, each.objects_revision) == ("stored", "it was stored", 1)
    assert each.listed is not None
    assert each.listed["fileState"] == "ARCHIVED"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("startTime", "2025-05-14T09:00:00.000Z"),
        ("endTime", "2025-05-14T11:00:00.000Z"),
        ("media", "screen"),
        ("mediaSubtype", "Screen"),
        ("outputDurationMs", 2),
        ("outputSizeInBytes", 2),
    ],
)
@pytest.mark.parametrize("state", ["stored", "review"])
def test_what_went_on_since_is_fetched_anew_into_the_new_revision(field: str, value: object, state: str) -> None:
    before = known("a", state, mediaSubtype="Trunk", outputDurationMs=1, outputSizeInBytes=1)
    now = recording("a", **{"mediaSubtype": "Trunk", "outputDurationMs": 1, "outputSizeInBytes": 1, field: value})
    assert expected([now], [before]) == [expected_of(now)]


def test_a_field_that_only_one_look_has_tells_nothing() -> None:
    """A listing and a single answer share only some fields."""
    (more,) = expected([recording("a", outputDurationMs=5)], [known("a")])
    (less,) = expected([recording("a")], [known("a", outputDurationMs=5)])
    (none,) = expected([recording("a")], [replace(known("a"), listed=None)])
    assert more.state == less.state == none.state == "stored"


def test_what_is_in_review_is_fetched_beside_what_could_be_stored_of_it() -> None:
    (each,) = expected([recording("a")], [known("a", "review")])
    assert (each.state, each.objects_revision) == ("expected", 1)


@pytest.mark.parametrize("state", ["absent", "expected", "waiting"])
def test_what_was_absent_and_is_listed_again_is_fetched(state: str) -> None:
    one = recording("a")
    assert expected([one], [known("a", state)]) == [expected_of(one)]


@pytest.mark.parametrize("state", ["stored", "absent", "review"])
def test_what_genesys_lists_no_more_keeps_its_state_and_its_objects(state: str) -> None:
    before = known("a", state)
    (each,) = expected([], [before])
    assert (each.recording_id, each.session_id, each.media, each.listed) == ("a", "s1", "audio", before.listed)
    assert (each.state, each.cause, each.objects_revision) == (state, f"it was {state}", 1)


def test_a_placeholder_of_an_earlier_revision_is_made_anew_or_gives_way() -> None:
    before = [known(f"{PLACEHOLDER}s1", "review")]
    (again,) = expected([], before, sessions=["s1"])
    assert (again.recording_id, again.state, again.objects_revision) == (f"{PLACEHOLDER}s1", "expected", None)
    assert [one.recording_id for one in expected([recording("a")], before, sessions=["s1"])] == ["a"]
    assert expected([], before) == []


ids = st.sampled_from("abcdef")
session_ids = st.sampled_from(["s1", "s2", "s3"])
states = st.sampled_from(["stored", "absent", "review"])
recordings = st.builds(recording, ids, st.none() | session_ids, outputDurationMs=st.integers(0, 1))
knowns = st.builds(
    known,
    ids | session_ids.map(lambda session_id: PLACEHOLDER + session_id),
    states,
    st.none() | session_ids,
    outputDurationMs=st.integers(0, 1),
)


@given(
    listed=st.lists(recordings, unique_by=lambda one: one.recording_id),
    earlier=st.lists(knowns, unique_by=lambda one: one.recording_id),
    sessions=st.lists(session_ids, unique=True),
)
def test_nothing_is_lost_nothing_comes_twice_and_only_what_stands_is_not_fetched(
    listed: list[Recording], earlier: list[KnownRecording], sessions: list[str]
) -> None:
    found = {one.recording_id: one for one in expected(listed, earlier, sessions)}
    before = {one.recording_id: one for one in earlier}
    listed_ids = {one.recording_id for one in listed}

    assert len(found) == len(expected(listed, earlier, sessions))
    assert listed_ids <= found.keys()
    assert {name for name in before if not name.startswith(PLACEHOLDER)} <= found.keys()
    assert set(sessions) <= {one.session_id for one in found.values()}
    for name, one in found.items():
        if one.state != "expected":
            assert (one.state, one.objects_revision) == (before[name].state, 1)
            assert one.state == "stored" or name not in listed_ids
        if name.startswith(PLACEHOLDER):
            assert one.session_id in sessions
            assert one.session_id not in {other.session_id for other in found.values() if other is not one}
