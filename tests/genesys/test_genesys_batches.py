"""Batch downloads as Genesys answers them: what is taken from an answer, and what is refused."""

from typing import Any

import pytest
from scripted_genesys import ScriptedGenesys, of_json

from strongroom.genesys.batches import BATCHES_PATH, BatchStatus, batch_status, submit_batch
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.errors import GenesysAnswerInvalid
from strongroom.genesys.recordings import recording_of

CONVERSATION = "7c3a1f60-9b1d-4c57-8a0e-2f7f0a1b2c3d"
RECORDING = "0b8f5d5e-6f0e-4a3e-9d59-0a1b2c3d4e5f"
LINK = "https://media.example/part?signature=hush"
RESULT = {"conversationId": CONVERSATION, "recordingId": RECORDING, "resultUrl": LINK, "contentType": "audio/ogg"}


def status(genesys: ScriptedGenesys, client: GenesysClient, *results: Any, **counts: Any) -> BatchStatus:
    answer = {"expectedResultCount": len(results), "resultCount": len(results), "results": list(results)} | counts
    genesys.on(f"{BATCHES_PATH}/j1", of_json(answer))
    return batch_status(client, "j1")


def test_conversations_are_asked_for_whole(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(BATCHES_PATH, of_json({"id": "j1"}))
    assert submit_batch(client, [CONVERSATION]) == "j1"
    (asked,) = genesys.requests_to(BATCHES_PATH)
    assert asked.json() == {"batchDownloadRequestList": [{"conversationId": CONVERSATION}]}


def test_a_result_twice_is_one_and_its_link_is_not_told(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    told = status(genesys, client, RESULT, RESULT, RESULT | {"resultUrl": f"{LINK}&again"})
    (one,) = told.results
    assert (one.url, one.content_type) == (LINK, "audio/ogg")
    assert "hush" not in str(one.told)


def test_two_parts_of_a_recording_are_two(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    other = RESULT | {"resultUrl": "https://media.example/part.2?signature=hush"}
    assert len(status(genesys, client, RESULT, other).results) == 2


@pytest.mark.parametrize("counts", [(1, 0, False), (1, 1, True), (0, 0, True), (5, 4, False)])
def test_it_is_done_when_all_that_is_expected_is_there(
    genesys: ScriptedGenesys, client: GenesysClient, counts: tuple[int, int, bool]
) -> None:
    expected, ready, done = counts
    assert status(genesys, client, expectedResultCount=expected, resultCount=ready).is_done is done


def test_an_error_has_no_link(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    whole = {"conversationId": CONVERSATION, "errorMsg": "not found"}
    one, other = status(genesys, client, RESULT | {"errorMsg": "no"}, whole).results
    assert (one.recording_id, one.url) == (RECORDING, None)
    assert (other.recording_id, other.url) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [None, {}, {"conversationId": "../x"}, RESULT | {"recordingId": "../x"}, {**RESULT, "recordingId": None}],
)
def test_what_no_key_can_be_made_of_is_refused(genesys: ScriptedGenesys, client: GenesysClient, wrong: Any) -> None:
    with pytest.raises(GenesysAnswerInvalid) as refused:
        status(genesys, client, RESULT, wrong)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("answer", [[], {"results": {}}, {"expectedResultCount": 1}, {"resultCount": -1}])
def test_an_answer_without_its_counts_is_refused(
    genesys: ScriptedGenesys, client: GenesysClient, answer: object
) -> None:
    genesys.on(f"{BATCHES_PATH}/j1", of_json(answer))
    with pytest.raises(GenesysAnswerInvalid):
        batch_status(client, "j1")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"not json", b'{"id": "x"}', b'{"id": "7c3a1f60-9b1d-4c57-8a0e-2f7f0a1b2c3d"}'],
)
def test_a_transcript_of_another_recording_is_refused(body: bytes) -> None:
    with pytest.raises(GenesysAnswerInvalid):
        recording_of(body, CONVERSATION, RECORDING)


def test_a_transcript_of_another_conversation_is_refused() -> None:
    with pytest.raises(GenesysAnswerInvalid):
        recording_of(f'{{"id": "{RECORDING}", "conversationId": "{RECORDING}"}}'.encode(), CONVERSATION, RECORDING)


def test_a_transcript_keeps_its_bytes() -> None:
    body = f'{{"conversationId":  "{CONVERSATION}", "id": "{RECORDING}", "media": "chat"}}'.encode()
    recording = recording_of(body, CONVERSATION, RECORDING)
    assert (recording.body, recording.media) == (body, "chat")
