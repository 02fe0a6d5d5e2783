"""What the simulator sends is what the vendor's SDK models: no field it doesn't know, no type it doesn't expect."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import requests
from sdk_models import ERROR, answer_types, breaches

from embedded.simulator import Simulator
from simulator.app import API
from simulator.awkwardness import EVERY, Awkwardness

DAY = date(2025, 5, 14)
NOON_AFTER = "2025-05-15T12:00:00Z"
INTERVAL = "2025-05-14T00:00:00Z/2025-05-15T00:00:00Z"
NOT_THE_VENDORS_YET = {Awkwardness.NEW_FIELDS, Awkwardness.UNKNOWN_MEDIA_TYPE}
MEDIA = {
    "download": "true",
    "formatId": "NONE",
    "emailFormatId": "EML",
    "chatFormatId": "ZIP",
    "messageFormatId": "ZIP",
}
CONVERSATION = "/api/v2/conversations/{conversationId}"
DETAILS = "/api/v2/analytics/conversations/details"

Answer = tuple[str, str, requests.Response]


class Asking:
    """Requests with a token; each answer is kept with the endpoint it came from."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        token = self.session.post(
            f"{url}/oauth/token", auth=("client-1", "secret-1"), data={"grant_type": "client_credentials"}, timeout=10
        )
        self.session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        self.answers: list[Answer] = []

    def ask(self, method: str, path: str, body: Any = None, params: Any = None, **ids: str) -> Any:
        """Ask an endpoint by its path with placeholders."""
        answer = self.session.request(method, self.url + path.format(**ids), json=body, params=params, timeout=60)
        self.answers.append((method, path, answer))
        return answer.json() if answer.content else None

    def ask_everything(self) -> None:
        """Every endpoint, every conversation of a day, every recording of them."""
        conversations = self._pages()
        for each in conversations:
            ids = {"conversationId": each["conversationId"]}
            listed = self.ask("GET", f"{CONVERSATION}/recordingmetadata", **ids)
            self.ask("GET", f"{CONVERSATION}/recordings", params=MEDIA, **ids)
            for recording in listed:
                path = f"{CONVERSATION}/recordings/{{recordingId}}"
                found = self.ask("GET", path, params=MEDIA, recordingId=recording["id"], **ids)
                if found.get("fileState") == "ARCHIVED":
                    restore = {"archiveDate": "2025-06-01T00:00:00Z"}
                    self.ask("PUT", path, body=restore, recordingId=recording["id"], **ids)
        self._jobs([each["conversationId"] for each in conversations[:100]])
        for path in ("routing/queues", "routing/wrapupcodes", "authorization/divisions", "users", "organizations/me"):
            self.ask("GET", f"/api/v2/{path}", params={} if path.endswith("me") else {"pageSize": 100})

    def _pages(self) -> list[dict[str, Any]]:
        conversations: list[dict[str, Any]] = []
        page = 1
        while found := self.ask(
            "POST", f"{DETAILS}/query", {"interval": INTERVAL, "paging": {"pageSize": 100, "pageNumber": page}}
        ).get("conversations"):
            conversations += found
            page += 1
        return conversations

    def _jobs(self, conversation_ids: list[str]) -> None:
        self.ask("GET", f"{DETAILS}/jobs/availability")
        job = self.ask("POST", f"{DETAILS}/jobs", {"interval": INTERVAL})["jobId"]
        self.ask("GET", f"{DETAILS}/jobs/{{jobId}}", jobId=job)
        self.ask("GET", f"{DETAILS}/jobs/{{jobId}}/results", params={"pageSize": 150}, jobId=job)
        wanted = [{"conversationId": one} for one in conversation_ids]
        batch = self.ask("POST", "/api/v2/recording/batchrequests", {"batchDownloadRequestList": wanted})["id"]
        self.ask("GET", "/api/v2/recording/batchrequests/{jobId}", jobId=batch)
        query = {"action": "DELETE", "actionDate": NOON_AFTER, "conversationQuery": {"interval": INTERVAL}}
        bulk = self.ask("POST", "/api/v2/recording/jobs", query)["id"]
        self.ask("PUT", "/api/v2/recording/jobs/{jobId}", {"state": "PROCESSING"}, jobId=bulk)
        self.ask("GET", "/api/v2/recording/jobs/{jobId}", jobId=bulk)


def asked(simulator: Callable[..., Simulator], awkward: set[Awkwardness]) -> list[Answer]:
    """All that a simulator answers that is awkward in some ways."""
    running = simulator(
        conversations=120,
        day=DAY,
        now=NOON_AFTER,
        awkward_only=",".join(sorted(awkward)),
        rate_limit_per_min=0,
        transcode_s=0,
        restore_s=60,
        job_s=0,
        batch_s=0,
        availability_lag_s=0,
    )
    asking = Asking(running.url)
    asking.ask_everything()
    return asking.answers


def all_breaches(answers: list[Answer]) -> Iterator[str]:
    for method, path, answer in answers:
        type_name = answer_types()[method, path] if answer.ok else ERROR
        if answer.content:
            yield from breaches(answer.json(), type_name, f"{method} {path}")


@pytest.fixture(scope="module")
def every_type() -> dict[tuple[str, str], str]:
    return answer_types()


@pytest.mark.parametrize(("method", "path"), API)
def test_the_vendor_has_each_endpoint(every_type: dict[tuple[str, str], str], method: str, path: str) -> None:
    assert every_type.get((method, path)), f"the SDK has no {method} {path}, or it answers nothing"


def test_every_answer_is_as_the_sdk_models_it(simulator: Callable[..., Simulator]) -> None:
    answers = asked(simulator, set(EVERY) - NOT_THE_VENDORS_YET)
    assert {(method, path) for method, path, answer in answers if answer.ok} == set(API)
    assert sorted(set(all_breaches(answers))) == []


def test_errors_are_as_the_sdk_models_them(simulator: Callable[..., Simulator]) -> None:
    asking = Asking(simulator(conversations=1, day=DAY).url)
    asking.ask("POST", f"{DETAILS}/query", {})
    asking.ask("GET", f"{CONVERSATION}/recordingmetadata", conversationId="none")
    asking.ask("POST", "/api/v2/recording/batchrequests", {"batchDownloadRequestList": []})
    del asking.session.headers["Authorization"]
    asking.ask("GET", "/api/v2/organizations/me")
    assert [answer.status_code for _, _, answer in asking.answers] == [400, 404, 400, 401]
    assert list(all_breaches(asking.answers)) == []


def test_the_contract_sees_what_the_vendor_adds_later(simulator: Callable[..., Simulator]) -> None:
    found = "\n".join(all_breaches(asked(simulator, NOT_THE_VENDORS_YET)))
    for model in (
        "AnalyticsConversationQueryResponse",
        "AnalyticsConversation",
        "AnalyticsSession",
        "Recording",
        "RecordingEmailMessage",
    ):
        assert f"{model} has no such field" in found
    for value in ("hologram", "teleport", "avatar", "sideways", "Volumetric"):
        assert f"{value!r} is none of its values" in found
