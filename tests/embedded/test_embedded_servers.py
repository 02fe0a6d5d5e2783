"""The embedded servers work, and leave nothing running, however their parent ends."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import boto3
import psutil
import psycopg2
import pytest
import redis
from sqlalchemy import create_engine, text

from embedded.ports import free_port
from embedded.postgres import Postgres, running_postgres
from embedded.processes import NotStarted, start
from embedded.redis import RedisServer, running_redis
from embedded.s3 import running_s3
from embedded.simulator import Simulator

PARENT_OF_ALL_SERVERS = """
import sys, time
from contextlib import ExitStack
from pathlib import Path
from embedded.ports import free_port
from embedded.postgres import running_postgres
from embedded.redis import running_redis
from embedded.s3 import running_s3
from embedded.simulator import Simulator
folder = Path(sys.argv[1])
with ExitStack() as running:
    servers = [
        running.enter_context(running_postgres(folder / "postgres.log")),
        running.enter_context(running_redis(folder / "redis.log")),
        running.enter_context(running_s3(folder / "s3.log")),
    ]
    print(*(server.child.pid for server in servers), flush=True)
    time.sleep(600)
"""


def wait_until_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive


def test_each_test_has_an_empty_database(postgres: Postgres, database_url: str) -> None:
    with create_engine(database_url).begin() as connection:
        tables = connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
        assert tables.scalar_one() == 0


def test_a_database_is_dropped_though_someone_is_connected(postgres: Postgres) -> None:
    engine = create_engine(postgres.create_database("in_use"))
    with engine.connect():
        postgres.drop_database("in_use")
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(host=str(postgres.socket_dir), user="postgres", dbname="in_use")


def test_redis_is_tried_again_when_its_port_was_taken(
    tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter([redis_server.port])
    genuine = free_port
    monkeypatch.setattr("embedded.ports.free_port", lambda: next(ports, None) or genuine())
    with running_redis(tmp_path / "redis.log") as second:
        assert second.port != redis_server.port
        assert redis.Redis(port=second.port).ping()


def test_s3_counts_the_writes_below_a_prefix(tmp_path: Path) -> None:
    with running_s3(tmp_path / "s3.log") as server:
        client = boto3.client("s3", endpoint_url=server.endpoint_url)
        client.create_bucket(Bucket="vault")
        for key in ("archive/1", "archive/2", "probe/1"):
            client.put_object(Bucket="vault", Key=key, Body=b"x")
        client.get_object(Bucket="vault", Key="archive/1")["Body"].read()
        assert server.writes("vault", "archive/") == 2


def test_the_simulator_is_started_as_asked_and_obeys(simulator: Callable[..., Simulator]) -> None:
    day = date(2025, 5, 14)
    running = simulator(conversations=5, day=day, seed=7, clients=2, faults={"rate_429": 0.1}, outcomes={"late": 0.5})
    assert running.genesys_clients == "client-1:secret-1,client-2:secret-2"
    assert len(running.truth(day)["conversations"]) == 5
    assert running.faults(unstable_bytes=True).items() >= {"rate_429": 0.1, "unstable_bytes": True}.items()
    assert running.stats()["media"]["gets"] == 0
    running.clock(now=datetime(2026, 1, 1, tzinfo=UTC))
    assert "2026-01-01" in str(running.clock(advance_s=60))


def test_all_servers_stop_on_leaving(tmp_path: Path) -> None:
    with (
        running_postgres(tmp_path / "postgres.log") as postgres,
        running_redis(tmp_path / "redis.log") as redis_server,
        running_s3(tmp_path / "s3.log") as s3,
    ):
        leaders = [psutil.Process(server.child.pid) for server in (postgres, redis_server, s3)]
        processes = leaders + [child for leader in leaders for child in leader.children(recursive=True)]
        assert len(processes) > len(leaders)
    wait_until_gone(processes)
    assert not postgres.socket_dir.exists()


@pytest.fixture
def folder_for_leftovers() -> Iterator[Path]:
    """Where a killed parent leaves what it could not remove; a short path, as PostgreSQL's socket goes there."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT])
def test_all_servers_die_with_their_parent(folder_for_leftovers: Path, tmp_path: Path, death: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT_OF_ALL_SERVERS, str(tmp_path)]
    env = os.environ | {"TMPDIR": str(folder_for_leftovers)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        leaders = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(leaders) == 3
        processes = leaders + [child for leader in leaders for child in leader.children(recursive=True)]
        parent.send_signal(death)
    wait_until_gone(processes)


def test_what_ends_before_it_is_ready_is_named_with_its_last_words(tmp_path: Path) -> None:
    child = start("the oracle", [sys.executable, "-c", "print('no future'); exit(1)"], log=tmp_path / "log")
    with pytest.raises(NotStarted, match=r"the oracle ended before it was ready.*no future"):
        child.wait_until(lambda: None)
    child.stop()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="the oracle can't be run"):
        start("the oracle", [tmp_path / "oracle"], log=tmp_path / "log")


def test_a_child_that_ignores_its_signal_is_killed_with_its_group(tmp_path: Path) -> None:
    stubborn = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print('deaf', flush=True); "
        "time.sleep(600)"
    )
    child = start("stubborn", [sys.executable, "-c", stubborn], log=tmp_path / "log")
    child.wait_until(lambda: "deaf" in child.log_text() or None)
    processes = [psutil.Process(child.pid), *psutil.Process(child.pid).children()]
    assert len(processes) == 2
    child.stop(grace_s=0.1)
    wait_until_gone(processes)
    child.stop()


def test_a_real_system_is_kept_out_of_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRONGROOM_BUCKET", "the-real-vault")
    monkeypatch.setenv("AWS_PROFILE", "production")
    code = "import os, sys; print(sorted(n for n in os.environ if n[:4] in ('STRO', 'AWS_')), os.environ['GIVEN'])"
    child = start("curious", [sys.executable, "-c", code], log=tmp_path / "log", env={"GIVEN": "x"})
    child.wait_until(lambda: child.has_ended() or None)
    child.stop()
    assert child.log_text().split() == ["[]", "x"]
