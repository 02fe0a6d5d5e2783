"""The pool of OAuth clients: each by its id, and any of them for what anyone may ask."""

import base64

import pytest
from scripted_genesys import Asked, Reply, ScriptedGenesys, error, of_json, token
from structlog.testing import capture_logs

from strongroom.errors import StrongroomError
from strongroom.genesys import pool as pools
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.errors import CredentialsRefused
from strongroom.genesys.pool import ClientPool, PooledClient

PATH = "/api/v2/organizations/me"


def pool_of(genesys: ScriptedGenesys, *client_ids: str) -> ClientPool:
    return ClientPool(
        [
            GenesysClient(genesys.url, genesys.url, client_id, "hush", connect_timeout_s=5, read_timeout_s=5)
            for client_id in client_ids
        ]
    )


def logged_in(genesys: ScriptedGenesys) -> set[str]:
    logins = genesys.requests_to("/oauth/token")
    return {base64.b64decode(one.headers["Authorization"].split()[1]).decode().partition(":")[0] for one in logins}


def test_a_client_is_found_by_its_id(genesys: ScriptedGenesys) -> None:
    genesys.on(PATH, of_json({"id": "x"}))
    pool = pool_of(genesys, "one", "two")
    client = pool.of("two")
    assert client.client_id == "two"
    client.get(PATH)
    assert logged_in(genesys) == {"two"}


def test_a_client_no_longer_configured_is_said_in_words(genesys: ScriptedGenesys) -> None:
    with pytest.raises(StrongroomError, match=r"no longer configured.*name the client again"):
        pool_of(genesys, "one").of("two")


def test_a_pooled_client_asks_with_one_of_the_pool(genesys: ScriptedGenesys) -> None:
    genesys.on(PATH, of_json({"id": "x"}))
    pool = pool_of(genesys, "one", "two")
    pooled = PooledClient(pool)
    assert pooled.get(PATH).json == pooled.post(PATH, {}, repeatable=True).json == {"id": "x"}
    assert logged_in(genesys) <= {"one", "two"}
    assert pool.choose().client_id in {"one", "two"}


def who(asked: Asked) -> str:
    return base64.b64decode(asked.headers["Authorization"].split()[1]).decode().partition(":")[0]


def refuse(genesys: ScriptedGenesys, *refused: str) -> None:
    """The login server takes these no more."""

    def login(asked: Asked) -> Reply:
        return error(401, "invalid_client") if who(asked) in refused else token(f"of-{who(asked)}")

    genesys.on("/oauth/token", login)


def test_a_client_that_is_refused_is_left_out_for_a_while_and_the_others_go_on(
    genesys: ScriptedGenesys, monkeypatch: pytest.MonkeyPatch
) -> None:
    genesys.on(PATH, of_json({"id": "x"}))
    refuse(genesys, "secret-name")
    pool = pool_of(genesys, "one", "secret-name", "three")
    # as when it has most room, because it spends nothing
    monkeypatch.setattr(
        pools, "_with_most_room", lambda clients: min(clients, key=lambda one: one.client_id != "secret-name")
    )
    with capture_logs() as logs:
        for _ in range(3):
            assert PooledClient(pool).get(PATH).json == {"id": "x"}
            # the pools that are made of it know it as well
            assert PooledClient(pool.in_background()).get(PATH).json == {"id": "x"}
    assert sum(who(one) == "secret-name" for one in genesys.requests_to("/oauth/token")) == 1
    assert [one["event"] for one in logs] == ["OAuth client 2 of 3 in STRONGROOM_GENESYS_CLIENTS is refused"]
    assert "secret-name" not in str(logs) and "hush" not in str(logs)


def test_after_a_minute_it_is_tried_again(genesys: ScriptedGenesys, monkeypatch: pytest.MonkeyPatch) -> None:
    genesys.on(PATH, of_json({"id": "x"}))
    refuse(genesys, "one")
    pool = pool_of(genesys, "one", "two")
    monkeypatch.setattr(pools, "_with_most_room", lambda clients: min(clients, key=lambda one: one.client_id))
    monkeypatch.setattr(pools, "LEFT_OUT_S", 0.0)
    assert pool.ask(lambda client: client.get(PATH))[0].client_id == "two"
    refuse(genesys)
    assert pool.ask(lambda client: client.get(PATH))[0].client_id == "one"


def test_only_when_all_are_refused_it_is_an_error(genesys: ScriptedGenesys) -> None:
    refuse(genesys, "one", "two")
    pooled = PooledClient(pool_of(genesys, "one", "two"))
    for _ in range(2):
        with pytest.raises(CredentialsRefused):
            pooled.get(PATH)
    assert {who(one) for one in genesys.requests_to("/oauth/token")} == {"one", "two"}
