"""The truth is what is served: everything of a small day is fetched and compared, file by file."""

import hashlib
import itertools

from simulator.audio.formats import FORMATS


def test_the_truth_agrees_with_everything_that_is_served(run):
    simulator = run(conversations=100, late_s=0, audio_bytes=50_000)
    for conversation in simulator.truth()["conversations"]:
        path = f"/api/v2/conversations/{conversation['conversationId']}/recordingmetadata"
        listed = {each["id"]: each for each in simulator.get(path).json()}
        assert set(listed) == {recording["id"] for recording in conversation["recordings"]}
        for recording in conversation["recordings"]:
            ready = recording["outcome"] in {"available", "late"}
            assert ready == (listed[recording["id"]]["fileState"] == "AVAILABLE")
            files = [(file["size"], file["sha256"], file["contentType"]) for file in recording["files"]]
            assert sorted(files) == sorted(served(simulator, conversation, recording) if ready else [])


def served(simulator, conversation, recording):
    if recording["media"] == "audio":
        return [fetched(simulator, simulator.link_of(conversation, recording, form)) for form in FORMATS]
    shape = simulator.get(f"{simulator.recordings_of(conversation)}/{recording['id']}", formatId="NONE").json()
    if recording["media"] == "chat":
        return []
    if recording["media"] == "message":
        attached = (message["messageMediaAttachments"] for message in shape["messagingTranscript"])
        return [fetched(simulator, each["url"], each["contentLength"]) for each in itertools.chain(*attached)]
    attached = (sent["attachments"] for sent in shape["emailTranscript"])
    files = [fetched(simulator, each["contentPath"], each["contentLength"]) for each in itertools.chain(*attached)]
    return [fetched(simulator, simulator.link_of(conversation, recording)), *files]


def fetched(simulator, link, length=None):
    answer = simulator.fetch(link)
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["Content-Length"])
    assert length is None or length == len(answer.content)
    return len(answer.content), hashlib.sha256(answer.content).hexdigest(), answer.headers["Content-Type"]


def test_the_same_seed_serves_the_same_day(run):
    first, second, other = (run(seed=seed).truth(formats="OGG_OPUS") for seed in (7, 7, 8))
    assert first == second
    assert first != other
    assert first["day"] == "2025-05-14"
    assert len(first["conversations"]) == 100


def test_records_and_truth_name_the_same_media_and_queues(run):
    simulator = run()
    truth = {each["conversationId"]: each for each in simulator.truth(formats="OGG_OPUS")["conversations"]}
    records = simulator.read_all("2025-05-08T00:00:00Z/2025-05-15T00:00:00Z")
    ended = [record for record in records if record["conversationId"] in truth]
    assert len(ended) == len(truth)
    for record in ended:
        told = truth[record["conversationId"]]
        sessions = [session for who in record["participants"] for session in who["sessions"]]
        parts = [part for session in sessions for part in session["segments"]]
        assert told["mediaTypes"] == sorted({session["mediaType"] for session in sessions})
        assert told["queueIds"] == sorted({part["queueId"] for part in parts if "queueId" in part})
        assert told["conversationStart"] == record["conversationStart"]
        assert told["conversationEnd"] == record["conversationEnd"]


def test_what_can_not_be_understood_is_refused(run):
    simulator = run(conversations=0)
    for query in ("", "?day=today", "?day=2025-05-14&formats=FLAC"):
        assert simulator.plain.get(f"{simulator.url}/_sim/truth{query}", timeout=10).status_code == 400
