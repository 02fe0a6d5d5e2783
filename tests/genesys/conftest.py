"""A scripted Genesys, a client for it, and a clock that jumps instead of waiting."""

from collections.abc import Callable, Iterator

import pytest
from jumping_clock import JumpingClock
from scripted_genesys import SECRET, ScriptedGenesys, running_scripted_genesys

from strongroom.genesys import auth, names, patience
from strongroom.genesys.client import GenesysClient


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> JumpingClock:
    jumping = JumpingClock()
    # not in `time` itself: threads of other tests' servers sleep there too, and would make this clock race
    for module in (auth, names, patience):
        monkeypatch.setattr(module, "time", jumping)
    return jumping


@pytest.fixture
def genesys() -> Iterator[ScriptedGenesys]:
    with running_scripted_genesys() as running:
        yield running


@pytest.fixture
def make_client(genesys: ScriptedGenesys) -> Callable[..., GenesysClient]:
    def make(
        *, prefix: str = "", secret: str = SECRET, read_timeout_s: float = 5, patience_s: float = 20
    ) -> GenesysClient:
        return GenesysClient(
            genesys.url + prefix,
            genesys.url + prefix,
            "client-1",
            secret,
            connect_timeout_s=5,
            read_timeout_s=read_timeout_s,
            patience_s=patience_s,
        )

    return make


@pytest.fixture
def client(make_client: Callable[..., GenesysClient]) -> GenesysClient:
    return make_client()
