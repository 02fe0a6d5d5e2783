"""Everything the archive needs, running: PostgreSQL, Redis, S3, the simulator, and the settings that point to them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from embedded.command import strongroom
from embedded.isolation import AWS_ENVIRONMENT
from embedded.postgres import running_postgres
from embedded.redis import running_redis
from embedded.s3 import S3Server, running_s3
from embedded.simulator import Simulator, running_simulator
from embedded.timestamp_authority import TimestampAuthority, has_openssl, running_timestamp_authority
from simulator.awkwardness import EVERY

BUCKET = "strongroom-vault"
FLEET = {"worker": 2, "control": 1, "restore": 1, "records": 1, "beat": 1}
NO_AUTHORITY = "none: this machine has no openssl to run an authority, so checkpoints are sealed without"
_DATABASE = "strongroom"

_FAULTS = {
    "rate_429": 0.02,
    "rate_500": 0.02,
    "rate_503": 0.02,
    "rate_reset": 0.01,
    "rate_truncated": 0.02,
    "rate_overlong": 0.01,
    "rate_expired_link": 0.02,
    "rate_token_refused": 0.002,
}
_SHOWN_LATE_S = 30 * 3600  # after the end: past the first night, before the second look
# Waits that are minutes or hours in production, so that a day settles while someone watches.
_SHORTENED = {
    "STRONGROOM_ENUMERATE_AT": "00:00",
    "STRONGROOM_QUIET_S": "0",
    "STRONGROOM_RETRY_INTERVAL_S": "2",
    "STRONGROOM_RETRY_DEADLINE_S": "20",
    "STRONGROOM_RESTORE_DEADLINE_S": "60",
    "STRONGROOM_LEASE_S": "10",
    "STRONGROOM_SWEEP_INTERVAL_S": "2",
    "STRONGROOM_ENQUEUE_GRACE_S": "15",
}


@dataclass(frozen=True)
class SimulatedDay:
    """What the simulator plays: `conversations` that end on `day` (UTC), and neighbours; the same for the same seed."""

    day: date
    conversations: int
    seed: int

    @property
    def query_reach(self) -> int:
        """Fewer than the day has, where it has some hundreds: then it is read from both ends."""
        return max(100, self.conversations * 3 // 4 // 100 * 100)


@dataclass(frozen=True)
class Stack:
    """Running servers; `environment` is all that a process of the archive is given."""

    environment: dict[str, str]
    s3: S3Server
    simulator: Simulator
    timestamp_authority: TimestampAuthority | None  # none where there is no openssl to run one


@contextmanager
def running_stack(folder: Path, simulated: SimulatedDay) -> Iterator[Stack]:
    """Run the servers with logs in `folder/logs`, the schema migrated and the bucket made; all stopped on leaving.

    Raises NotStarted and CommandFailed.
    """
    logs = folder / "logs"
    with ExitStack() as running:
        postgres = running.enter_context(running_postgres(logs / "postgres.log"))
        redis = running.enter_context(running_redis(logs / "redis.log"))
        s3 = running.enter_context(running_s3(logs / "s3.log"))
        simulator = running.enter_context(
            running_simulator(
                logs / "simulator.log",
                conversations=simulated.conversations,
                day=simulated.day,
                seed=simulated.seed,
                clients=12,  # a pool: 300 requests a minute each, as the real one allows
                faults=_FAULTS,
                now=f"{simulated.day + timedelta(days=1)}T00:30:00Z",
                late_s=3,
                transcode_s=1,
                long_transcode_s=3,
                restore_s=3,
                job_s=1,
                availability_lag_s=600,
                shown_late_s=_SHOWN_LATE_S,
                total_hits_cap=simulated.query_reach,
                awkward_only=",".join(EVERY),
            )
        )
        environment = settings_environment(
            folder,
            postgres.create_database(_DATABASE),
            redis.url(),
            s3.endpoint_url,
            simulator.url,
            simulator.genesys_clients,
            simulated.day,
        ) | {"STRONGROOM_QUERY_REACH": str(simulated.query_reach)}
        key_file = str(folder / "log.pem")
        environment |= {"STRONGROOM_LOG_KEY_FILE": key_file, "STRONGROOM_WITNESS": str(folder / "witness")}
        authority = None
        if has_openssl():
            authority = running.enter_context(running_timestamp_authority(folder / "timestamp-authority"))
            environment |= {
                "STRONGROOM_TIMESTAMP_URL": authority.url,
                "STRONGROOM_TIMESTAMP_ROOTS_FILE": str(authority.roots_file),
            }
        strongroom(environment, "migrate")
        strongroom(environment, "vault", "create")
        strongroom(environment, "log", "new-key", key_file)
        yield Stack(environment, s3, simulator, authority)


def settings_environment(
    folder: Path,
    database_url: str,
    redis_url: str,
    s3_endpoint_url: str,
    genesys_url: str,
    genesys_clients: str,
    start_day: date,
) -> dict[str, str]:
    """The environment of every process of the archive on this stack."""
    return {
        "STRONGROOM_DATABASE_URL": database_url,
        "STRONGROOM_REDIS_URL": redis_url,
        "STRONGROOM_BUCKET": BUCKET,
        "STRONGROOM_S3_ENDPOINT_URL": s3_endpoint_url,
        "STRONGROOM_GENESYS_API_URL": genesys_url,
        "STRONGROOM_GENESYS_LOGIN_URL": genesys_url,
        "STRONGROOM_GENESYS_CLIENTS": genesys_clients,
        "STRONGROOM_START_DAY": start_day.isoformat(),
        "STRONGROOM_SPOOL_DIR": str(folder / "spool"),
        "STRONGROOM_PHONE_REGION": "GB",  # whose numbers the simulator plays, with and without +44
        "CELERY_BEAT_SCHEDULE": str(folder / "beat-schedule"),
        "CELERY_WORKER_CONCURRENCY": "3",
        **_SHORTENED,
        **AWS_ENVIRONMENT,
    }
