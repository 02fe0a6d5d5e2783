"""One call to the API: tokens, waits, repeats, and errors that say enough and never too much."""

import base64
import logging
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from jumping_clock import JumpingClock
from scripted_genesys import CORRELATION_ID, SECRET, Asked, Reply, ScriptedGenesys, error, of_json, token

from strongroom.errors import Misconfigured, StrongroomError, Unreachable
from strongroom.genesys import transport
from strongroom.genesys.auth import BearerAuth
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.errors import (
    CredentialsRefused,
    GenesysAnswerInvalid,
    GenesysRefused,
    GenesysUnavailable,
    GenesysUnreachable,
    NotFound,
    PermissionMissing,
    RateLimited,
)

PATH = "/api/v2/organizations/me"
LOGIN = "/oauth/token"
OK = of_json({"id": "x"})
MakeClient = Callable[..., GenesysClient]


def tokens_used(genesys: ScriptedGenesys, path: str = PATH) -> list[str]:
    return [asked.headers["Authorization"] for asked in genesys.requests_to(path)]


# --- the token


def test_a_token_is_fetched_with_basic_and_a_form_and_used_for_all_calls(
    genesys: ScriptedGenesys, client: GenesysClient
) -> None:
    genesys.on(PATH, OK)
    assert client.get(PATH).json == {"id": "x"}
    client.get(PATH)
    (login,) = genesys.requests_to(LOGIN)
    assert login.headers["Authorization"] == "Basic " + base64.b64encode(f"client-1:{SECRET}".encode()).decode()
    assert login.body == b"grant_type=client_credentials"
    assert tokens_used(genesys) == ["Bearer token-1"] * 2


def test_a_secret_beyond_latin_1_is_sent_as_utf_8(genesys: ScriptedGenesys, make_client: MakeClient) -> None:
    genesys.on(PATH, OK)
    make_client(secret="schlüssel-鍵").get(PATH)
    (login,) = genesys.requests_to(LOGIN)
    assert base64.b64decode(login.headers["Authorization"].split()[1]).decode() == "client-1:schlüssel-鍵"


@pytest.mark.parametrize(("life_s", "renewed_after_s"), [(86_400, 86_100), (100, 90), (3_000, 2_700)])
def test_a_token_is_renewed_before_it_expires(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock, life_s: float, renewed_after_s: float
) -> None:
    genesys.on(PATH, OK)
    genesys.on(LOGIN, token("first", life_s), token("second", life_s))
    client.get(PATH)
    clock.now += renewed_after_s - 1
    client.get(PATH)
    clock.now += 2
    client.get(PATH)
    assert tokens_used(genesys) == ["Bearer first", "Bearer first", "Bearer second"]


def test_a_refused_token_is_replaced_once_even_for_what_must_not_be_repeated(
    genesys: ScriptedGenesys, client: GenesysClient
) -> None:
    genesys.on(LOGIN, token("old"), token("new"))
    genesys.on(PATH, error(401, "bad.credentials"), OK)
    assert client.post(PATH, {}, repeatable=False).status == 200
    assert tokens_used(genesys) == ["Bearer old", "Bearer new"]


def test_a_fresh_token_that_is_refused_too_ends_the_call(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(PATH, error(401, "bad.credentials"))
    with pytest.raises(GenesysRefused) as refused:
        client.get(PATH)
    assert refused.value.status == 401
    assert refused.value.exit_code == Misconfigured.exit_code
    assert len(genesys.requests_to(PATH)) == 2
    assert len(genesys.requests_to(LOGIN)) == 2


@pytest.mark.parametrize("status", [400, 401])
def test_wrong_credentials_are_a_matter_of_configuration(
    genesys: ScriptedGenesys, client: GenesysClient, status: int
) -> None:
    refusal = {"error": "invalid_client", "description": "client not found", "error_description": "client not found"}
    genesys.on(LOGIN, of_json(refusal, status))
    with pytest.raises(CredentialsRefused, match="check the id and secret") as refused:
        client.get(PATH)
    assert isinstance(refused.value, Misconfigured)
    assert refused.value.exit_code == 2
    assert genesys.requests_to(PATH) == []


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"access_token": "t"},
        {"access_token": "", "expires_in": 60},
        {"access_token": "líne\n", "expires_in": 60},
        {"access_token": "t", "expires_in": 0},
        {"access_token": "t", "expires_in": "soon"},
        {"access_token": 7, "expires_in": 60},
    ],
)
def test_a_login_answer_without_a_usable_token_is_invalid(
    genesys: ScriptedGenesys, client: GenesysClient, answer: object
) -> None:
    genesys.on(LOGIN, of_json(answer))
    with pytest.raises(GenesysAnswerInvalid, match="holds no token"):
        client.get(PATH)


