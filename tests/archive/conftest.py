"""An archive of its own for each test, on the session's servers."""

import itertools
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from archives import Archive
from s3proxy.running import S3Proxy, running_proxy

from embedded.isolation import AWS_ENVIRONMENT
from embedded.simulator import Simulator

_bucket_numbers = itertools.count(1)

StartArchive = Callable[..., Archive]

A_DAY = date(2026, 3, 10)


@pytest.fixture(scope="session")
def session_proxy(s3_endpoint: str, servers_folder: Path) -> Iterator[S3Proxy]:
    """The proxy before the S3 server, one for all tests here."""
    with running_proxy(s3_endpoint, servers_folder / "s3proxy-archive.log") as proxy:
        yield proxy


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
        options = {"rate_limit_per_min": 0, "late_s": 1, "transcode_s": 0, "clients": 2} | simulator_options
        genesys = simulator(conversations=conversations, day=day, **options)
        bucket = f"archive-{next(_bucket_numbers)}"
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
