"""What every answer has and no log line: headers, sizes, problems in words, requests noted without what they hold."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from desk_material import PASSWORD, DeskUnderTest, StartDesk
from openapi_spec_validator import validate
from structlog.testing import capture_logs

from embedded.desk import add_demo_users, running_desk
from embedded.fleet import start_process
from embedded.isolation import AWS_ENVIRONMENT
from strongroom.errors import Unreachable
from strongroom.legal.access import Forbidden, NotThere
from web.middleware import CSP, LARGEST_BODY_BYTES
from web.problems import NOTHING_HERE

PLANTED = "+49-170-PLANTED"
ERRORS = {
    "forbidden": Forbidden("no right", where="here", todo="ask"),
    "absent": NotThere("it is another's", where="here", todo="ask"),
    "unreachable": Unreachable(f"no answer from {PLANTED}", where=PLANTED, todo="start it"),
    "broken": RuntimeError(PLANTED),
}


@pytest.fixture
def breaking(desk: DeskUnderTest) -> DeskUnderTest:
    """A desk with routes that raise."""

    def fail(what: str) -> None:
        raise ERRORS[what]

    desk.app.add_api_route("/api/v1/tests/{what}", fail)
    desk.app.add_api_route("/tests/{what}", fail)
    return desk


@pytest.mark.parametrize(
    "path", ["/sign-in", "/account", "/nothing", "/api/v1/account", "/legal/x", "/healthz", "/static/"]
)
def test_every_answer_has_the_headers(desk: DeskUnderTest, path: str) -> None:
    headers = desk.client().get(path).headers
    assert headers["content-security-policy"] == CSP
    assert "unsafe" not in CSP and "default-src 'none'" in CSP and "frame-ancestors 'none'" in CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")
    assert "strict-transport-security" not in headers


def test_no_page_has_script_or_style_in_it(desk: DeskUnderTest) -> None:
    browser = desk.signed_in("anne", "analyst")
    for page in (browser.get("/account"), desk.browser().get("/sign-in"), browser.get("/nothing")):
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son[a-z]+=|\sstyle=|javascript:", page.text)


@pytest.mark.parametrize(
    ("what", "status", "detail"),
    [
        ("forbidden", 403, "no right: ask"),
        ("absent", 404, NOTHING_HERE),
        ("unreachable", 503, "something the desk needs does not answer; try again in a minute"),
        ("broken", 500, "something went wrong on our side"),
    ],
)
def test_errors_are_problems_for_machines_and_pages_for_people(
    breaking: DeskUnderTest, what: str, status: int, detail: str
) -> None:
    api = breaking.client().get(f"/api/v1/tests/{what}?number={PLANTED}")
    assert (api.status_code, api.headers["content-type"]) == (status, "application/problem+json")
    assert api.json()["detail"] == detail and api.json()["status"] == status
    page = breaking.client().get(f"/tests/{what}")
    assert page.status_code == status and page.headers["content-type"].startswith("text/html")
    assert detail in page.text
    for answer in (api, page):
        assert PLANTED not in answer.text and "Traceback" not in answer.text
        assert answer.headers["content-security-policy"] == CSP


def test_what_is_absent_and_what_no_route_has_are_told_the_same(breaking: DeskUnderTest) -> None:
    one, other = breaking.client().get("/api/v1/tests/absent").json(), breaking.client().get("/api/v1/x").json()
    assert one | {"instance": ""} == other | {"instance": ""}


def test_the_log_has_a_line_a_request_without_what_it_holds(breaking: DeskUnderTest) -> None:
    browser = breaking.signed_in("anne", "analyst")
    with capture_logs() as lines:
        browser.get(f"/account?number={PLANTED}")
        browser.get(f"/tests/broken?number={PLANTED}")
        browser.get(f"/nothing/{PLANTED}")
        browser.client.post("/sign-in", data={"name": PLANTED, "password": PLANTED, "csrf_token": browser.csrf})
    requested = [line for line in lines if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in requested] == [
        ("/account", 200), ("/tests/{what}", 500), (None, 404), ("/sign-in", 403),
    ]  # fmt: skip
    assert requested[0]["actor"] == "anne"
    (broke,) = [line for line in lines if line["event"] == "a request broke"]
    assert broke["error"] == "RuntimeError" and "fail" in broke["at"][-1]
    assert PLANTED not in str(lines) and browser.csrf not in str(lines)


def test_bodies_that_are_too_large_are_refused_announced_or_not(desk: DeskUnderTest) -> None:
    client = desk.client()

    def chunks() -> Iterator[bytes]:
        for _ in range(LARGEST_BODY_BYTES // 65_536 + 1):
            yield b"x" * 65_536

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/sign-in", content=b"a=" + b"x" * LARGEST_BODY_BYTES, headers=form).status_code == 413
    assert client.post("/sign-in", content=chunks(), headers=form).status_code == 413
    answer = client.post("/api/v1/account", content=b"x" * (LARGEST_BODY_BYTES + 1))
    assert answer.status_code == 413 and answer.json()["title"] in ("Content Too Large", "Request Entity Too Large")
    assert client.post("/sign-in", content=b"a=" + b"x" * 1_000_000, headers=form).status_code in (400, 403)


def test_health_tells_what_answers_and_nothing_else(desk: DeskUnderTest) -> None:
    client = desk.client()
    assert client.get("/healthz").json() == {"alive": True}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "ledger": True, "store": True})


def test_it_is_not_ready_without_its_ledger_and_store(start_desk: StartDesk, closed_port: int) -> None:
    closed = f"127.0.0.1:{closed_port}"
    desk = start_desk(
        DATABASE_URL=f"postgresql://user:planted@{closed}/x", S3_ENDPOINT_URL=f"http://{closed}", CONNECT_TIMEOUT_S="1"
    )
    answer = desk.client().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "ledger": False, "store": False})
    assert desk.client().get("/healthz").status_code == 200
    assert desk.client().get("/account", headers={"Cookie": "strongroom-session=x"}).status_code == 503


def test_the_api_describes_itself_as_openapi_3_1(desk: DeskUnderTest) -> None:
    document = desk.client().get("/api/v1/openapi.json").json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert not any(path.startswith(("/sign-", "/account", "/healthz")) for path in document["paths"])
    for path in document["paths"].values():
        for operation in path.values():
            assert {"400", "401", "403", "404", "503"} <= set(operation["responses"])
            assert "422" not in operation["responses"]


def test_the_process_of_the_procfile_serves_and_keeps_its_log_clean(
    desk_environment: dict[str, str], tmp_path: Path
) -> None:
    passwords = add_demo_users(desk_environment)
    with running_desk(desk_environment | AWS_ENVIRONMENT, tmp_path) as (process, url), requests.Session() as browser:
        page = browser.get(f"{url}/sign-in?next=/account%3Fnumber={PLANTED}", timeout=30)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None and "server" not in page.headers
        form = {"csrf_token": token[1], "name": "auditor", "next": f"/account?number={PLANTED}"}
        refused = browser.post(f"{url}/sign-in", data=form | {"password": PLANTED}, timeout=30)
        assert refused.status_code == 403
        account = browser.post(f"{url}/sign-in", data=form | {"password": passwords["auditor"]}, timeout=30)
        assert account.status_code == 200 and "auditor" in account.text
        assert account.url.endswith(f"/account?number={PLANTED}")
        session = browser.cookies["strongroom-session"]
        process.stop()
        log = process.log_text()
    events = [json.loads(line)["event"] for line in log.splitlines() if line.startswith("{")]
    assert "signed in" in events and "sign-in refused" in events and events.count("request") >= 4
    for secret in (PLANTED, "PLANTED", passwords["auditor"], session, token[1], PASSWORD):
        assert secret not in log


@pytest.mark.long
def test_the_process_refuses_half_a_configuration_in_one_line(desk_environment: dict[str, str], tmp_path: Path) -> None:
    environment = desk_environment | AWS_ENVIRONMENT | {"STRONGROOM_OIDC_CLIENT_ID": "x"}
    process = start_process("desk", environment, tmp_path)
    try:
        process.wait_until(lambda: process.has_ended() or None, timeout_s=60)
    finally:
        process.kill()
    assert process.process.returncode == 2
    assert "strongroom: an OpenID provider needs" in process.log_text()
    assert "Traceback" not in process.log_text()
