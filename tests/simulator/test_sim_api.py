"""Logging in, the rate limit, names behind ids, the states of recordings, links."""

import math
from datetime import date, timedelta

import pytest

DAY = "2025-05-14T00:00:00.000Z/2025-05-15T00:00:00.000Z"
WEEK = "2025-05-08T00:00:00Z/2025-05-15T00:00:00Z"


def test_a_token_is_needed_and_expires(run):
    simulator = run(token_ttl_s=100)
    answer = simulator.token()
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 100
    assert simulator.get("/api/v2/routing/queues").status_code == 200
    simulator.sim("clock", advance_s=101)
    expired = simulator.get("/api/v2/routing/queues")
    assert (expired.status_code, expired.json()["code"]) == (401, "bad.credentials")
    assert expired.headers["inin-correlation-id"] == expired.json()["contextId"]
    assert simulator.plain.get(simulator.url + "/api/v2/routing/queues", timeout=10).status_code == 401


@pytest.mark.parametrize(
    ("client", "secret", "form", "status", "error"),
    [
        ("client-1", "wrong", {}, 401, "invalid_client"),
        ("client-1", "", {}, 401, "invalid_client"),
        ("client-9", "secret-9", {}, 400, "invalid_client"),
        ("client-1", "secret-1", {"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_refused_in_the_login_servers_form(run, client, secret, form, status, error):
    answer = run(conversations=0).token(client, secret, **form)
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert set(answer.json()) == {"error", "description", "error_description"}


def test_each_client_has_its_own_allowance_whatever_its_tokens(run):
    simulator = run(rate_limit_per_min=5, clients=2, conversations=0)
    for used in range(1, 6):
        answer = simulator.get("/api/v2/organizations/me")
        assert answer.status_code == 200
        assert answer.headers["inin-ratelimit-count"] == str(used)
        assert answer.headers["inin-ratelimit-allowed"] == "5"
        assert 0 < int(answer.headers["inin-ratelimit-reset"]) <= 60
    simulator.log_in()
    refused = simulator.get("/api/v2/organizations/me")
    assert (refused.status_code, refused.json()["code"]) == (429, "too.many.requests")
    simulator.session.headers["Authorization"] = (
        f"Bearer {simulator.token('client-2', 'secret-2').json()['access_token']}"
    )
    assert simulator.get("/api/v2/organizations/me").status_code == 200
    simulator.log_in()
    simulator.sim("clock", advance_s=int(refused.headers["Retry-After"]))
    assert simulator.get("/api/v2/organizations/me").status_code == 200
    assert simulator.stats()["clients"] == {"client-1": 7, "client-2": 1}
    assert simulator.plain.get(f"{simulator.url}/_sim/limits", timeout=10).json() == {
        "client-1": {"windows": [6, 1], "most": 6, "refused": 1},
        "client-2": {"windows": [1], "most": 1, "refused": 0},
    }


def test_a_client_that_asks_over_the_end_of_a_window_is_counted_in_any_span_of_it(run):
    simulator = run(rate_limit_per_min=5, rate_window_s=600, conversations=0)
    simulator.sim("clock", now="2026-03-11T12:09:00Z")
    simulator.log_in()
    for seconds in (0, 0, 120, 0, 0):
        simulator.sim("clock", advance_s=seconds)
        assert simulator.get("/api/v2/organizations/me").status_code == 200
    counted = simulator.plain.get(f"{simulator.url}/_sim/limits", timeout=10).json()["client-1"]
    assert counted == {"windows": [2, 3], "most": 5, "refused": 0}


@pytest.mark.parametrize("path", ["/api/v2/routing/queues", "/api/v2/routing/wrapupcodes", "/api/v2/users"])
def test_names_are_paged_and_narrowed(run, path):
    simulator = run(conversations=0)
    whole = simulator.get(path, pageSize=100).json()
    assert whole["pageCount"] == 1
    assert len(whole["entities"]) == whole["total"]
    pages = [simulator.get(path, pageSize=4, pageNumber=number).json() for number in range(1, whole["total"] // 4 + 2)]
    assert [entity for page in pages for entity in page["entities"]] == whole["entities"]
    assert pages[0]["pageCount"] == math.ceil(whole["total"] / 4)
    two = [entity["id"] for entity in whole["entities"][:2]]
    assert simulator.get(path, id=two).json()["entities"] == whole["entities"][:2]
    assert simulator.get(path, id=",".join(two)).json()["entities"] == whole["entities"][:2]
    assert simulator.get(path, pageSize=0).status_code == 400


def test_every_id_in_a_record_has_a_name(run):
    simulator = run()
    paths = {"queueId": "/api/v2/routing/queues", "wrapUpCode": "/api/v2/routing/wrapupcodes"}
    known = {
        field: {entity["id"] for entity in simulator.get(path, pageSize=100).json()["entities"]}
        for field, path in (paths | {"userId": "/api/v2/users", "division": "/api/v2/authorization/divisions"}).items()
    }
    records = simulator.read_all(WEEK)
    seen = {field: set() for field in known}
    for record in records:
        seen["division"] |= set(record["divisionIds"])
        for who in record["participants"]:
            seen["userId"] |= {who["userId"]} if "userId" in who else set()
            for session in who["sessions"]:
                for part in session["segments"]:
                    for field in paths:
                        seen[field] |= {part[field]} if field in part else set()
    assert all(seen[field] and seen[field] <= known[field] for field in known)
    assert len(seen["queueId"]) == 7
    assert len(seen["division"]) >= 2


def outcome_of(simulator, outcome, media="audio"):
    """A conversation of the truth, and its recording that turned out so."""
    for conversation in simulator.truth(formats="OGG_OPUS")["conversations"]:
        for recording in conversation["recordings"]:
            if recording["outcome"] == outcome and media in {recording["media"], None}:
                return conversation, recording
    raise AssertionError(f"no {media or ''} recording is {outcome}")


def states(simulator, conversation):
    path = f"/api/v2/conversations/{conversation['conversationId']}/recordingmetadata"
    return {each["id"]: each["fileState"] for each in simulator.get(path).json()}


def test_late_recordings_come_after_they_were_asked_for(run):
    simulator = run(late_s=600, conversations=400)
    late = [
        (conversation, recording)
        for conversation in simulator.truth(formats="OGG_OPUS")["conversations"]
        for recording in conversation["recordings"]
        if recording["outcome"] == "late"
    ]
    simulator.sim("clock", advance_s=10_000)
    first = [states(simulator, conversation).get(recording["id"]) for conversation, recording in late]
    assert set(first) == {"UPLOADING", None}
    for (conversation, recording), state in zip(late, first, strict=True):
        answer = simulator.get(f"{simulator.recordings_of(conversation)}/{recording['id']}", formatId="NONE")
        assert answer.status_code == (200 if state else 404)
        assert not state or "mediaUris" not in answer.json()
    simulator.sim("clock", advance_s=601)
    assert {states(simulator, conversation)[recording["id"]] for conversation, recording in late} == {"AVAILABLE"}


def test_outcomes_that_never_change(run):
    simulator = run()
    for outcome, file_state in {"never": "UPLOADING", "deleted": "DELETED", "error": "ERROR"}.items():
        conversation, recording = outcome_of(simulator, outcome, media=None)
        for _ in range(2):
            assert states(simulator, conversation)[recording["id"]] == file_state
            answer = simulator.get(f"{simulator.recordings_of(conversation)}/{recording['id']}", download="true")
            assert (answer.status_code, answer.json()["fileState"]) == (200, file_state)
            assert "mediaUris" not in answer.json()
            simulator.sim("clock", advance_s=100_000)
            simulator.log_in()
        assert recording["files"] == []


def test_a_transcode_takes_its_time_and_the_original_none(run):
    simulator = run(transcode_s=60)
    conversation, recording = outcome_of(simulator, "available")
    path = f"{simulator.recordings_of(conversation)}/{recording['id']}"
    waiting = simulator.get(path, formatId="WAV")
    assert waiting.status_code == 202
    assert 0 < waiting.json()["estimatedTranscodeTimeMs"] <= 60_000
    all_of_it = simulator.get(simulator.recordings_of(conversation), formatId="WAV", maxWaitMs=1)
    assert (all_of_it.status_code, all_of_it.content) == (202, b"")
    assert simulator.get(path, formatId="NONE").status_code == 200
    simulator.sim("clock", advance_s=61)
    assert simulator.get(path, formatId="WAV").json()["mediaUris"]
    assert simulator.get(path, formatId="MP3").status_code == 202


def test_all_recordings_at_once(run):
    simulator = run()
    conversation, recording = outcome_of(simulator, "available", "chat")
    (shape,) = simulator.get(simulator.recordings_of(conversation), formatId="NONE").json()
    assert shape["id"] == recording["id"]
    assert shape["transcript"]
    assert "mediaUris" not in shape


@pytest.mark.parametrize("media", ["chat", "message", "email"])
def test_text_is_inline_and_its_document_comes_when_asked_for(run, media):
    simulator = run()
    conversation, recording = outcome_of(simulator, "available", media)
    path = f"{simulator.recordings_of(conversation)}/{recording['id']}"
    field = {"chat": "transcript", "message": "messagingTranscript", "email": "emailTranscript"}[media]
    document = "EML" if media == "email" else "ZIP"
    inline = simulator.get(path, formatId="NONE").json()
    assert inline[field]
    assert "mediaUris" not in inline
    assert "mediaUris" not in simulator.get(path, download="true", **{f"{media}FormatId": "NONE"}).json()
    assert simulator.get(path, download="true", **{f"{media}FormatId": document}).json()["mediaUris"]
    assert simulator.get(path, download="true", **{f"{media}FormatId": "DOC"}).status_code == 400


def test_unknown_things_are_not_found_and_unknown_formats_refused(run):
    simulator = run()
    conversation, recording = outcome_of(simulator, "available")
    nobody = "00000000-0000-4000-8000-000000000000"
    paths = [
        f"/api/v2/conversations/{nobody}/recordingmetadata",
        f"/api/v2/conversations/not-an-id/recordings/{recording['id']}",
        f"{simulator.recordings_of(conversation)}/{nobody}",
        "/api/v2/does/not/exist",
    ]
    for path in paths:
        answer = simulator.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not.found")
    for format_id in ("OGG_VORBIS", "wav", ""):
        path = f"{simulator.recordings_of(conversation)}/{recording['id']}"
        assert simulator.get(path, formatId=format_id).status_code == 400


def test_nothing_is_listed_of_what_has_not_ended(run):
    simulator = run(conversations=100)
    conversation, _ = outcome_of(simulator, "available")
    simulator.sim("clock", now=conversation["conversationStart"])
    simulator.log_in()
    assert states(simulator, conversation) == {}
    simulator.sim("clock", now="2025-05-01T00:00:00Z")
    simulator.log_in()
    path = f"/api/v2/conversations/{conversation['conversationId']}/recordingmetadata"
    assert simulator.get(path).status_code == 404


def test_links_expire_bear_no_change_and_want_no_token(run):
    simulator = run(link_ttl_s=100, rate_limit_per_min=300)
    link = simulator.link_of(*outcome_of(simulator, "available"))
    asked = simulator.stats()["clients"]
    answer = simulator.fetch(link)
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Content-Type"] == "audio/ogg"
    with_token = simulator.session.get(link, timeout=10)
    assert with_token.status_code == 400
    assert "InvalidArgument" in with_token.text
    other = simulator.link_of(*outcome_of(simulator, "available", "chat")).split("?")[1]
    for changed in (link[:-1] + ("0" if link[-1] != "0" else "1"), link.replace("expires=1", "expires=2"),
                    link.replace("OGG_OPUS", "WAV"), link.split("?")[0], f"{link.split('?')[0]}?{other}"):  # fmt: skip
        assert simulator.fetch(changed).status_code == 403
    simulator.sim("clock", advance_s=101)
    expired = simulator.fetch(link)
    assert expired.status_code == 403
    assert "expired" in expired.text
    media = simulator.stats()["media"]
    assert media == {"gets": 8, "bytes": len(answer.content)}
    assert simulator.stats()["clients"]["client-1"] == asked["client-1"] + 1


def test_a_path_prefix_serves_the_api_below_it_and_links_lead_back(run):
    simulator = run(path_prefix="/gateway")
    simulator.url, plain = simulator.url, simulator.url.removesuffix("/gateway")
    answer = simulator.session.get(f"{simulator.url}/api/v2/organizations/me", timeout=10)
    assert answer.status_code == 200
    assert simulator.session.get(f"{plain}/api/v2/organizations/me", timeout=10).status_code == 200
    simulator.url = plain
    conversation, recording = outcome_of(simulator, "available")
    simulator.url = f"{plain}/gateway"
    link = simulator.link_of(conversation, recording)
    assert link.startswith(f"{plain}/gateway/media/")
    assert simulator.fetch(link).status_code == 200


def test_statistics_name_endpoints_and_start_afresh(run):
    simulator = run()
    conversation, _ = outcome_of(simulator, "available")
    states(simulator, conversation)
    simulator.get("/api/v2/conversations/unknown/recordingmetadata")
    requests = simulator.stats()["requests"]
    assert requests == {
        "POST /oauth/token": {"200": 1},
        "GET /api/v2/conversations/{conversationId}/recordingmetadata": {"200": 1, "404": 1},
    }
    assert simulator.sim("stats", reset=True) == {"requests": {}, "clients": {}, "media": {"gets": 0, "bytes": 0}}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {}),
        ("clock", {"now": "noon"}),
        ("clock", {"advance_s": "1"}),
        ("clock", {"advance_s": True}),
        ("stats", {}),
        ("media", {"audio_bytes": 0}),
        ("media", {"audio_bytes": 5 * 1024**3}),
        ("media", {"audio_bytes": True}),
        ("media", {}),
        ("faults", {"rate_999": 0.1}),
        ("faults", {"rate_500": 2}),
        ("faults", {"rate_500": "often"}),
        ("faults", {"rate_500": True}),
        ("faults", {"latency_ms": -1}),
        ("faults", {"unstable_bytes": 1}),
    ],
)
def test_the_control_surface_says_what_it_can_not_follow(run, path, body):
    simulator = run(conversations=0)
    answer = simulator.plain.post(f"{simulator.url}/_sim/{path}", json=body, timeout=10)
    assert answer.status_code == 400
    assert len(answer.json()["message"]) > 10


def test_audio_of_a_wished_for_size(run):
    simulator = run()
    conversation, recording = outcome_of(simulator, "available")
    simulator.sim("media", audio_bytes=3_000_000)
    for format_id in ("NONE", "WAV", "MP3"):
        content = simulator.fetch(simulator.link_of(conversation, recording, format_id)).content
        assert len(content) == pytest.approx(3_000_000, rel=0.01)
    (files,) = [
        held["files"]
        for each in simulator.truth(formats="WAV")["conversations"]
        for held in each["recordings"]
        if held["id"] == recording["id"]
    ]
    assert [each["size"] for each in files] == [pytest.approx(3_000_000, rel=0.01)]


def test_days_beside_the_day_have_ends_of_their_own(run):
    simulator = run()
    for step in (-1, 1):
        day = date(2025, 5, 14) + timedelta(days=step)
        ended = simulator.truth(day, formats="OGG_OPUS")["conversations"]
        assert ended
        assert all(each["conversationEnd"].startswith(str(day)) for each in ended)
