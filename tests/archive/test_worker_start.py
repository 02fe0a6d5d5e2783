"""A worker's start: an outage is waited out, and whatever else is wrong ends it before it takes a message."""

from types import SimpleNamespace

import pytest
from archives import Archive, StartArchive, wait_until
from celery.signals import setup_logging, worker_init, worker_shutdown

from config.environment import load_settings
from embedded.fleet import start_process
from strongroom.errors import Misconfigured, Unreachable
from tasks.fleet import Fleet
from workers import lifecycle


class _Worker:
    """What the signal says of a worker, as far as its start is concerned."""

    app = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={"bulk": None})))


@pytest.fixture
def archive(start_archive: StartArchive) -> Archive:
    return start_archive(conversations=1)


@pytest.mark.long
def test_a_worker_that_is_started_in_an_outage_is_at_work_when_it_ends(archive: Archive) -> None:
    archive.proxy.faults(error_503={})
    worker = start_process("worker", archive.environment, archive.logs)
    try:
        wait_until(lambda: worker.log_text().count("not started yet") >= 2, "it has said twice that it waits")
        assert "the store failed at HeadBucket (503" in worker.log_text()
        archive.proxy.faults()
        worker.wait_until(lambda: True if " ready." in worker.log_text() else None, timeout_s=60)
    finally:
        worker.stop()


@pytest.mark.parametrize(
    ("wrong", "exit_code", "again", "line"),
    [
        (
            Unreachable("nobody is there", where="here", todo="wait"),
            3,
            True,
            "strongroom: nobody is there [here]: wait",
        ),
        (Misconfigured("no such bucket", where="here", todo="name it"), 2, False, "no such bucket [here]: name it"),
        (ValueError("a secret"), 1, False, "strongroom: unexpected ValueError in "),
    ],
    ids=["an outage without an end", "misconfigured", "a fault of our own"],
)
def test_what_can_not_start_ends_in_one_line(
    archive: Archive,
    wrong: Exception,
    exit_code: int,
    again: bool,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Celery logs what a receiver of its signal raises and starts the worker all the same; but not SystemExit."""
    tried: list[object] = []

    def fails(house: object) -> None:
        tried.append(house)
        raise wrong

    monkeypatch.setattr(lifecycle, "require_ready", fails)
    monkeypatch.setattr(lifecycle, "PAUSE_S", 0.5)
    monkeypatch.setattr(lifecycle, "PATIENCE_S", 4.0)
    for signal in (worker_init, setup_logging, worker_shutdown):
        monkeypatch.setattr(signal, "receivers", [])
    lifecycle.attach(Fleet(load_settings(archive.environment)))
    with pytest.raises(SystemExit) as ended:
        worker_init.send(_Worker())
    assert ended.value.code == exit_code
    assert (len(tried) > 1) == again
    said = capsys.readouterr().err
    assert line in said
    assert "secret" not in said
    assert "Traceback" not in said
