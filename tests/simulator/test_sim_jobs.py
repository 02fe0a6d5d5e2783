"""Work that takes a while: details jobs, batch requests, recording jobs, restores; all by the simulator's clock."""

from datetime import UTC, datetime, timedelta

import pytest

from simulator.awkwardness import Awkwardness

DETAILS = "/api/v2/analytics/conversations/details"
BATCHES = "/api/v2/recording/batchrequests"
BULK = "/api/v2/recording/jobs"
DAY = "2025-05-14T00:00:00.000Z/2025-05-15T00:00:00.000Z"
LATER_DAY = "2025-05-16T00:00:00.000Z/2025-05-17T00:00:00.000Z"


def post(simulator, path, **body):
    return simulator.session.post(simulator.url + path, json=body, timeout=30)


def job_rows(simulator, interval, **body):
    """All conversations of a details job, run to its end."""
    job = post(simulator, f"{DETAILS}/jobs", interval=interval, **body).json()["jobId"]
    rows, cursor = [], {}
    while cursor is not None:
        page = simulator.get(f"{DETAILS}/jobs/{job}/results", pageSize=40, **cursor).json()
        rows += page["conversations"]
        cursor = {"cursor": page["cursor"]} if "cursor" in page else None
    return rows


def test_a_details_job_goes_through_its_states(run):
    simulator = run(job_s=10.0)
    submitted = post(simulator, f"{DETAILS}/jobs", interval=DAY)
    assert submitted.status_code == 202
    path = f"{DETAILS}/jobs/{submitted.json()['jobId']}"
    assert simulator.get(path).json()["state"] == "QUEUED"
    assert simulator.get(f"{path}/results").status_code == 400
    simulator.sim("clock", advance_s=6)
    assert simulator.get(path).json()["state"] == "PENDING"
    simulator.sim("clock", advance_s=6)
    assert simulator.get(path).json()["state"] == "FULFILLED"
    assert simulator.get(f"{path}/results").status_code == 200


def test_a_details_job_finds_what_was_active_and_the_query_what_started(run):
    simulator = run(job_s=0.0, availability_lag_s=0.0)
    rows = job_rows(simulator, DAY)
    ids = [row["conversationId"] for row in rows]
    assert len(set(ids)) == len(ids) > 100
    assert {each["conversationId"] for each in simulator.truth(formats="OGG_OPUS")["conversations"]} < set(ids)
    assert any(row["conversationStart"] < "2025-05-13" for row in rows)
    assert any("conversationEnd" not in row for row in rows)
    started = {row["conversationId"] for row in simulator.read_all(DAY)}
    assert started < set(ids)


def test_a_wrap_up_after_midnight_is_activity_of_that_day(run):
    simulator = run(job_s=0.0, availability_lag_s=0.0, conversations=300)
    for row in job_rows(simulator, DAY):
        segments = [part for who in row["participants"] for each in who["sessions"] for part in each["segments"]]
        assert any(part.get("segmentEnd", "9") >= "2025-05-14T00:00:00.000Z" for part in segments)
        assert any(part["segmentStart"] < "2025-05-15T00:00:00.000Z" for part in segments)


def test_a_details_job_lags_behind(run):
    simulator = run(job_s=0.0, availability_lag_s=20 * 3600.0)
    available = datetime(2025, 5, 14, 16, tzinfo=UTC)
    said = simulator.get(f"{DETAILS}/jobs/availability").json()["dataAvailabilityDate"]
    assert abs(datetime.fromisoformat(said) - available) < timedelta(seconds=10)
    rows = job_rows(simulator, DAY)
    assert rows
    assert all(row.get("conversationEnd", "") <= said for row in rows)
    assert all(row["conversationStart"] <= said for row in rows)
    simulator.sim("clock", advance_s=12 * 3600)
    assert len(job_rows(simulator, DAY)) > len(rows)


def test_a_details_job_takes_filters_and_refuses_what_is_wrong(run):
    simulator = run(job_s=0.0, availability_lag_s=0.0)
    ended = [{"type": "and", "predicates": [{"dimension": "conversationEnd", "operator": "exists"}]}]
    assert all("conversationEnd" in row for row in job_rows(simulator, DAY, conversationFilters=ended))
    for body in ({}, {"interval": "x"}, {"interval": "2025-01-01T00:00:00Z/2025-03-01T00:00:00Z"}):
        assert post(simulator, f"{DETAILS}/jobs", **body).status_code == 400
    job = post(simulator, f"{DETAILS}/jobs", interval=DAY).json()["jobId"]
    for cursor in ("x", "%", "cG9zaXRpb24geA=="):
        assert simulator.get(f"{DETAILS}/jobs/{job}/results", cursor=cursor).status_code == 400
    assert simulator.get(f"{DETAILS}/jobs/none").status_code == 404


def test_a_details_job_can_fail(run):
    simulator = run(job_s=0.0)
    simulator.sim("faults", rate_job_failed=1.0)
    states = set()
    for _ in range(20):
        job = post(simulator, f"{DETAILS}/jobs", interval=DAY).json()["jobId"]
        states.add(simulator.get(f"{DETAILS}/jobs/{job}").json()["state"])
        assert simulator.get(f"{DETAILS}/jobs/{job}/results").status_code == 400
    assert states == {"FAILED", "EXPIRED"}


