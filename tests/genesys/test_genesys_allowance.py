"""One allowance for all processes, measured by the simulator's own count; and what happens when it is used up."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from asking import PATH, WINDOW_S, allowances, ask_until_no_room, client_of, start
from scripted_genesys import Asked, Reply, ScriptedGenesys, error, of_json

from embedded.redis import running_redis
from embedded.simulator import Simulator
from strongroom.errors import Misconfigured, Unreachable
from strongroom.genesys.allowance import COUNTS_KEY, AllowanceUnknown, connect
from strongroom.genesys.errors import NotFound, RateLimited
from strongroom.genesys.pool import ClientPool, PooledClient

OK = of_json({"id": "x"}, inin_ratelimit_allowed="300", inin_ratelimit_count="1", inin_ratelimit_reset="60")

StartSimulator = Callable[..., Simulator]


@pytest.mark.parametrize("times_emptied", [pytest.param(0, marks=pytest.mark.long), 2])
def test_processes_together_never_send_more_than_the_allowance_though_redis_is_emptied(
    simulator: StartSimulator, redis_url: str, times_emptied: int
) -> None:
    running = simulator(
        conversations=0, rate_limit_per_min=60, rate_window_s=WINDOW_S, faults={"latency_ms": 50}, day=date(2026, 3, 10)
    )
    asking = [start(running.url, redis_url, 60, 3 * WINDOW_S, threads=4) for _ in range(2)]
    with redis.Redis.from_url(redis_url) as server:
        for _ in range(times_emptied):
            time.sleep(WINDOW_S)
            server.flushall()
    assert [one.wait(120) for one in asking] == [0, 0]
    counted = running.limits()["client-1"]
    assert counted["refused"] == 0
    assert counted["most"] <= 60
    assert sum(counted["windows"]) > 60


def test_what_someone_else_used_is_left_to_them(simulator: StartSimulator, redis_url: str) -> None:
    running = simulator(conversations=0, rate_limit_per_min=300, rate_window_s=600, day=date(2026, 3, 10))
    assert ask_until_no_room(client_of(running.url, None), most=235) == 235
    ours = client_of(running.url, allowances(redis_url, running.url, 300))
    assert 1 <= ask_until_no_room(ours) <= 300 - 235
    assert running.limits()["client-1"]["refused"] == 0


def test_each_client_of_the_pool_has_an_allowance_of_its_own(simulator: StartSimulator, redis_url: str) -> None:
    running = simulator(conversations=0, clients=3, rate_limit_per_min=300, rate_window_s=600, day=date(2026, 3, 10))
    book = allowances(redis_url, running.url, 300)
    names = ["client-1", "client-2", "client-3"]
    pooled = PooledClient(ClientPool([client_of(running.url, book, name=name) for name in names]))
    for _ in range(36):
        pooled.get(PATH)
    counts = running.stats()["clients"]
    assert set(counts) == set(names)
    assert all(8 <= count <= 16 for count in counts.values())


def test_retry_after_is_obeyed_by_processes_that_never_saw_it(genesys: ScriptedGenesys, redis_url: str) -> None:
    genesys.on(PATH, OK, error(429, Retry_After="90"), OK)
    one, other = (client_of(genesys.url, allowances(redis_url, genesys.url, 300)) for _ in range(2))
    one.get(PATH)
    with pytest.raises(RateLimited, match="answered 429"):
        one.get(PATH)
    with pytest.raises(RateLimited, match="used up") as put_off:
        other.get(PATH)
    assert 85 <= put_off.value.retry_after_s <= 110
    assert "GET /api/v2/organizations/me" in put_off.value.where
    assert len(genesys.requests_to(PATH)) == 2


def test_short_waits_are_waited_out_and_long_ones_given_back(genesys: ScriptedGenesys, redis_url: str) -> None:
    genesys.on(PATH, OK, error(429, Retry_After="1"), OK)
    patient = client_of(genesys.url, allowances(redis_url, genesys.url, 300), room_s=5)
    for _ in range(2):
        patient.get(PATH)
    assert len(genesys.requests_to(PATH)) == 3


def test_a_request_that_found_nobody_costs_no_minute(
    redis_url: str, genesys: ScriptedGenesys, closed_port: int
) -> None:
    book = allowances(redis_url, genesys.url, 300)
    genesys.on(PATH, OK)
    nobody = client_of(genesys.url, book, patience_s=0)
    nobody._api_url = f"http://127.0.0.1:{closed_port}"
    for _ in range(3):
        with pytest.raises(Unreachable):
            nobody.get(PATH)
    assert client_of(genesys.url, book).get(PATH).status == 200


def test_without_redis_nothing_is_sent(genesys: ScriptedGenesys, closed_port: int) -> None:
    client = client_of(genesys.url, allowances(f"redis://:hush@127.0.0.1:{closed_port}/0", genesys.url, 300))
    with pytest.raises(AllowanceUnknown, match="Redis does not say") as unknown:
        client.get(PATH)
    assert isinstance(unknown.value, Unreachable)
    assert unknown.value.exit_code == 3
    assert "hush" not in f"{unknown.value} {client.allowance!r}"
    assert genesys.requests_to(PATH) == []


def test_the_background_and_the_patient_are_the_same_client(genesys: ScriptedGenesys, redis_url: str) -> None:
    genesys.on(PATH, OK)
    pool = ClientPool([client_of(genesys.url, allowances(redis_url, genesys.url, 300))])
    for one in (pool, pool.in_background(), pool.patient(60), pool.in_background().patient(60)):
        one.choose().get(PATH)
    background = pool.in_background().choose().allowance
    assert background is not None
    assert background.background
    assert len(genesys.requests_to("/oauth/token")) == 1


def test_redis_is_told_no_id_of_a_client(genesys: ScriptedGenesys, redis_url: str) -> None:
    genesys.on(PATH, OK)
    client_of(genesys.url, allowances(redis_url, genesys.url, 300)).get(PATH)
    with redis.Redis.from_url(redis_url) as server:
        names = server.keys()
        told = b"".join([*names, *(part for name in names for pair in server.hgetall(name).items() for part in pair)])
    assert len(names) == 2, "the client's allowance, and what was asked"
    assert b"client-1" not in told
    assert b"secret" not in told


def test_every_request_of_every_process_is_counted_by_endpoint_and_answer(
    genesys: ScriptedGenesys, redis_url: str, closed_port: int
) -> None:
    recording = f"/api/v2/conversations/{uuid4()}/recordings/{uuid4()}"
    genesys.on(PATH, OK, error(503), OK)
    genesys.on(recording, error(404))
    one, other = (client_of(genesys.url, allowances(redis_url, genesys.url, 300)) for _ in range(2))
    one.get(PATH)
    other.get(PATH)  # is answered 503 first
    for client in (one, other):
        with pytest.raises(NotFound):
            client.get(recording)
    nobody = client_of(genesys.url, allowances(redis_url, genesys.url, 300), patience_s=0)
    nobody.get(PATH)
    nobody._api_url = f"http://127.0.0.1:{closed_port}"
    with pytest.raises(Unreachable):
        nobody.post("/api/v2/recording/batchrequests", {}, repeatable=False)
    counted = allowances(redis_url, genesys.url, 300).requests_counted()
    assert counted == {
        (f"GET {PATH}", "200"): 3,
        (f"GET {PATH}", "503"): 1,
        ("GET /api/v2/conversations/{conversationId}/recordings/{recordingId}", "404"): 2,
        ("POST /api/v2/recording/batchrequests", "none"): 1,
    }


@pytest.mark.parametrize("fault", ["gone", "refuses to count"])
def test_a_count_that_fails_costs_no_request(genesys: ScriptedGenesys, fault: str, tmp_path: Path) -> None:
    with running_redis(tmp_path / "redis.log") as server:
        client = client_of(genesys.url, allowances(server.url(), genesys.url, 300))

        def answer_when_it_fails(_: Asked) -> Reply:
            with redis.Redis.from_url(server.url()) as broken:
                if fault == "gone":
                    with suppress(redis.ConnectionError):
                        broken.shutdown(nosave=True)
                else:
                    broken.set(COUNTS_KEY, "no hash")
            return OK

        genesys.on(PATH, answer_when_it_fails)
        assert client.get(PATH).status == 200
        if fault != "gone":
            # the allowance was told all the same: nothing is under way any more
            with redis.Redis.from_url(server.url()) as looked:
                [client_key] = [name for name in looked.scan_iter() if name != COUNTS_KEY.encode()]
                assert not [field for field in looked.hgetall(client_key) if field.startswith(b"f:")]


def test_redis_by_a_socket_or_with_celerys_words_for_tls() -> None:
    server = connect("redis+socket://:hush@/run/redis.sock?virtual_host=3", connect_timeout_s=1)
    options = server.connection_pool.connection_kwargs
    assert (options["path"], options["db"], options["password"]) == ("/run/redis.sock", 3, "hush")
    server = connect("rediss://h/1?ssl_cert_reqs=CERT_REQUIRED", connect_timeout_s=1)
    assert server.connection_pool.connection_kwargs["ssl_cert_reqs"] == "required"
    with pytest.raises(Misconfigured, match="address of Redis"):
        connect("redis://h:port/0", connect_timeout_s=1)
