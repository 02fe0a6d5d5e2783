"""A proxy in a child process, and its control surface."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from embedded.processes import Child, start

_TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class S3Proxy:
    """A running proxy; `url` is the S3 endpoint to give to a client."""

    url: str

    def faults(self, **wanted: Any) -> None:
        """Set exactly these faults: `faults(error_503={"times": 1}, drop_conditional=True)`; none clears them.

        `cold={"classes": {"recordings/": "GLACIER"}, "ready_after_s": 1}` makes a store of archived objects (cold.py).
        """
        self._ask("/_proxy/faults", json.dumps(wanted).encode())

    def applied(self, fault: str) -> int:
        """How often a fault has been applied since faults were last set."""
        return int(self._ask("/_proxy/stats")["faults"].get(fault, 0))

    def restores_asked(self) -> list[dict[str, Any]]:
        """Each RestoreObject since the cold store was set: `path`, `tier`, `days`, `status`."""
        asked: list[dict[str, Any]] = self._ask("/_proxy/asked")
        return asked

    def requests(self, operation: str) -> int:
        """How many requests of an S3 operation it has seen since it started, whatever became of them."""
        return sum(self._ask("/_proxy/stats")["requests"].get(operation, {}).values())

    def counts(self) -> dict[str, int]:
        """How many requests of each operation it has seen since it started, whatever became of them."""
        return {name: sum(statuses.values()) for name, statuses in self._ask("/_proxy/stats")["requests"].items()}

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        with urlopen(Request(self.url + path, data=body), timeout=10) as answer:
            return json.load(answer)


@contextmanager
def running_proxy(upstream: str, log: Path) -> Iterator[S3Proxy]:
    """Run a proxy before an S3 server; stopped on leaving."""
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "s3proxy", "--upstream", upstream]
    child = start("the S3 proxy", command, log=log, cwd=_TESTS)
    try:
        yield S3Proxy(child.wait_until(lambda: _url(child)))
    finally:
        child.stop()


def _url(child: Child) -> str | None:
    lines = [line for line in child.log_text().splitlines(keepends=True) if line.startswith('{"url"')]
    return json.loads(lines[0])["url"] if lines and lines[0].endswith("\n") else None
