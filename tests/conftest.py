"""The servers every test may use: started once a session, real, on free ports, and stopped whatever happens."""

import itertools
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings
from ministack_server import running_ministack

from embedded.isolation import isolate_this_process
from embedded.postgres import Postgres, running_postgres
from embedded.redis import RedisServer, running_redis
from embedded.s3 import running_s3
from embedded.simulator import Simulator, running_simulator
from embedded.timestamp_authority import TimestampAuthority, running_timestamp_authority

# At import, not in a fixture: clients made at any time, in any thread, must find nothing of a real system.
isolate_this_process()
# Started in the background by a shell, we ignore Ctrl-C, and so would every process that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What an example takes depends on what else the machine does, and so does how many a second brings.
settings.register_profile("strongroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("strongroom")

_database_numbers = itertools.count(1)

StartSimulator = Callable[..., Simulator]

_LONG_TIMEOUT_S = 1_200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long on an idle machine takes several times that on a busy one: a hang is told apart by more."""
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_LONG_TIMEOUT_S))


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of the session's servers."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL server."""
    with running_postgres(servers_folder / "postgres.log") as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh, empty database, dropped afterwards."""
    name = f"test_{next(_database_numbers)}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def redis_server(servers_folder: Path) -> Iterator[RedisServer]:
    """A Redis server."""
    with running_redis(servers_folder / "redis.log") as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of an empty Redis."""
    with redis.Redis(port=redis_server.port) as client:
        client.flushall()
    return redis_server.url()


@pytest.fixture(scope="session")
def s3_endpoint(servers_folder: Path) -> Iterator[str]:
    """The URL of an S3 server. All tests share it: each makes a bucket with a name of its own."""
    with running_s3(servers_folder / "s3.log") as server:
        yield server.endpoint_url


@pytest.fixture(scope="session")
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections: taken, so that no server of another test comes to listen on it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(scope="session")
def ministack_endpoint(servers_folder: Path) -> Iterator[str]:
    """The URL of a second S3 server, another make, which is KMS as well. All tests share it."""
    with running_ministack(servers_folder / "ministack.log") as url:
        yield url


@pytest.fixture(scope="session")
def timestamp_authority(servers_folder: Path) -> Iterator[TimestampAuthority]:
    """A timestamp authority: `openssl ts` behind HTTP."""
    with running_timestamp_authority(servers_folder / "timestamp-authority") as authority:
        yield authority


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[StartSimulator]:
    """Starts a simulator: `simulator(conversations=10, day=day, seed=1, late_s=2, faults={"rate_429": 0.1})`."""
    with ExitStack() as running:
        log_numbers = itertools.count(1)

        def start(**options: Any) -> Simulator:
            log = tmp_path / f"simulator-{next(log_numbers)}.log"
            return running.enter_context(running_simulator(log, **options))

        yield start
