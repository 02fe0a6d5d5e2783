"""A batch's results against the sessions, and audio against what was spoken: what is missing must show."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.genesys.batches import BatchResult
from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.ledger.recordings import KnownRecording
from strongroom.pipeline.batch_check import found_recordings, has_all, kind_of_result
from strongroom.pipeline.batch_following import pause_s
from strongroom.pipeline.coverage import covers_what_was_spoken

ID = "7c3a1f60-9b1d-4c57-8a0e-2f7f0a1b2c3d"
TYPES = {"audio": "audio/ogg", "screen": "video/webm", "text": "application/json", "other": "application/octet-stream"}


def conversation(*media: str, spoken_s: int = 60) -> Conversation:
    sessions = [
        {
            "sessionId": f"s{number}",
            "mediaType": each,
            "recording": True,
            "segments": [
                {
                    "segmentType": "interact",
                    "segmentStart": "2025-05-14T10:00:00.000Z",
                    "segmentEnd": f"2025-05-14T10:{spoken_s // 60:02}:{spoken_s % 60:02}.000Z",
                },
                {
                    "segmentType": "wrapup",
                    "segmentStart": "2025-05-14T10:30:00.000Z",
                    "segmentEnd": "2025-05-14T10:59:00.000Z",
                },
            ],
        }
        for number, each in enumerate(media)
    ]
    silent = {"sessionId": "silent", "mediaType": "voice", "recording": False}
    return parse_conversation(
        {
            "conversationId": ID,
            "conversationStart": "2025-05-14T10:00:00.000Z",
            "conversationEnd": "2025-05-14T11:00:00.000Z",
            "participants": [{"sessions": [*sessions, silent]}],
        }
    )


def results(*kinds: str) -> list[BatchResult]:
    """A recording each; an error is one without a link."""
    return [
        BatchResult(
            ID,
            f"r{number}",
            None if kind == "error" else f"https://media.example/{number}?signature=hush",
            TYPES.get(kind),
            {"recordingId": f"r{number}"},
        )
        for number, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("sessions", "given_by_batch", "all_there"),
    [
        ([], [], True),
        (["voice"], ["audio"], True),
        (["voice"], [], False),
        (["voice"], ["text"], False),
        (["voice"], ["audio", "audio"], True),
        (["voice", "voice"], ["audio", "audio"], True),
        (["voice", "voice"], ["audio"], False),
        (["voice", "voice"], ["audio", "audio", "audio"], False),
        (["voice", "screenshare"], ["audio", "screen"], True),
        (["voice", "screenshare"], ["audio", "audio"], False),
        (["chat"], ["text"], True),
        (["email"], ["audio"], False),
        (["hologram"], ["other"], True),
        (["voice"], ["error"], True),
        (["voice", "voice"], ["error"], False),
        ([], ["audio"], True),
    ],
)
def test_every_recorded_session_needs_a_recording_of_its_kind(
    sessions: list[str], given_by_batch: list[str], all_there: bool
) -> None:
    assert has_all(conversation(*sessions), results(*given_by_batch)) == all_there


def unflagged(*media: tuple[str, str, str]) -> Conversation:
    """Sessions that don't say that they were recorded: purpose, mediaType, segmentType of each."""
    participants = [
        {
            "purpose": purpose,
            "sessions": [{"sessionId": f"s{number}", "mediaType": each, "segments": [{"segmentType": segment}]}],
        }
        for number, (purpose, each, segment) in enumerate(media)
    ]
    return parse_conversation(conversation().raw | {"participants": participants})


CUSTOMER = ("customer", "email", "interact")
AGENT, ALERTED = ("agent", "email", "interact"), ("agent", "email", "alert")


