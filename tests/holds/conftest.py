"""A vault of its own for each test, on a real S3 server, and one ledger, emptied after each."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from holding import Holding

from config.environment import load_settings
from embedded.isolation import AWS_ENVIRONMENT
from embedded.postgres import Postgres
from strongroom.house import House, open_house
from strongroom.ledger.migrate import migrate
from strongroom.ledger.tables import metadata

_bucket_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def holds_environment(
    postgres: Postgres, s3_endpoint: str, tmp_path_factory: pytest.TempPathFactory, closed_port: int
) -> dict[str, str]:
    """Settings but for the bucket; Redis and Genesys are closed ports."""
    closed = f"127.0.0.1:{closed_port}"
    return {
        "STRONGROOM_DATABASE_URL": postgres.create_database("holds"),
        "STRONGROOM_REDIS_URL": f"redis://{closed}/0",
        "STRONGROOM_S3_ENDPOINT_URL": s3_endpoint,
        "STRONGROOM_GENESYS_API_URL": f"http://{closed}",
        "STRONGROOM_GENESYS_LOGIN_URL": f"http://{closed}",
        "STRONGROOM_GENESYS_CLIENTS": "client-1:secret-1",
        "STRONGROOM_PHONE_REGION": "GB",
        "STRONGROOM_SPOOL_DIR": str(tmp_path_factory.mktemp("holds") / "spool"),
        **AWS_ENVIRONMENT,
    }


@pytest.fixture(scope="session")
def holds_house(holds_environment: dict[str, str]) -> Iterator[House]:
    """A house on no bucket in particular: to open one for each test would take longer than the tests."""
    house = open_house(load_settings(holds_environment | {"STRONGROOM_BUCKET": "none-yet"}), "test")
    migrate(house.engine)
    yield house
    house.engine.dispose()


@pytest.fixture
def environment(holds_environment: dict[str, str]) -> dict[str, str]:
    """Complete settings, with a bucket of the test's own."""
    return holds_environment | {"STRONGROOM_BUCKET": f"holds-{next(_bucket_numbers)}"}


@pytest.fixture
def holding(holds_house: House, environment: dict[str, str]) -> Iterator[Holding]:
    """A house with an empty vault and an empty ledger."""
    bucket = environment["STRONGROOM_BUCKET"]
    house = replace(holds_house, store=replace(holds_house.store, bucket=bucket))
    house.store.once.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    yield Holding(house, environment)
    with house.engine.begin() as connection:
        # the trigger that keeps custody events sleeps in a replica's session
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