def test_threads_share_one_token(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(PATH, OK)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.get(PATH), range(24)))
    assert len(genesys.requests_to(LOGIN)) == 1


def test_threads_whose_token_is_refused_together_do_not_throw_away_the_new_one(
    genesys: ScriptedGenesys, client: GenesysClient
) -> None:
    genesys.on(LOGIN, token("old"), token("new"), token("too many"))
    genesys.on(PATH, OK)
    client.get(PATH)
    genesys.on(PATH, lambda asked: error(401) if asked.headers["Authorization"] == "Bearer old" else OK)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.get(PATH), range(8)))
    assert len(genesys.requests_to(LOGIN)) == 2


def test_a_netrc_does_not_replace_the_token(
    genesys: ScriptedGenesys, client: GenesysClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    genesys.on(PATH, OK)
    client.get(PATH)
    assert tokens_used(genesys) == ["Bearer token-1"]


# --- urls, parameters, answers


def test_urls_may_have_a_prefix(genesys: ScriptedGenesys, make_client: MakeClient) -> None:
    genesys.on("/gateway/oauth/token", token())
    genesys.on("/gateway" + PATH, OK)
    make_client(prefix="/gateway/").get(PATH, {"id": ["a", "b"], "pageSize": 100})
    (asked,) = genesys.requests_to("/gateway" + PATH)
    assert asked.params == {"id": ["a", "b"], "pageSize": ["100"]}


def test_the_body_is_kept_as_received(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    body = b'{ "b": 1,\n "a": "\\u00e9" }  '
    genesys.on(PATH, Reply(body=body, headers={"X-Said": "yes"}))
    answer = client.get(PATH)
    assert answer.body == body
    assert answer.json == {"b": 1, "a": "é"}
    assert answer.headers["x-said"] == "yes"


def test_accepted_may_be_empty(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(PATH, Reply(202))
    answer = client.get(PATH)
    assert (answer.status, answer.body, answer.json) == (202, b"", None)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>Sign in to the proxy</html>"),
        Reply(body=b""),
        Reply(body=b'{"id": '),
        Reply(body=b"\xff\xfe"),
        Reply(body=b"[" * 100_000),
        Reply(302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    ],
    ids=["html", "empty", "cut", "not utf-8", "deep", "redirect"],
)
def test_what_is_not_the_json_promised_is_invalid(
    genesys: ScriptedGenesys, client: GenesysClient, reply: Reply
) -> None:
    genesys.on(PATH, reply)
    with pytest.raises(GenesysAnswerInvalid):
        client.get(PATH)
    assert len(genesys.requests_to(PATH)) == 1


def test_an_endless_answer_is_cut_off(
    genesys: ScriptedGenesys, client: GenesysClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000)
    genesys.on(PATH, of_json("x" * 1001))
    with pytest.raises(GenesysAnswerInvalid, match="longer than 1000 bytes"):
        client.get(PATH)


# --- 429


def test_a_short_retry_after_is_waited_out(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock
) -> None:
    genesys.on(PATH, error(429, Retry_After="7"), error(429, Retry_After="5"), OK)
    assert client.post(PATH, {}, repeatable=False).status == 200
    assert [int(slept) for slept in clock.slept] == [7, 5]


def test_a_long_retry_after_is_left_to_the_caller(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock
) -> None:
    genesys.on(PATH, error(429, Retry_After="42"))
    with pytest.raises(RateLimited) as limited:
        client.get(PATH)
    assert limited.value.retry_after_s == 42
    assert CORRELATION_ID in str(limited.value)
    assert clock.slept == []


def test_patience_is_for_all_waits_together(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock
) -> None:
    genesys.on(PATH, error(429, Retry_After="8"))
    with pytest.raises(RateLimited):
        client.get(PATH)
    assert len(clock.slept) == 2
    assert sum(clock.slept) <= 20


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({}, 60),
        ({"inin_ratelimit_reset": "33"}, 33),
        ({"Retry_After": "soon", "inin_ratelimit_reset": "-5"}, 60),
        ({"Retry_After": "nan"}, 60),
        ({"Retry_After": "1e300"}, 3600),
    ],
)
def test_without_a_usable_retry_after_the_window_decides(
    genesys: ScriptedGenesys, client: GenesysClient, headers: dict[str, str], expected_s: float
) -> None:
    genesys.on(PATH, error(429, **headers))
    with pytest.raises(RateLimited) as limited:
        client.get(PATH)
    assert limited.value.retry_after_s == expected_s


