"""One look at a running fleet from outside: its processes, and what it has open and keeps in PostgreSQL and Redis."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import redis
from sqlalchemy import make_url

from bench.memory import MIB
from config.celery import QUEUES
from embedded.fleet import Fleet

_UNACKED = "unacked"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}")
_COUNTED = {
    "connections": "pg_stat_activity WHERE datname = current_database() AND application_name = 'strongroom'",
    "stored": "recordings WHERE state = 'stored'",
    "in_review": "recordings WHERE state = 'review'",
    "unfinished": "conversations WHERE state IN ('discovered', 'capturing')",
    "enumerating": "runs WHERE state = 'enumerating'",
    "settled": "runs WHERE state = 'settled'",
    "recounts": "recounts",
    "sealed": "sealed_days",
}


@dataclass(frozen=True)
class ProcessSample:
    """One process. `rss_mib` is its resident memory, `pss_mib` its share of it, `uss_mib` what is its alone."""

    rss_mib: float
    pss_mib: float
    uss_mib: float
    descriptors: int
    threads: int


@dataclass(frozen=True)
class RedisSample:
    """`keys` are counted by their name with ids as `*`; `lasting` are those of them that never expire.

    `queues` are the lengths of the queues and of what workers hold unacknowledged, `rest_bytes` the memory of all other
    keys.
    """

    used_bytes: int
    clients: int
    keys: dict[str, int]
    lasting: dict[str, int]
    queues: dict[str, int]
    rest_bytes: int


@dataclass(frozen=True)
class LedgerSample:
    """Rows. `connections` are the fleet's, in whatever state; `unfinished` the conversations still to be archived;
    `settled`, `recounts` and `sealed` are days.
    """

    connections: int
    stored: int
    in_review: int
    unfinished: int
    enumerating: int
    settled: int
    recounts: int
    sealed: int


@dataclass(frozen=True)
class FleetSample:
    """All of it at one moment. Processes are by name: `worker-1`, and `worker-1 pool PID` for each of its pool.

    `load` is the machine's average of a minute: what else runs on it is in that, too.
    """

    processes: dict[str, ProcessSample]
    redis: RedisSample
    ledger: LedgerSample
    spooled: int
    load: float


@dataclass(frozen=True)
class Observer:
    """What looks: over connections of its own, which are not counted as the fleet's."""

    fleet: Fleet
    server: redis.Redis
    database: Any  # a psycopg2 connection, which is untyped
    spool: Path

    def look(self) -> FleetSample:
        """Take a sample."""
        processes = {}
        for name, process in self._processes():
            with suppress(psutil.NoSuchProcess):
                processes[name] = _process(process)
        spooled = sum(1 for _ in self.spool.glob("*"))
        return FleetSample(processes, _redis(self.server), self.ledger(), spooled, os.getloadavg()[0])

    def ledger(self) -> LedgerSample:
        """The ledger's part alone."""
        return LedgerSample(**{name: self._count(rows) for name, rows in _COUNTED.items()})

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        for child in self.fleet.children:
            main = psutil.Process(child.pid)
            yield child.name, main
            for process in main.children(recursive=True):
                yield f"{child.name} pool {process.pid}", process

    def _count(self, rows: str) -> int:
        with self.database.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {rows}")
            return int(cursor.fetchone()[0])


@contextmanager
def observing(fleet: Fleet, environment: dict[str, str]) -> Iterator[Observer]:
    """Connect to what these settings of the fleet name."""
    address = make_url(environment["STRONGROOM_DATABASE_URL"]).set(drivername="postgresql")
    with ExitStack() as open_now:
        database = psycopg2.connect(address.render_as_string(hide_password=False), application_name="an observer")
        open_now.callback(database.close)
        database.autocommit = True
        server = open_now.enter_context(redis.Redis.from_url(environment["STRONGROOM_REDIS_URL"]))
        yield Observer(fleet, server, database, Path(environment["STRONGROOM_SPOOL_DIR"]))


def _process(process: psutil.Process) -> ProcessSample:
    memory = process.memory_full_info()
    return ProcessSample(
        rss_mib=memory.rss / MIB,
        pss_mib=memory.pss / MIB,
        uss_mib=memory.uss / MIB,
        descriptors=process.num_fds(),
        threads=process.num_threads(),
    )


def _redis(server: redis.Redis) -> RedisSample:
    info: dict[str, Any] = server.info()
    names: list[bytes] = list(server.scan_iter(count=1_000))
    lasting: Counter[str] = Counter()
    rest_bytes = 0
    for name in names:
        if server.ttl(name) == -1:
            lasting[key_kind(name.decode())] += 1
        if name.decode() not in {*QUEUES, _UNACKED}:
            rest_bytes += server.memory_usage(name, samples=0) or 0
    return RedisSample(
        used_bytes=info["used_memory"],
        clients=info["connected_clients"],
        keys=dict(sorted(Counter(key_kind(name.decode()) for name in names).items())),
        lasting=dict(sorted(lasting.items())),
        queues={queue: server.llen(queue) for queue in QUEUES} | {_UNACKED: server.hlen(_UNACKED)},
        rest_bytes=rest_bytes,
    )


def key_kind(key: str) -> str:
    """A key's name with `*` for each id in it, so that keys of one kind count together."""
    return _ID.sub("*", key)
