"""A client built on the vendor's SDK, against the simulator: it finds all that the truth lists."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
import requests
from vendor_sdk import sdk

from embedded.simulator import Simulator
from simulator.awkwardness import EVERY

DAY = date(2025, 5, 14)
NOON_AFTER = "2025-05-15T12:00:00Z"
LOOK_BACK_DAYS = 26
PREFIX = "/gateway"


def logged_in(url: str, number: int = 1) -> Any:
    """A client of the vendor's with a token."""
    return sdk().ApiClient(host=url).get_client_credentials_token(f"client-{number}", f"secret-{number}")


def awkward_day(simulator: Callable[..., Simulator], **options: Any) -> Simulator:
    """A day of 300 on which everything is awkward, and nothing takes long."""
    usual = {
        "audio_bytes": 20_000,
        "late_s": 0,
        "restore_s": 0,
        "transcode_s": 0,
        "job_s": 0,
        "batch_s": 0,
        "availability_lag_s": 0,
    }
    return simulator(
        conversations=300,
        day=DAY,
        now=NOON_AFTER,
        awkward_only=",".join(EVERY),
        rate_limit_per_min=0,
        **(usual | options),
    )


def interval(first: date, days: int = 1) -> str:
    return f"{first}T00:00:00Z/{first + timedelta(days=days)}T00:00:00Z"


def paged(api: Any, day: date) -> dict[str, Any]:
    """Conversations by id, of those that started on a day; pages are read until `totalHits` were seen."""
    found: dict[str, Any] = {}
    for number in count(1):
        query = sdk().ConversationQuery()
        query.interval = interval(day)
        query.order_by, query.order = "conversationStart", "asc"
        query.paging = sdk().PagingSpec()
        query.paging.page_size, query.paging.page_number = 100, number
        page = api.post_analytics_conversations_details_query(query)
        found |= {each.conversation_id: each for each in page.conversations or []}
        if not page.conversations or (len(found) >= page.total_hits and number * 100 >= page.total_hits):
            return found
    raise AssertionError("pages have no end")


def test_it_pages_through_a_day(simulator: Callable[..., Simulator]) -> None:
    running = awkward_day(simulator)
    api = sdk().ConversationsApi(logged_in(running.url))
    found: dict[str, Any] = {}
    for days_ago in range(LOOK_BACK_DAYS):
        for _look in range(2):  # some only show up while pages are read
            found |= paged(api, DAY - timedelta(days=days_ago))
    ended = {
        one: found[one].conversation_end.strftime("%Y-%m-%dT%H:%M:%S")
        for one in found
        if found[one].conversation_end is not None and found[one].conversation_end.date() == DAY
    }
    truth = {each["conversationId"]: each["conversationEnd"][:19] for each in running.truth(DAY)["conversations"]}
    assert ended == truth


def test_it_runs_a_job(simulator: Callable[..., Simulator]) -> None:
    running = awkward_day(simulator)
    api = sdk().ConversationsApi(logged_in(running.url))
    query = sdk().AsyncConversationQuery()
    query.interval = interval(DAY)
    job = api.post_analytics_conversations_details_jobs(query).job_id
    assert api.get_analytics_conversations_details_job(job).state == "FULFILLED"
    found: set[str] = set()
    page = api.get_analytics_conversations_details_job_results(job, page_size=70)
    while page.cursor:
        found |= {each.conversation_id for each in page.conversations}
        page = api.get_analytics_conversations_details_job_results(job, page_size=70, cursor=page.cursor)
    found |= {each.conversation_id for each in page.conversations}
    truth = {each["conversationId"] for each in running.truth(DAY)["conversations"]}
    assert truth <= found
    assert page.data_availability_date.isoformat() >= NOON_AFTER[:19]


def test_it_lists_recordings(simulator: Callable[..., Simulator]) -> None:
    running = awkward_day(simulator)
    api = sdk().RecordingApi(logged_in(running.url))
    for each in running.truth(DAY)["conversations"]:
        for _look in range(2):  # some are only listed at the second one
            listed = {found.id for found in api.get_conversation_recordingmetadata(each["conversationId"])}
        expected = {recording["id"] for recording in each["recordings"]}
        hidden = {recording["id"] for recording in each["recordings"] if recording["outcome"] == "never"}
        assert expected - hidden <= listed <= expected


