"""An empty ledger for each test: one database, migrated once and emptied after each."""

from collections.abc import Iterator

import pytest

from embedded.postgres import Postgres
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.migrate import migrate
from strongroom.ledger.tables import metadata


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> Iterator[Engine]:
    """The ledger all these tests use, one after the other."""
    engine = connect(postgres.create_database("ledger"), connect_timeout_s=5)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(migrated: Engine) -> Iterator[Engine]:
    """An empty ledger."""
    yield migrated
    with migrated.begin() as connection:
        # the trigger that keeps custody events sleeps in a replica's session
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