def test_a_batch_gives_its_results_bit_by_bit(run):
    simulator = run(batch_s=10.0, late_s=0.0)
    truth = simulator.truth(formats="OGG_OPUS")["conversations"]
    items = [{"conversationId": each["conversationId"]} for each in truth[:100]]
    batch = f"{BATCHES}/{post(simulator, BATCHES, batchDownloadRequestList=items).json()['id']}"
    seen = []
    for _ in range(6):
        status = simulator.get(batch).json()
        seen.append((status["resultCount"], status["expectedResultCount"]))
        assert status["resultCount"] == len(status["results"])
        assert status["errorCount"] == sum("errorMsg" in result for result in status["results"])
        assert (status["status"] == "Completed") == (status["resultCount"] == status["expectedResultCount"])
        simulator.sim("clock", advance_s=2.5)
    assert seen == sorted(seen)
    assert seen[0][1] < seen[-1][1] == seen[-1][0]
    expected = {held["id"] for each in truth for held in each["recordings"] if held["outcome"] in {"available", "late"}}
    links = {result["recordingId"] for result in status["results"] if "resultUrl" in result}
    assert links == expected


def test_a_batch_gives_text_as_json_and_audio_in_its_original_codec(run):
    simulator = run(batch_s=0.0)
    truth = simulator.truth(formats="OGG_OPUS")["conversations"]
    items = [{"conversationId": each["conversationId"]} for each in truth]
    batch = post(simulator, BATCHES, batchDownloadRequestList=items).json()["id"]
    results = simulator.get(f"{BATCHES}/{batch}").json()["results"]
    types = {result["contentType"] for result in results if "resultUrl" in result}
    assert types == {"audio/ogg", "application/json"}
    text = next(result for result in results if result.get("contentType") == "application/json")
    record = simulator.fetch(text["resultUrl"]).json()
    assert (record["id"], record["conversationId"]) == (text["recordingId"], text["conversationId"])
    assert {"transcript", "messagingTranscript", "emailTranscript"} & set(record)
    simulator.sim("clock", advance_s=4_000)
    assert simulator.fetch(text["resultUrl"]).status_code == 403


def test_a_batch_says_what_is_wrong_with_each_item(run):
    simulator = run(batch_s=0.0)
    gone = next(
        (each["conversationId"], held["id"])
        for each in simulator.truth(formats="OGG_OPUS")["conversations"]
        for held in each["recordings"]
        if held["outcome"] == "deleted"
    )
    nobody = "11111111-2222-4333-8444-555555555555"
    items = [
        {"conversationId": gone[0], "recordingId": gone[1]},
        {"conversationId": gone[0], "recordingId": nobody},
        {"conversationId": nobody},
    ]
    batch = post(simulator, BATCHES, batchDownloadRequestList=items).json()["id"]
    status = simulator.get(f"{BATCHES}/{batch}").json()
    assert status["errorCount"] == status["resultCount"] == 3
    assert all(result["errorMsg"] and "resultUrl" not in result for result in status["results"])


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_has_from_one_to_a_hundred_items(run, count):
    simulator = run(conversations=1)
    items = [{"conversationId": "x"}] * count
    assert post(simulator, BATCHES, batchDownloadRequestList=items).status_code == 400


def test_only_the_client_that_asked_reads_a_batch(run):
    simulator = run(conversations=1, clients=2)
    batch = post(simulator, BATCHES, batchDownloadRequestList=[{"conversationId": "x"}]).json()["id"]
    other = simulator.token("client-2", "secret-2").json()["access_token"]
    simulator.session.headers["Authorization"] = f"Bearer {other}"
    assert simulator.get(f"{BATCHES}/{batch}").status_code == 403


def bulk_job(simulator, action, **more):
    query = {"action": action, "actionDate": "2025-05-15T12:00:00Z", "conversationQuery": {"interval": DAY}} | more
    return post(simulator, BULK, **query).json()


def put(simulator, path, **body):
    return simulator.session.put(simulator.url + path, json=body, timeout=30)


def file_states(simulator):
    states = set()
    for each in simulator.truth(formats="OGG_OPUS")["conversations"]:
        listed = simulator.get(f"/api/v2/conversations/{each['conversationId']}/recordingmetadata").json()
        states |= {found["fileState"] for found in listed}
    return states


