"""A house over an empty ledger for each test; neither bucket nor Genesys is there, and neither is needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.environment import load_settings
from embedded.postgres import Postgres
from strongroom.house import House, open_house
from strongroom.ledger.migrate import migrate
from strongroom.ledger.tables import metadata


@pytest.fixture(scope="session")
def legal_house(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house all these tests use, one after the other; numbers are dialled in Britain."""
    spool: Path = tmp_path_factory.mktemp("spool")
    environment = {
        "STRONGROOM_DATABASE_URL": postgres.create_database("legal"),
        "STRONGROOM_REDIS_URL": "redis://127.0.0.1:9/0",
        "STRONGROOM_BUCKET": "legal",
        "STRONGROOM_GENESYS_API_URL": "http://127.0.0.1:9",
        "STRONGROOM_GENESYS_LOGIN_URL": "http://127.0.0.1:9",
        "STRONGROOM_GENESYS_CLIENTS": "a:b",
        "STRONGROOM_PHONE_REGION": "GB",
        "STRONGROOM_SPOOL_DIR": str(spool),
    }
    house = open_house(load_settings(environment), "test")
    migrate(house.engine)
    yield house
    house.engine.dispose()


@pytest.fixture
def house(legal_house: House) -> Iterator[House]:
    """A house whose ledger is empty."""
    yield legal_house
    with legal_house.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
