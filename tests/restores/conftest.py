"""A vault of its own for each test behind the proxy, which plays the cold store, and one ledger, emptied after each."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from restoring import Command, Restoring
from s3proxy.running import S3Proxy, running_proxy

from cli.app import run
from config.environment import load_settings
from embedded.isolation import AWS_ENVIRONMENT
from embedded.postgres import Postgres
from strongroom.house import House, open_house
from strongroom.ledger.engine import connect
from strongroom.ledger.migrate import migrate
from strongroom.ledger.tables import metadata

_bucket_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def restores_ledger(postgres: Postgres) -> str:
    """The address of the ledger all these tests use, one after the other."""
    url = postgres.create_database("restores")
    engine = connect(url, connect_timeout_s=5)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def restores_proxy(s3_endpoint: str, servers_folder: Path) -> Iterator[S3Proxy]:
    """The proxy before the S3 server, one for all tests here."""
    with running_proxy(s3_endpoint, servers_folder / "s3proxy-restores.log") as proxy:
        yield proxy


@pytest.fixture(scope="session")
def restores_environment(
    restores_ledger: str, restores_proxy: S3Proxy, tmp_path_factory: pytest.TempPathFactory, closed_port: int
) -> dict[str, str]:
    """Settings but for the bucket; Redis and Genesys are closed ports."""
    closed = f"127.0.0.1:{closed_port}"
    return {
        "STRONGROOM_DATABASE_URL": restores_ledger,
        "STRONGROOM_REDIS_URL": f"redis://{closed}/0",
        "STRONGROOM_S3_ENDPOINT_URL": restores_proxy.url,
        "STRONGROOM_GENESYS_API_URL": f"http://{closed}",
        "STRONGROOM_GENESYS_LOGIN_URL": f"http://{closed}",
        "STRONGROOM_GENESYS_CLIENTS": "client-1:secret-1",
        "STRONGROOM_SPOOL_DIR": str(tmp_path_factory.mktemp("restores") / "spool"),
        "STRONGROOM_CONNECT_TIMEOUT_S": "2",
        **AWS_ENVIRONMENT,
    }


@pytest.fixture(scope="session")
def restores_house(restores_environment: dict[str, str]) -> Iterator[House]:
    """A house on no bucket in particular: to open one for each test would take longer than the tests."""
    house = open_house(load_settings(restores_environment | {"STRONGROOM_BUCKET": "none-yet"}), "test")
    yield house
    house.engine.dispose()


@pytest.fixture
def environment(restores_environment: dict[str, str]) -> dict[str, str]:
    """Complete settings, with a bucket of the test's own."""
    return restores_environment | {"STRONGROOM_BUCKET": f"restores-{next(_bucket_numbers)}"}


@pytest.fixture
def restoring(restores_house: House, environment: dict[str, str], restores_proxy: S3Proxy) -> Iterator[Restoring]:
    """A house with an empty vault and an empty ledger."""
    restores_proxy.faults()
    bucket = environment["STRONGROOM_BUCKET"]
    house = replace(restores_house, store=replace(restores_house.store, bucket=bucket))
    house.store.once.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    yield Restoring(house, restores_proxy, environment)
    restores_proxy.faults()
    with house.engine.begin() as connection:
        # the trigger that keeps custody events sleeps in a replica's session
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> Command:
    """Runs `strongroom restore …` as an operator would; exit code, standard output and standard error."""
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def restore(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        exit_code = run(["restore", *arguments])
        printed = capsys.readouterr()
        return exit_code, printed.out, printed.err

    return restore
