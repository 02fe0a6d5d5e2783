"""Worker, Beat and desk tell of themselves: metrics and health that mean something, and no customer's data."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from archives import Archive, StartArchive, wait_until
from prometheus_client.parser import text_string_to_metric_families

from embedded.command import CommandFailed, strongroom
from embedded.fleet import start_process
from embedded.ports import free_port
from embedded.processes import Child
from strongroom.ledger.runs import open_run

KINDS = ("worker", "control", "beat", "desk")


@pytest.fixture
def watched(start_archive: StartArchive) -> Iterator[tuple[Archive, dict[str, int], dict[str, Child]]]:
    """A small archive whose processes are running, each with a port of its own, and the day settled."""
    archive = start_archive(conversations=6)
    ports = {kind: free_port() for kind in KINDS}
    with ExitStack() as running:
        children: dict[str, Child] = {}
        for kind in KINDS:
            own = {"STRONGROOM_METRICS_PORT": str(ports[kind]), "UVICORN_PORT": str(free_port())}
            children[kind] = start_process(kind, archive.environment | own, archive.logs)
            running.callback(children[kind].stop)
        for kind, port in ports.items():
            wait_until(lambda port=port: _answers(port), f"{kind} serves", every_s=0.2)
        open_run(archive.engine, archive.day, "a test")
        archive.wait_until_finished()
        yield archive, ports, children


def _get(port: int, path: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{port}{path}", timeout=20)


def _answers(port: int) -> bool:
    try:
        return _get(port, "/health/live").ok
    except requests.ConnectionError:
        return False


def _samples(port: int) -> dict[str, Any]:
    families = text_string_to_metric_families(_get(port, "/metrics").text)
    return {family.name: family.samples for family in families}


@pytest.mark.long
def test_each_process_tells_how_it_and_the_archive_stand(
    watched: tuple[Archive, dict[str, int], dict[str, Child]],
) -> None:
    archive, ports, children = watched
    for kind in KINDS:
        ready = _get(ports[kind], "/health/ready")
        assert ready.ok, (kind, ready.text)
        environment = archive.environment | {"STRONGROOM_METRICS_PORT": str(ports[kind])}
        strongroom(environment, "health")
        strongroom(environment, "health", "--live")
        assert "process_resident_memory_bytes" in _samples(ports[kind])
    for kind in ("beat", "desk"):
        told = _samples(ports[kind])
        archived = sum(
            sample.value for sample in told["strongroom_conversations"] if sample.labels["state"] == "archived"
        )
        assert archived in {0, archive.progress().conversations["archived"]}  # the day is long ago: not of these days
        assert told["strongroom_days_unsettled"][0].value == 0
        signs = {sample.labels["of"] for sample in told["strongroom_sign_of_life_timestamp_seconds"]}
        assert "sweep" in signs
    assert "strongroom_conversations" not in _samples(ports["worker"])
    truth = archive.simulator.truth(archive.day)["conversations"]
    everything = "".join(_get(port, path).text for port in ports.values() for path in ("/metrics", "/health/ready"))
    assert not re.search(r"\+?\d{11,}(?!\.)\b|@", re.sub(r"[\d.e+-]+\n", "\n", everything))
    assert not any(conversation["conversationId"] in everything for conversation in truth)

    # the store fails: a worker is not ready, and still alive, since a restart would not bring the store back
    worker = archive.environment | {"STRONGROOM_METRICS_PORT": str(ports["worker"])}
    archive.proxy.faults(error_503=True)
    ready = _get(ports["worker"], "/health/ready")
    assert (ready.status_code, ready.json()["store"], ready.json()["ledger"]) == (503, False, True)
    assert _get(ports["worker"], "/health/live").ok
    with pytest.raises(CommandFailed, match="exit code 1"):
        strongroom(worker, "health")
    archive.proxy.faults()
    children["worker"].kill()
    with pytest.raises(CommandFailed, match=r"exit code 3.*does not answer"):
        strongroom(worker, "health")
