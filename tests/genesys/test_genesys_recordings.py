"""Recordings of every medium, and when they are not ready."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_genesys import Reply, ScriptedGenesys, of_json

from strongroom.errors import StrongroomError
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.errors import GenesysAnswerInvalid, NotFound, NotReady
from strongroom.genesys.recordings import Attachment, Recording, recording_metadata, recording_with_media
from strongroom.genesys.transport import Answer

CONVERSATION = "7c3a1f60-9b1d-4c57-8a0e-2f7f0a1b2c3d"
ID = "0b8f5d5e-6f0e-4a3e-9d59-0a1b2c3d4e5f"
METADATA = f"/api/v2/conversations/{CONVERSATION}/recordingmetadata"
SINGLE = f"/api/v2/conversations/{CONVERSATION}/recordings/{ID}"
LINK = "https://media.example/x?signature=hush"
AUDIO = {"id": ID, "sessionId": "s1", "media": "audio", "mediaSubtype": "Consult", "fileState": "AVAILABLE"}


def fetch(genesys: ScriptedGenesys, client: GenesysClient, record: Any) -> Recording:
    genesys.on(SINGLE, of_json(record))
    return recording_with_media(client, CONVERSATION, ID, "NONE")


def test_metadata_lists_what_there_is(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    text = {"id": CONVERSATION, "media": "telepathy", "fileState": "DREAMT", "recordingErrorStatus": "TOO_LARGE"}
    genesys.on(METADATA, of_json([AUDIO | {"x": 1}, text]))
    audio, other = recording_metadata(client, CONVERSATION)
    assert (audio.recording_id, audio.session_id, audio.media, audio.media_subtype) == (ID, "s1", "audio", "Consult")
    assert (audio.file_state, audio.raw, audio.body) == ("AVAILABLE", AUDIO | {"x": 1}, None)
    assert (other.media, other.file_state, other.error_status) == ("telepathy", "DREAMT", "TOO_LARGE")
    assert (other.session_id, other.media_uris, other.attachments) == (None, (), ())


@pytest.mark.parametrize("answer", [{}, "x", [None], [{}], [AUDIO, {"id": "../7"}]])
def test_metadata_without_ids_is_invalid(genesys: ScriptedGenesys, client: GenesysClient, answer: object) -> None:
    genesys.on(METADATA, of_json(answer))
    with pytest.raises(GenesysAnswerInvalid):
        recording_metadata(client, CONVERSATION)


def test_media_is_asked_for_in_the_formats_that_are_archived(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(SINGLE, of_json(AUDIO))
    recording_with_media(client, CONVERSATION, ID, "OGG_OPUS")
    (asked,) = genesys.requests_to(SINGLE)
    assert {name: values[0] for name, values in asked.params.items()} == {
        "download": "true",
        "formatId": "OGG_OPUS",
        "emailFormatId": "EML",
        "chatFormatId": "ZIP",
        "messageFormatId": "ZIP",
    }


def test_the_body_is_kept_byte_for_byte(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    body = b'{"media" : "chat",  "id":"' + ID.encode() + b'", "transcript":[{"body":"gr\xc3\xbc\xc3\x9f"}]}\n'
    genesys.on(SINGLE, Reply(body=body))
    recording = recording_with_media(client, CONVERSATION, ID, "NONE")
    assert recording.body == body
    assert recording.raw == json.loads(body)


def test_parts_come_in_the_same_order_whatever_order_they_are_sent_in(
    genesys: ScriptedGenesys, client: GenesysClient
) -> None:
    names = ["10", "2", "S", "0"]
    uris = {name: {"mediaUri": f"https://m/{name}"} for name in names}
    assert [name for name, _ in fetch(genesys, client, AUDIO | {"mediaUris": uris}).media_uris] == ["0", "2", "S", "10"]


@pytest.mark.parametrize("uris", [[], "x", {"0": None}, {"0": {}}, {"0": {"mediaUri": LINK}, "1": {"mediaUri": ""}}])
def test_a_part_without_a_link_is_not_left_out_in_silence(
    genesys: ScriptedGenesys, client: GenesysClient, uris: object
) -> None:
    with pytest.raises(GenesysAnswerInvalid, match="mediaUris") as invalid:
        fetch(genesys, client, AUDIO | {"mediaUris": uris})
    assert "hush" not in str(invalid.value)


def test_attachments_of_e_mails(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    attachment = {"attachmentId": "a1", "name": "a.pdf", "contentPath": LINK, "contentType": "t/p", "contentLength": 9}
    transcript = [{"attachments": [attachment, {"name": "b"}]}, {"attachments": None}, {"attachments": [attachment]}]
    recording = fetch(genesys, client, AUDIO | {"media": "email", "emailTranscript": transcript})
    assert recording.attachments == (
        Attachment("a1", "a.pdf", LINK, "t/p", 9),
        Attachment("0.1", "b", None, None, None),
    )


def test_attachments_of_messages(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    one = {"id": "m1", "url": LINK, "mediaType": "image/png", "contentLength": 0, "name": "x.png"}
    nameless = {"url": LINK, "contentLength": -4}
    transcript = [{}, {"messageMediaAttachments": [one, nameless]}]
    recording = fetch(genesys, client, AUDIO | {"media": "message", "messagingTranscript": transcript})
    assert recording.attachments == (
        Attachment("m1", "x.png", LINK, "image/png", 0),
        Attachment("1.1", None, LINK, None, None),
    )


# --- not ready


@pytest.mark.parametrize(
    ("reply", "estimate_s"),
    [
        (Reply(202), None),
        (of_json({"estimatedTranscodeTimeMs": 1500}, 202), 1.5),
        (of_json({"estimatedTranscodeTimeMs": "soon"}, 202), None),
        (of_json([], 202), None),
        (of_json(AUDIO | {"fileState": "UPLOADING"}), None),
        (of_json(AUDIO | {"fileState": "RESTORING", "estimatedTranscodeTimeMs": 60_000}), 60),
    ],
)
def test_a_recording_in_the_making_is_not_ready(
    genesys: ScriptedGenesys, client: GenesysClient, reply: Reply, estimate_s: float | None
) -> None:
    genesys.on(SINGLE, reply)
    with pytest.raises(NotReady) as not_ready:
        recording_with_media(client, CONVERSATION, ID, "NONE")
    assert not_ready.value.estimate_s == estimate_s


@pytest.mark.parametrize("state", ["ARCHIVED", "DELETED", "ERROR", "RESTORED"])
def test_other_states_are_for_the_caller_to_judge(genesys: ScriptedGenesys, client: GenesysClient, state: str) -> None:
    assert fetch(genesys, client, AUDIO | {"fileState": state}).file_state == state


def test_another_recording_than_asked_for_is_refused(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    with pytest.raises(GenesysAnswerInvalid, match="another recording"):
        fetch(genesys, client, AUDIO | {"id": CONVERSATION})


def test_an_unknown_recording_is_not_found(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    with pytest.raises(NotFound):
        recording_with_media(client, CONVERSATION, ID, "NONE")


def test_ids_can_not_leave_their_place_in_the_path(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    with pytest.raises(NotFound):
        recording_with_media(client, CONVERSATION, "../../users?x=", "NONE")
    assert genesys.asked[-1].path.endswith("/recordings/..%2F..%2Fusers%3Fx%3D")


members = ("sessionId", "media", "fileState", "mediaUris", "emailTranscript", "messagingTranscript")
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["attachments", "mediaUri", "contentLength", "0"]), inner, max_size=3),
    ),
    max_leaves=10,
)


@given(st.one_of(junk, st.fixed_dictionaries({"id": st.just(ID)}, optional=dict.fromkeys(members, junk))))
def test_of_any_answer_only_our_errors_escape(record: object) -> None:
    class Answering:
        def get(self, path: str, params: object) -> Answer:
            return Answer(200, b"as received", record, {})

    try:
        recording = recording_with_media(Answering(), CONVERSATION, ID, "NONE")  # type: ignore[arg-type]
    except StrongroomError:
        return
    assert recording.raw is record
    assert recording.body == b"as received"