@pytest.mark.parametrize(
    ("sessions", "given_by_batch", "all_there"),
    [
        ([CUSTOMER, AGENT], [], False),
        ([CUSTOMER, AGENT], ["text"], True),
        ([CUSTOMER, AGENT], ["error"], True),
        ([CUSTOMER, AGENT], ["audio"], False),
        ([CUSTOMER], [], False),
        ([CUSTOMER, ALERTED, AGENT], ["text"], True),
        ([CUSTOMER, AGENT, AGENT], ["text"], False),
        ([CUSTOMER, AGENT, AGENT], ["text", "text"], True),
        ([("customer", "voice", "interact"), ("agent", "voice", "interact")], [], True),
    ],
)
def test_text_needs_a_transcript_though_no_session_says_that_it_was_recorded(
    sessions: list[tuple[str, str, str]], given_by_batch: list[str], all_there: bool
) -> None:
    assert has_all(unflagged(*sessions), results(*given_by_batch)) == all_there


def test_an_error_of_the_whole_conversation_is_no_answer() -> None:
    assert not has_all(conversation(), [BatchResult(ID, None, None, None, {})])


@given(st.lists(st.sampled_from(["voice", "email", "screenshare"]), min_size=1), st.data())
def test_whatever_one_lacks_of_a_session_shows(media: list[str], data: st.DataObject) -> None:
    kinds = [{"voice": "audio", "email": "text", "screenshare": "screen"}[each] for each in media]
    assert has_all(conversation(*media), results(*kinds))
    lost = data.draw(st.integers(0, len(kinds) - 1))
    assert not has_all(conversation(*media), results(*kinds[:lost], *kinds[lost + 1 :]))


def test_several_results_of_one_recording_are_its_parts_and_one_session_is_told() -> None:
    two = [
        BatchResult(ID, "r", f"https://media.example/{part}?signature=hush", "audio/ogg", {"recordingId": "r"})
        for part in (1, 2)
    ]
    (found,) = found_recordings(conversation("voice"), two)
    assert [link.url for link in found.links] == [one.url for one in two]
    assert (found.expected.session_id, found.expected.media) == ("s0", "audio")
    assert "hush" not in str(found.expected)
    (unsure, _) = found_recordings(conversation("voice", "voice"), results("audio", "audio"))
    assert unsure.expected.session_id is None


def test_the_same_file_with_a_fresh_signature_is_the_same_result() -> None:
    once, again, other = (
        BatchResult(ID, "r", url, "audio/ogg", {})
        for url in ("https://m.example/a?signature=1", "https://m.example/a?signature=2", "https://m.example/b")
    )
    assert once.identity == again.identity != other.identity


def test_a_kind_is_read_from_what_is_before_the_parameters() -> None:
    assert kind_of_result("Application/JSON; charset=utf-8") == "text"
    assert kind_of_result(None) is None


def known(duration_s: float | None, **listed: Any) -> KnownRecording:
    return KnownRecording("r", "s0", "audio", {"recordingId": "r"} | listed, "stored", "", 1, None, 1, duration_s)


@pytest.mark.parametrize(
    ("recordings", "covered"),
    [
        ([known(60)], True),
        ([known(54.1)], True),
        ([known(30)], False),
        ([known(30), known(29)], True),
        ([known(None)], False),
        ([known(30), known(None)], False),
        ([known(30), known(None, startTime="2025-05-14T10:00:30Z", endTime="2025-05-14T10:01:00Z")], True),
    ],
)
def test_audio_of_a_batch_that_is_shorter_than_what_was_spoken_is_not_all(
    recordings: list[KnownRecording], covered: bool
) -> None:
    assert covers_what_was_spoken(conversation("voice").raw, recordings) == covered


def test_what_was_listed_is_whole() -> None:
    listed = KnownRecording("r", "s0", "audio", {"id": "r"}, "stored", "", 1, None, 1, 1.0)
    assert covers_what_was_spoken(conversation("voice").raw, [listed])


@given(st.integers(0, 10_000))
def test_pauses_grow_to_the_longest(looks: int) -> None:
    assert 10 <= pause_s(looks, 10, 120) <= pause_s(looks + 1, 10, 120) <= 120
