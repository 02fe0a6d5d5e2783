"""One night: servers, a supervised fleet, a simulated day, and what is struck while it is archived."""

import glob
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from s3proxy.running import S3Proxy, running_proxy

from chaos.supervised import Process, Supervised
from embedded.command import strongroom
from embedded.postgres import Postgres, running_postgres
from embedded.redis import RedisServer, running_redis
from embedded.s3 import S3Server, running_s3
from embedded.simulator import Simulator, running_simulator
from embedded.stack import settings_environment
from strongroom.ledger.engine import Engine, connect
from strongroom.times import day_of, utc_now

_FLEET = {"worker": 3, "control": 1, "restore": 1, "beat": 2}
"""Two Beats, because that must be harmless."""
_CLIENTS = 12
_SMALL_SPOOL = "small-spool"
_SPOOL_BYTES = 48 * 1024 * 1024
_CLOCK_OFF = "+10m"
_SLEEPS = Path(__file__).parent / "clock_off"
_SETTINGS = {
    "STRONGROOM_RETRY_INTERVAL_S": "3",
    # longer than the outages: what was there to be fetched must not be given up for one of ours
    "STRONGROOM_RETRY_DEADLINE_S": "150",
    "STRONGROOM_READ_TIMEOUT_S": "20",
    "CELERY_WORKER_CONCURRENCY": "3",
}


@dataclass
class Night:
    """What is running, and what may be struck. `not_tried` says which blows this machine does not allow, and why."""

    folder: Path
    day: date
    environment: dict[str, str]
    postgres: Postgres
    redis: RedisServer
    s3: S3Server
    proxy: S3Proxy
    simulator: Simulator
    engine: Engine
    fleet: Supervised
    spool: Path | None
    not_tried: dict[str, str] = field(default_factory=dict)

    @property
    def next_version(self) -> Path:
        """Where the next version's code is put."""
        return self.folder / "next"


@contextmanager
def begun_night(folder: Path, *, seed: int, conversations: int) -> Iterator[Night]:
    """Start servers and fleet on a day that ended; all stopped on leaving. Raises NotStarted and CommandFailed."""
    day = day_of(utc_now()) - timedelta(days=1)
    logs = folder / "logs"
    not_tried: dict[str, str] = {}
    with ExitStack() as running:
        postgres = running.enter_context(running_postgres(logs / "postgres.log"))
        redis = running.enter_context(running_redis(logs / "redis.log"))
        s3 = running.enter_context(running_s3(logs / "s3.log"))
        proxy = running.enter_context(running_proxy(s3.endpoint_url, logs / "s3proxy.log"))
        simulator = running.enter_context(
            running_simulator(
                logs / "simulator.log",
                conversations=conversations,
                day=day,
                seed=seed,
                clients=_CLIENTS,
                now=f"{day + timedelta(days=1)}T00:30:00Z",
                late_s=5,
                transcode_s=1,
                long_transcode_s=5,
                restore_s=5,
                job_s=1,
                availability_lag_s=600,
            )
        )
        spool = running.enter_context(_small_spool(folder / _SMALL_SPOOL, not_tried))
        environment = (
            settings_environment(
                folder,
                postgres.create_database("strongroom"),
                redis.url(),
                proxy.url,
                simulator.url,
                simulator.genesys_clients,
                day,
            )
            | _SETTINGS
            | {"STRONGROOM_LOG_KEY_FILE": str(folder / "log.pem")}
        )
        strongroom(environment, "migrate")
        strongroom(environment, "vault", "create")
        strongroom(environment, "log", "new-key", environment["STRONGROOM_LOG_KEY_FILE"])
        engine = connect(environment["STRONGROOM_DATABASE_URL"], connect_timeout_s=5)
        running.callback(engine.dispose)
        fleet = Supervised(list(_processes(environment, spool, not_tried)), logs)
        running.callback(fleet.stop)
        yield Night(folder, day, environment, postgres, redis, s3, proxy, simulator, engine, fleet, spool, not_tried)


def _processes(environment: dict[str, str], spool: Path | None, not_tried: dict[str, str]) -> Iterator[Process]:
    """The first worker's spool is small, the last one's clock is off."""
    library = next(iter(sorted(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"))), None)  # noqa: PTH207
    if library is None:
        not_tried["a worker's clock is ten minutes off"] = "libfaketime is not installed (Debian: libfaketime)"
    for name, size in _FLEET.items():
        for number in range(1, size + 1):
            own = dict(environment)
            if name == "beat":
                own["CELERY_BEAT_SCHEDULE"] = f"{environment['CELERY_BEAT_SCHEDULE']}-{number}"
            if name == "worker" and number == 1 and spool is not None:
                own["STRONGROOM_SPOOL_DIR"] = str(spool / "spool")
            if name == "worker" and number == size and library is not None:
                own |= {"LD_PRELOAD": library, "FAKETIME": _CLOCK_OFF, "DONT_FAKE_MONOTONIC": "1"}
                own["PYTHONPATH"] = str(_SLEEPS)  # what the library breaks
            yield Process(name, number, own)


def unmount_left(nights: Path) -> None:
    """Let go of the small file systems of nights that were killed before they could."""
    for folder in nights.glob(f"*/{_SMALL_SPOOL}"):
        if folder.is_mount():
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def _small_spool(folder: Path, not_tried: dict[str, str]) -> Iterator[Path | None]:
    """A file system of a few megabytes, where this user may mount one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SPOOL_BYTES}", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        not_tried["the spool is full"] = f"no file system can be mounted: {mounted.stderr.strip()}"
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def wait(night: Night, seconds: float) -> None:
    """Let time pass, with the supervisor at work."""
    until = time.monotonic() + seconds
    while True:
        night.fleet.keep_running()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 0.2))