def test_a_retry_after_of_zero_does_not_spin(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock
) -> None:
    genesys.on(PATH, error(429, Retry_After="0"))
    with pytest.raises(RateLimited):
        client.get(PATH)
    assert len(genesys.requests_to(PATH)) <= 21


# --- 5xx, resets, silence


@pytest.mark.parametrize("fault", [error(500), error(503), Reply(502, b"<html>Bad gateway"), Reply(reset=True)])
def test_a_passing_fault_is_tried_again(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock, fault: Reply
) -> None:
    genesys.on(PATH, fault, fault, OK)
    assert client.get(PATH).json == {"id": "x"}
    assert 0.25 <= clock.slept[0] <= 0.5
    assert 0.5 <= clock.slept[1] <= 1.0


def test_an_answer_that_breaks_off_is_tried_again(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock
) -> None:
    genesys.on(PATH, Reply(body=b'{"id": 1}', content_length=500), OK)
    assert client.get(PATH).json == {"id": "x"}
    assert len(clock.slept) == 1


def test_a_lasting_5xx_is_unavailable_once_patience_ends(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock
) -> None:
    genesys.on(PATH, error(503, "service.unavailable"))
    with pytest.raises(GenesysUnavailable) as unavailable:
        client.get(PATH)
    assert "503 (service.unavailable)" in str(unavailable.value)
    assert CORRELATION_ID in str(unavailable.value)
    assert unavailable.value.exit_code == 3
    assert 3 <= len(clock.slept) <= 10
    assert sum(clock.slept) <= 20


@pytest.mark.parametrize(
    ("fault", "raised"), [(error(500), GenesysUnavailable), (Reply(reset=True), GenesysUnreachable)]
)
def test_what_must_not_be_repeated_is_sent_once(
    genesys: ScriptedGenesys, client: GenesysClient, fault: Reply, raised: type[StrongroomError]
) -> None:
    genesys.on(PATH, fault)
    with pytest.raises(raised):
        client.post(PATH, {"a": 1}, repeatable=False)
    assert len(genesys.requests_to(PATH)) == 1


def test_a_silent_server_is_unreachable(genesys: ScriptedGenesys, make_client: MakeClient) -> None:
    never = threading.Event()
    genesys.on(PATH, Reply(wait=never))
    try:
        with pytest.raises(GenesysUnreachable, match="no answer in time") as unreachable:
            make_client(read_timeout_s=0.1, patience_s=0).get(PATH)
    finally:
        never.set()
    assert isinstance(unreachable.value, Unreachable)
    assert unreachable.value.exit_code == 3


def test_nobody_listening_is_unreachable(clock: JumpingClock) -> None:
    client = GenesysClient(
        "http://127.0.0.1:9", "http://127.0.0.1:9", "client-1", SECRET, connect_timeout_s=1, read_timeout_s=1
    )
    with pytest.raises(GenesysUnreachable, match="refused or broke off"):
        client.get(PATH)


def test_an_address_that_is_none_is_one_clear_error() -> None:
    client = GenesysClient(
        "http://[", "http://[", "client-1", SECRET, connect_timeout_s=1, read_timeout_s=1, patience_s=0
    )
    with pytest.raises(GenesysUnreachable, match="check the network and the Genesys URLs"):
        client.get(PATH)


