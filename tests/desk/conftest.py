"""The desk in this process, on a real ledger and bucket, each test with a database of its own."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_material import CHEAP, DeskUnderTest, StartDesk

from config.environment import load_settings
from embedded.postgres import Postgres
from strongroom.house import bucket_blueprint, new_instance, open_house
from strongroom.ledger.engine import connect
from strongroom.ledger.migrate import migrate
from strongroom.legal.passwords import Passwords
from strongroom.vault.provision import create_bucket
from web.app import create_app

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def desk_template(postgres: Postgres) -> str:
    """A migrated, empty database, to be copied."""
    engine = connect(postgres.create_database("desk_template"), connect_timeout_s=5)
    migrate(engine)
    engine.dispose()
    return "desk_template"


@pytest.fixture(scope="session")
def desk_bucket(s3_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bucket as `vault create` makes it."""
    bucket = "desk-vault"
    environment = _environment("postgresql:///none", "redis://127.0.0.1:1/0", s3_endpoint, bucket)
    house = open_house(
        load_settings(environment | {"STRONGROOM_SPOOL_DIR": str(tmp_path_factory.mktemp("spool"))}), "test"
    )
    create_bucket(house.store, "us-east-1", bucket_blueprint(house.settings, house.policy))
    house.engine.dispose()
    return bucket


@pytest.fixture
def desk_environment(
    postgres: Postgres, desk_template: str, redis_url: str, s3_endpoint: str, desk_bucket: str, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """What a desk's process is given."""
    name = f"desk_{next(_numbers)}"
    url = postgres.create_database(name, template=desk_template)
    yield _environment(url, redis_url, s3_endpoint, desk_bucket) | {"STRONGROOM_SPOOL_DIR": str(tmp_path / "spool")}
    postgres.drop_database(name)


@pytest.fixture
def start_desk(desk_environment: dict[str, str]) -> Iterator[StartDesk]:
    """Starts a desk: `start_desk(DESK_URL="https://desk.example.com")`; several are several processes of one desk."""
    started: list[DeskUnderTest] = []

    def start(*, passwords: Passwords | None = None, **settings: str) -> DeskUnderTest:
        environment = desk_environment | {f"STRONGROOM_{name}": value for name, value in settings.items()}
        house = open_house(load_settings(environment), new_instance())
        desk = DeskUnderTest(create_app(house, None, passwords or Passwords(CHEAP)), house)
        started.append(desk)
        return desk

    yield start
    for desk in started:
        desk.house.engine.dispose()


@pytest.fixture
def desk(start_desk: StartDesk) -> DeskUnderTest:
    """A desk by http."""
    return start_desk()


def _environment(database_url: str, redis_url: str, s3_endpoint: str, bucket: str) -> dict[str, str]:
    return {
        "STRONGROOM_DATABASE_URL": database_url,
        "STRONGROOM_REDIS_URL": redis_url,
        "STRONGROOM_BUCKET": bucket,
        "STRONGROOM_S3_ENDPOINT_URL": s3_endpoint,
        "STRONGROOM_GENESYS_API_URL": "http://127.0.0.1:1",
        "STRONGROOM_GENESYS_LOGIN_URL": "http://127.0.0.1:1",
        "STRONGROOM_GENESYS_CLIENTS": "a:b",
    }
