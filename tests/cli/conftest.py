"""A ledger and an environment for the command line, which runs inside the test's own process."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Strongroom, run_in_process

from embedded.postgres import Postgres
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.migrate import migrate
from strongroom.ledger.tables import metadata

_bucket_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def migrated_cli_ledger(postgres: Postgres) -> Iterator[tuple[Engine, str]]:
    """One database for all these tests, and its URL."""
    url = postgres.create_database("cli")
    engine = connect(url, connect_timeout_s=5)
    migrate(engine)
    yield engine, url
    engine.dispose()


@pytest.fixture
def engine(migrated_cli_ledger: tuple[Engine, str]) -> Iterator[Engine]:
    """An empty ledger, the one that `environment` names."""
    engine, _ = migrated_cli_ledger
    yield engine
    with engine.begin() as connection:
        # the trigger that keeps custody events sleeps in a replica's session
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch,
    migrated_cli_ledger: tuple[Engine, str],
    engine: Engine,
    tmp_path: Path,
    closed_port: int,
) -> dict[str, str]:
    """Complete settings. The database is there; Redis, S3 and Genesys are closed ports until a test names others."""
    closed = f"127.0.0.1:{closed_port}"
    settings = {
        "STRONGROOM_DATABASE_URL": migrated_cli_ledger[1],
        "STRONGROOM_REDIS_URL": f"redis://:planted-secret@{closed}/0",
        "STRONGROOM_BUCKET": f"cli-{next(_bucket_numbers)}",
        "STRONGROOM_S3_ENDPOINT_URL": f"http://{closed}",
        "STRONGROOM_GENESYS_API_URL": f"http://{closed}",
        "STRONGROOM_GENESYS_LOGIN_URL": f"http://{closed}",
        "STRONGROOM_GENESYS_CLIENTS": "client-1:secret-1,client-2:secret-2",
        "STRONGROOM_SPOOL_DIR": str(tmp_path / "spool"),
        "STRONGROOM_CONNECT_TIMEOUT_S": "2",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("COLUMNS", raising=False)
    return settings


@pytest.fixture
def strongroom(capsys: pytest.CaptureFixture[str]) -> Strongroom:
    """Runs a command as an operator would: `strongroom("status", "--json")`."""
    return lambda *arguments: run_in_process(capsys, arguments)