def test_a_delete_job_deletes(run):
    simulator = run(job_s=10.0, late_s=0.0)
    job = bulk_job(simulator, "DELETE")
    path = f"{BULK}/{job['id']}"
    assert (job["state"], job["totalRecordings"]) == ("PENDING", 0)
    assert put(simulator, path, state="PROCESSING").status_code == 400
    simulator.sim("clock", advance_s=10)
    ready = simulator.get(path).json()
    assert ready["state"] == "READY"
    assert ready["totalRecordings"] > ready["totalConversations"] > 90
    assert "AVAILABLE" in file_states(simulator)
    assert put(simulator, path, state="PROCESSING").json()["state"] == "PROCESSING"
    simulator.sim("clock", advance_s=5)
    assert 0 < simulator.get(path).json()["percentProgress"] < 100
    assert "AVAILABLE" in file_states(simulator)
    simulator.sim("clock", advance_s=5)
    done = simulator.get(path).json()
    assert (done["state"], done["percentProgress"]) == ("FULFILLED", 100)
    assert done["totalProcessedRecordings"] == done["totalRecordings"]
    assert file_states(simulator) == {"DELETED"}
    outcomes = {
        held["outcome"] for each in simulator.truth(formats="OGG_OPUS")["conversations"] for held in each["recordings"]
    }
    assert outcomes == {"deleted"}


def test_an_archive_job_archives_and_leaves_other_days_alone(run):
    simulator = run(job_s=0.0, late_s=0.0)
    elsewhere = bulk_job(simulator, "DELETE", conversationQuery={"interval": LATER_DAY})
    put(simulator, f"{BULK}/{elsewhere['id']}", state="PROCESSING")
    assert "AVAILABLE" in file_states(simulator)
    put(simulator, f"{BULK}/{bulk_job(simulator, 'ARCHIVE')['id']}", state="PROCESSING")
    assert file_states(simulator) == {"ARCHIVED", "UPLOADING", "ERROR", "DELETED"}


@pytest.mark.parametrize(
    "more",
    [
        {"action": "BURN"},
        {"action": "EXPORT"},
        {"actionDate": "soon"},
        {"conversationQuery": {}},
        {"conversationQuery": None},
    ],
)
def test_a_recording_job_that_makes_no_sense_is_refused(run, more):
    simulator = run(conversations=1)
    query = {"action": "DELETE", "actionDate": "2025-05-15T12:00:00Z", "conversationQuery": {"interval": DAY}} | more
    assert post(simulator, BULK, **query).status_code == 400


def test_two_recording_jobs_at_once_and_no_more(run):
    simulator = run(conversations=1, job_s=10.0)
    assert [bulk_job(simulator, "DELETE").get("state") for _ in range(3)] == ["PENDING", "PENDING", None]


def archived(simulator):
    return [
        f"/api/v2/conversations/{each['conversationId']}/recordings/{held['id']}"
        for each in simulator.truth(formats="OGG_OPUS")["conversations"]
        for held in each["recordings"]
        if held["outcome"] == "archived"
    ]


def test_a_restore_takes_a_while_and_lasts_a_while(run):
    simulator = run(restore_s=600.0, awkward=(Awkwardness.FILE_STATES,))
    path = archived(simulator)[0]
    assert simulator.get(path).json()["fileState"] == "ARCHIVED"
    answer = put(simulator, path, archiveDate="2025-05-16T12:00:00Z").json()
    assert answer["fileState"] == "RESTORING"
    assert answer["restoreExpirationTime"] == "2025-05-16T12:00:00.000Z"
    assert "mediaUris" not in simulator.get(path, formatId="NONE").json()
    simulator.sim("clock", advance_s=600)
    restored = simulator.get(path, formatId="NONE", download="true", emailFormatId="EML").json()
    assert restored["fileState"] == "RESTORED"
    assert restored["mediaUris"]
    simulator.sim("clock", now="2025-05-16T12:00:00Z")
    assert simulator.get(path).json()["fileState"] == "ARCHIVED"


def test_restores_are_refused_beyond_the_allowance(run):
    simulator = run(restorations=1, awkward=(Awkwardness.FILE_STATES,))
    first, second = archived(simulator)
    until = "2025-05-20T00:00:00Z"
    assert simulator.get(first).json()["remainingRestorationsAllowedForOrg"] == 1
    assert put(simulator, first, archiveDate=until).status_code == 200
    assert put(simulator, first, archiveDate=until).status_code == 200
    assert simulator.get(second).json()["remainingRestorationsAllowedForOrg"] == 0
    refused = put(simulator, second, archiveDate=until)
    assert refused.status_code == refused.json()["status"] == 400
    assert simulator.get(second).json()["fileState"] == "ARCHIVED"


@pytest.mark.parametrize("body", [{}, {"archiveDate": "soon"}, {"archiveDate": "2020-01-01T00:00:00Z"}])
def test_a_restore_needs_a_date_to_come(run, body):
    simulator = run(awkward=(Awkwardness.FILE_STATES,))
    assert put(simulator, archived(simulator)[0], **body).status_code == 400


def test_an_export_job_leaves_its_date_on_each_recording(run):
    simulator = run(job_s=0.0)
    job = bulk_job(simulator, "EXPORT", integrationId="bucket")
    put(simulator, f"{BULK}/{job['id']}", state="PROCESSING")
    simulator.sim("clock", advance_s=3600)
    conversation = next(each for each in simulator.truth(formats="OGG_OPUS")["conversations"] if each["recordings"])
    found = simulator.get(f"/api/v2/conversations/{conversation['conversationId']}/recordingmetadata").json()
    assert {each["exportedDate"][:16] for each in found} == {"2025-05-15T12:00"}
