"""An archive in good health for the doctor: servers, a simulator, a running fleet; and faults to plant in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from archive.archives import wait_until

from embedded.command import strongroom
from embedded.fleet import running_fleet
from embedded.isolation import AWS_ENVIRONMENT
from embedded.simulator import running_simulator
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.gauges import signs_of_life_shown


@dataclass(frozen=True)
class Patient:
    """What the doctor looks at."""

    environment: dict[str, str]
    engine: Engine
    folder: Path


@contextmanager
def healthy(folder: Path, database_url: str, redis_url: str, s3_endpoint: str) -> Iterator[Patient]:
    """Everything there, permitted and set up."""
    with running_simulator(folder / "simulator.log", conversations=1, day=date(2026, 3, 10), clients=2) as genesys:
        environment = {
            "STRONGROOM_DATABASE_URL": database_url,
            "STRONGROOM_REDIS_URL": redis_url,
            "STRONGROOM_BUCKET": "doctored",
            "STRONGROOM_S3_ENDPOINT_URL": s3_endpoint,
            "STRONGROOM_GENESYS_API_URL": genesys.url,
            "STRONGROOM_GENESYS_LOGIN_URL": genesys.url,
            "STRONGROOM_GENESYS_CLIENTS": genesys.genesys_clients,
            "STRONGROOM_START_DAY": "2026-03-10",
            "STRONGROOM_CATCH_UP_DAYS": "0",
            "STRONGROOM_SPOOL_DIR": str(folder / "spool"),
            "STRONGROOM_SWEEP_INTERVAL_S": "1",
            "STRONGROOM_CONNECT_TIMEOUT_S": "2",
            "STRONGROOM_LOG_KEY_FILE": str(folder / "log.pem"),
            "STRONGROOM_LOG_ORIGIN": "example.com/doctored",
            "CELERY_BEAT_SCHEDULE": str(folder / "beat-schedule"),
            "CELERY_WORKER_CONCURRENCY": "1",
            **AWS_ENVIRONMENT,
        }
        strongroom(environment, "migrate")
        strongroom(environment, "vault", "create")
        strongroom(environment, "log", "new-key", environment["STRONGROOM_LOG_KEY_FILE"])
        engine = connect(database_url, connect_timeout_s=5)
        sizes = {"worker": 1, "control": 1, "restore": 1, "records": 1, "beat": 1}
        with running_fleet(environment, folder / "logs", sizes) as fleet:
            for child in fleet.children[:-1]:  # all but Beat
                child.wait_until(lambda child=child: True if " ready." in child.log_text() else None, timeout_s=60)
            wait_until(lambda: signs_of_life_shown(engine), "a sweep")
            yield Patient(environment, engine, folder)
        engine.dispose()


def policy_without(folder: Path, name: str, words: str) -> str:
    """A copy of one of the files of `config/` in which something is misspelt."""
    copy = folder / name
    shutil.copy(Path("config") / name, copy)
    copy.write_text(copy.read_text().replace(words, f"{words}x", 1))
    return str(copy)
