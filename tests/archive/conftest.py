"""An archive of its own for each test, on the session's servers."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from archives import Archive, StartArchive
from rebuilding import NewLedger
from s3proxy.running import S3Proxy, running_proxy
from sealing_material import Sealing, StartSealing, sealing_environment

from embedded.isolation import AWS_ENVIRONMENT
from embedded.postgres import Postgres
from embedded.simulator import Simulator
from strongroom.ledger.engine import connect
from strongroom.ledger.migrate import migrate

_bucket_numbers = itertools.count(1)
_database_numbers = itertools.count(1)

A_DAY = date(2026, 3, 10)


@pytest.fixture(scope="session")
def session_proxy(s3_endpoint: str, servers_folder: Path) -> Iterator[S3Proxy]:
    """The proxy before the S3 server, one for all tests here."""
    with running_proxy(s3_endpoint, servers_folder / "s3proxy-archive.log") as proxy:
        yield proxy


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """The name of a migrated, empty database, to be copied: migrating one for each test takes longer."""
    engine = connect(postgres.create_database("migrated"), connect_timeout_s=5)
    migrate(engine)
    engine.dispose()
    return "migrated"


@pytest.fixture
def database_url(postgres: Postgres, migrated_template: str) -> Iterator[str]:
    """The URL of an empty ledger of the test's own, dropped afterwards."""
    name = f"archive_{next(_database_numbers)}"
    yield postgres.create_database(name, template=migrated_template)
    postgres.drop_database(name)


@pytest.fixture
def start_archive(
    tmp_path: Path,
    database_url: str,
    redis_url: str,
    s3_endpoint: str,
    session_proxy: S3Proxy,
    simulator: Callable[..., Simulator],
) -> Iterator[StartArchive]:
    """Makes an archive: `start_archive(conversations=20, faults={…}, settings={"STRONGROOM_QUIET_S": "60"})`."""
    session_proxy.faults()
    started: list[Archive] = []

    def start(
        *,
        conversations: int = 12,
        day: date = A_DAY,
        settings: dict[str, str] | None = None,
        **simulator_options: object,
    ) -> Archive:
        usual = {"rate_limit_per_min": 0, "late_s": 1, "transcode_s": 0, "clients": 2, "audio_bytes": 200_000}
        options = usual | simulator_options
        genesys = simulator(conversations=conversations, day=day, **options)
        bucket = (settings or {}).get("STRONGROOM_BUCKET", f"archive-{next(_bucket_numbers)}")
        environment = {
            "STRONGROOM_DATABASE_URL": database_url,
            "STRONGROOM_REDIS_URL": redis_url,
            "STRONGROOM_BUCKET": bucket,
            "STRONGROOM_S3_ENDPOINT_URL": session_proxy.url,
            "STRONGROOM_GENESYS_API_URL": genesys.url,
            "STRONGROOM_GENESYS_LOGIN_URL": genesys.url,
            "STRONGROOM_GENESYS_CLIENTS": genesys.genesys_clients,
            "STRONGROOM_START_DAY": day.isoformat(),
            "STRONGROOM_CATCH_UP_DAYS": "0",
            "STRONGROOM_SPOOL_DIR": str(tmp_path / "spool"),
            "STRONGROOM_REQUESTS_PER_MINUTE": "1000000",  # the simulator has no limit
            "STRONGROOM_QUIET_S": "0",
            "STRONGROOM_RETRY_INTERVAL_S": "1",
            "STRONGROOM_RETRY_DEADLINE_S": "4",
            "STRONGROOM_LEASE_S": "3",
            "STRONGROOM_SWEEP_INTERVAL_S": "1",
            "STRONGROOM_ENQUEUE_GRACE_S": "5",
            "CELERY_BEAT_SCHEDULE": str(tmp_path / "beat-schedule"),
            "CELERY_WORKER_CONCURRENCY": "2",
            **AWS_ENVIRONMENT,
            **(settings or {}),
        }
        archive = Archive(environment, day, genesys, session_proxy, s3_endpoint, bucket, tmp_path / "logs")
        archive.prepare()
        started.append(archive)
        return archive

    yield start
    session_proxy.faults()
    for archive in started:
        archive.engine.dispose()
        archive.house.engine.dispose()


@pytest.fixture
def start_sealing(
    tmp_path: Path, postgres: Postgres, migrated_template: str, s3_endpoint: str
) -> Iterator[StartSealing]:
    """Makes a ledger and a vault for sealing: `start_sealing(STRONGROOM_WITNESS="...")`; nothing else is running."""
    started: list[Sealing] = []

    def start(**settings: str) -> Sealing:
        number = next(_bucket_numbers)
        sealing = Sealing(
            sealing_environment(tmp_path, f"sealing-{number}", s3_endpoint)
            | {"STRONGROOM_DATABASE_URL": postgres.create_database(f"sealing_{number}", migrated_template)}
            | settings
        )
        sealing.make_bucket()
        started.append(sealing)
        return sealing

    yield start
    for sealing in started:
        sealing.engine.dispose()
        postgres.drop_database(sealing.database)


@pytest.fixture
def new_ledger(postgres: Postgres, migrated_template: str) -> Iterator[NewLedger]:
    """The same vault with an empty, migrated ledger."""
    made: list[tuple[str, Archive]] = []

    def make(archive: Archive) -> Archive:
        name = f"rebuilt_{archive.bucket.replace('-', '_')}_{len(made)}"
        url = postgres.create_database(name, template=migrated_template)
        anew = replace(archive, environment=archive.environment | {"STRONGROOM_DATABASE_URL": url})
        made.append((name, anew))
        return anew

    yield make
    for name, anew in made:
        anew.engine.dispose()
        anew.house.engine.dispose()
        postgres.drop_database(name)
