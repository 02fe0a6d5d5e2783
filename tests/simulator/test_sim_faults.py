"""Each fault does what its name says, and nothing else does."""

import io
import time
import zipfile

import pytest
import requests

ORGANISATION = "/api/v2/organizations/me"


def some(simulator, media):
    """A conversation and a recording that is available."""
    return next(
        (conversation, recording)
        for conversation in simulator.truth(formats="OGG_OPUS")["conversations"]
        for recording in conversation["recordings"]
        if recording["media"] == media and recording["outcome"] == "available"
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_errors_of_the_api(run, status):
    simulator = run(conversations=0)
    simulator.sim("faults", **{f"rate_{status}": 1})
    answer = simulator.get(ORGANISATION)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.json()["contextId"] == answer.headers["inin-correlation-id"]
    assert ("Retry-After" in answer.headers) == (status == 429)
    assert simulator.token().status_code == 200
    simulator.sim("faults", **{f"rate_{status}": 0})
    assert simulator.get(ORGANISATION).status_code == 200


def test_a_rate_is_a_share_and_seeded(run):
    def answers(seed):
        simulator = run(conversations=0, seed=seed)
        simulator.sim("faults", rate_500=0.3)
        return [simulator.get(ORGANISATION).status_code for _ in range(100)]

    first = answers(1)
    assert 15 <= first.count(500) <= 45
    assert answers(1) == first
    assert answers(2) != first


def test_a_refused_token_stays_refused(run):
    simulator = run(conversations=0)
    simulator.sim("faults", rate_token_refused=1)
    assert simulator.get(ORGANISATION).status_code == 401
    simulator.sim("faults", rate_token_refused=0)
    assert simulator.get(ORGANISATION).status_code == 401
    simulator.log_in()
    assert simulator.get(ORGANISATION).status_code == 200


@pytest.mark.parametrize("faults", [{"latency_ms": 150}, {"rate_slow": 1, "slow_s": 0.15}])
def test_slow_answers(run, faults):
    simulator = run()
    link = simulator.link_of(*some(simulator, "audio"))
    simulator.sim("faults", **faults)
    for ask in (lambda: simulator.get(ORGANISATION), lambda: simulator.fetch(link)):
        begin = time.monotonic()
        assert ask().status_code == 200
        assert time.monotonic() - begin >= 0.15


def test_resets_break_answers_in_the_middle(run):
    simulator = run()
    link = simulator.link_of(*some(simulator, "audio"))
    simulator.sim("faults", rate_reset=1)
    broken = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
    for _ in range(3):
        with pytest.raises(broken):
            simulator.get(ORGANISATION)
        with pytest.raises(broken):
            simulator.fetch(link)
    simulator.sim("faults", rate_reset=0)
    assert simulator.get(ORGANISATION).status_code == 200
    assert simulator.fetch(link).status_code == 200


def cut_short(simulator, link):
    """The length an answer promises, and what comes of it before the connection ends."""
    content = b""
    with simulator.plain.get(link, stream=True, timeout=10) as answer:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for piece in answer.iter_content(100):
                content += piece
        return int(answer.headers["Content-Length"]), content


def test_truncated_media_is_shorter_than_it_says(run):
    simulator = run()
    link = simulator.link_of(*some(simulator, "audio"))
    whole = simulator.fetch(link).content
    simulator.sim("faults", rate_truncated=1)
    for _ in range(3):
        promised, content = cut_short(simulator, link)
        assert promised == len(whole)
        assert len(content) < len(whole)
        assert whole.startswith(content)


def test_overlong_media_says_no_length_and_goes_on_after_its_end(run):
    simulator = run()
    link = simulator.link_of(*some(simulator, "audio"))
    whole = simulator.fetch(link).content
    simulator.sim("faults", rate_overlong=1)
    answer = simulator.fetch(link)
    assert "Content-Length" not in answer.headers
    assert len(answer.content) > len(whole)
    assert answer.content.startswith(whole)


def test_expired_links_and_a_good_one_after(run):
    simulator = run()
    conversation, recording = some(simulator, "audio")
    simulator.sim("faults", rate_expired_link=1)
    assert simulator.fetch(simulator.link_of(conversation, recording)).status_code == 403
    simulator.sim("faults", rate_expired_link=0)
    assert simulator.fetch(simulator.link_of(conversation, recording)).status_code == 200


@pytest.mark.parametrize(
    ("media", "format_id"), [("audio", "WAV"), ("audio", "MP3"), ("chat", "NONE"), ("email", "NONE")]
)
def test_unstable_bytes_differ_and_are_whole(run, media, format_id):
    simulator = run()
    conversation, recording = some(simulator, media)
    link = simulator.link_of(conversation, recording, format_id)
    stable = simulator.fetch(link).content
    assert simulator.fetch(link).content == stable
    simulator.sim("faults", unstable_bytes=True)
    contents = {simulator.fetch(link).content for _ in range(3)} | {stable}
    assert len(contents) == 4
    if media == "chat":
        assert all(zipfile.ZipFile(io.BytesIO(content)).testzip() is None for content in contents)
    if media == "audio":
        assert {len(content) for content in contents} == {len(stable)}


def test_unstable_json_says_the_same_in_another_order(run):
    simulator = run()
    conversation, recording = some(simulator, "audio")
    path = f"/api/v2/conversations/{conversation['conversationId']}/recordings/{recording['id']}"
    simulator.sim("faults", unstable_bytes=True)
    answers = [simulator.get(path, formatId="NONE") for _ in range(3)]
    assert len({tuple(answer.json()) for answer in answers}) > 1
    assert len({frozenset(answer.json()) for answer in answers}) == 1


def test_unstable_bytes_leave_the_original_alone_and_the_truth_without_files(run):
    simulator = run()
    conversation, recording = some(simulator, "audio")
    link = simulator.link_of(conversation, recording)
    stable = simulator.fetch(link).content
    simulator.sim("faults", unstable_bytes=True)
    assert simulator.fetch(link).content == stable
    files = {
        recording["media"]: recording["files"]
        for each in simulator.truth()["conversations"]
        for recording in each["recordings"]
    }
    assert files["audio"] == files["email"] == files["chat"] == []


def test_faults_are_merged_and_shown(run):
    simulator = run(conversations=0)
    simulator.sim("faults", rate_500=0.5)
    simulator.sim("faults", slow_s=2)
    shown = simulator.sim("faults")
    assert (shown["rate_500"], shown["slow_s"], shown["rate_429"]) == (0.5, 2, 0)
    assert simulator.plain.get(f"{simulator.url}/_sim/faults", timeout=10).json() == shown
