"""The pool of OAuth clients: each by its id, and any of them for what anyone may ask."""

import base64

import pytest
from scripted_genesys import ScriptedGenesys, of_json

from strongroom.errors import StrongroomError
from strongroom.genesys.client import GenesysClient
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