def test_it_downloads_in_batches(simulator: Callable[..., Simulator]) -> None:
    running = awkward_day(simulator)
    api = sdk().RecordingApi(logged_in(running.url))
    truth = running.truth(DAY)["conversations"]
    results: list[Any] = []
    for _look in range(2):
        results = [
            result for begin in range(0, len(truth), 100) for result in batch(api, truth[begin : begin + 100]).results
        ]
    links = {(one.recording_id, one.result_url): one for one in results if not one.error_msg}
    expected = {
        recording["id"]: {file["sha256"] for file in recording["files"]}
        for each in truth
        for recording in each["recordings"]
        if recording["outcome"] in {"available", "late"}
    }
    assert {recording_id for recording_id, _ in links} == set(expected)
    for one in [one for one in links.values() if one.content_type == "audio/ogg"][:10]:
        body = requests.get(one.result_url, timeout=30).content
        assert hashlib.sha256(body).hexdigest() in expected[one.recording_id]


def batch(api: Any, conversations: list[dict[str, Any]]) -> Any:
    """A batch request, and what came of it."""
    submission = sdk().BatchDownloadJobSubmission()
    submission.batch_download_request_list = []
    for each in conversations:
        item = sdk().BatchDownloadRequest()
        item.conversation_id = each["conversationId"]
        submission.batch_download_request_list.append(item)
    found = api.get_recording_batchrequest(api.post_recording_batchrequests(submission).id)
    assert found.status == "Completed"
    assert found.result_count == found.expected_result_count == len(found.results)
    return found


def test_it_restores_what_is_archived(simulator: Callable[..., Simulator]) -> None:
    running = awkward_day(simulator, restorations=1)
    api = sdk().RecordingApi(logged_in(running.url))
    archived = [
        (each["conversationId"], recording["id"])
        for each in running.truth(DAY)["conversations"]
        for recording in each["recordings"]
        if recording["outcome"] == "archived"
    ]
    body = sdk().Recording()
    body.archive_date = "2025-06-01T00:00:00Z"
    first, second = archived[:2]
    assert api.get_conversation_recording(*first).remaining_restorations_allowed_for_org == 1
    assert api.put_conversation_recording(*first, body).file_state == "RESTORED"
    assert api.get_conversation_recording(*second).remaining_restorations_allowed_for_org == 0
    with pytest.raises(sdk().rest.ApiException) as refused:
        api.put_conversation_recording(*second, body)
    assert refused.value.status == 400


def test_it_goes_through_a_gateway(simulator: Callable[..., Simulator]) -> None:
    running = simulator(conversations=20, day=DAY, now=NOON_AFTER, path_prefix=PREFIX)
    api_client = sdk().ApiClient()
    api_client.gateway_configuration = sdk().GatewayConfiguration(
        host="127.0.0.1",
        protocol="http",
        port=int(running.url.rpartition(":")[2]),
        path_params_login=PREFIX,
        path_params_api=PREFIX,
    )
    api_client.get_client_credentials_token("client-1", "secret-1")
    assert sdk().OrganizationApi(api_client).get_organizations_me().name == "Example Wealth"
    assert paged(sdk().ConversationsApi(api_client), DAY)


def test_only_the_client_that_asked_may_read_a_batch(simulator: Callable[..., Simulator]) -> None:
    running = awkward_day(simulator, clients=2)
    submission = sdk().BatchDownloadJobSubmission()
    item = sdk().BatchDownloadRequest()
    item.conversation_id = running.truth(DAY)["conversations"][0]["conversationId"]
    submission.batch_download_request_list = [item]
    asked = sdk().RecordingApi(logged_in(running.url)).post_recording_batchrequests(submission)
    with pytest.raises(sdk().rest.ApiException) as refused:
        sdk().RecordingApi(logged_in(running.url, 2)).get_recording_batchrequest(asked.id)
    assert refused.value.status == 403