# --- refusals


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/api/v2/analytics/conversations/details/query", "Analytics > Conversation Detail > View"),
        ("/api/v2/conversations/1/recordingmetadata", "Recording > Recording > View"),
        ("/api/v2/conversations/1/recordings/2", "Recording > Recording > Export"),
        ("/api/v2/routing/queues", "Routing > Queue > View"),
        ("/api/v2/routing/wrapupcodes", "Routing > Wrap-up Code > View"),
        ("/api/v2/users", "Directory > User > View"),
    ],
)
def test_a_missing_permission_is_named(
    genesys: ScriptedGenesys, client: GenesysClient, path: str, permission: str
) -> None:
    genesys.on(path, error(403, "missing.permissions"))
    with pytest.raises(PermissionMissing) as missing:
        client.get(path)
    assert permission in str(missing.value)
    assert missing.value.status == 403
    assert missing.value.exit_code == 2
    assert len(genesys.requests_to(path)) == 1


def test_what_is_not_there_is_not_found(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    with pytest.raises(NotFound) as absent:
        client.get("/api/v2/conversations/1/recordingmetadata")
    assert isinstance(absent.value, GenesysRefused)
    assert absent.value.status == 404


def test_another_refusal_carries_status_code_and_correlation_id(
    genesys: ScriptedGenesys, client: GenesysClient
) -> None:
    reply = error(400, "invalid.interval")
    del reply.headers["inin-correlation-id"]  # the body's contextId stands in
    genesys.on(PATH, reply)
    with pytest.raises(GenesysRefused) as refused:
        client.get(PATH)
    assert "400 (invalid.interval)" in str(refused.value)
    assert CORRELATION_ID in str(refused.value)


# --- what must never be in a text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500])
@pytest.mark.parametrize("path", [PATH, LOGIN])
def test_no_error_nor_its_traceback_nor_a_log_holds_a_secret_or_a_person(
    genesys: ScriptedGenesys,
    make_client: MakeClient,
    caplog: pytest.LogCaptureFixture,
    status: int,
    path: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    genesys.on(PATH, OK)
    genesys.on(path, error(status, "Jane Doe", inin_correlation_id="of Jane Doe, +49"))
    client = make_client(patience_s=0)
    with pytest.raises(StrongroomError) as raised:
        client.get(PATH)
    told = "".join(traceback.format_exception(raised.value)) + repr(client) + repr(vars(client)) + caplog.text
    for private in (SECRET, "token-1", "Jane", "+49"):
        assert private not in told


def test_a_token_is_not_in_a_repr() -> None:
    assert "hush" not in repr(BearerAuth("hush"))


def test_a_token_out_of_bounds_is_not_in_the_error(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(LOGIN, token("hush\n"))
    with pytest.raises(GenesysAnswerInvalid) as invalid:
        client.get(PATH)
    assert "hush" not in "".join(traceback.format_exception(invalid.value))


@given(value=st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text())))
def test_codes_and_ids_in_errors_never_hold_a_sentence(value: object) -> None:
    answer = transport.Answer(400, b"", {"code": value, "contextId": value}, {})
    for shown in (transport.error_code(answer), transport.correlation_id(answer)):
        assert shown is None or (shown == value and " " not in shown and "@" not in shown and "+" not in shown)


def test_every_request_has_both_time_outs(
    genesys: ScriptedGenesys, client: GenesysClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    genesys.on(PATH, lambda asked: OK)
    seen: list[object] = []
    send = requests.Session.send

    def watched(session: requests.Session, request: requests.PreparedRequest, **options: object) -> requests.Response:
        seen.append(options["timeout"])
        return send(session, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Session, "send", watched)
    client.get(PATH)
    assert seen == [(5, 5), (5, 5)]


def test_the_query_is_sent_as_json(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    received: list[object] = []

    def remember(asked: Asked) -> Reply:
        received.append(asked.json())
        return OK

    genesys.on(PATH, remember)
    client.post(PATH, {"order": "asc"}, repeatable=True)
    assert received == [{"order": "asc"}]
