"""An S3 server (moto's) on a free port of 127.0.0.1. It keeps everything in memory and checks no signatures."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.processes import Child, start

_LISTENING = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
_REQUEST = re.compile(r'"(?P<method>[A-Z]+) /(?P<target>\S*) HTTP/[\d.]+" (?P<status>\d{3})')


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    child: Child
    endpoint_url: str

    def writes(self, bucket: str, prefix: str) -> int:
        """How many requests to write below a prefix of a bucket it has answered: PUT and POST, successful or not.

        Counted in the server's own access log: no one else's word is taken for what was asked of it.
        """
        requests = _REQUEST.finditer(self.child.log_text())
        return sum(
            1
            for request in requests
            if request["method"] in ("PUT", "POST") and request["target"].startswith(f"{bucket}/{prefix}")
        )


@contextmanager
def running_s3(log: Path) -> Iterator[S3Server]:
    """Run a server; stopped, and all it holds gone, on leaving. Raises NotStarted."""
    log.unlink(missing_ok=True)  # else its address would be read from an earlier run
    child = start("the S3 server", [sys.executable, "-m", "embedded.s3_server", "-H", "127.0.0.1", "-p", "0"], log=log)
    try:
        yield S3Server(child, child.wait_until(lambda: _address(child)))
    finally:
        child.stop()


def _address(child: Child) -> str | None:
    found = _LISTENING.search(child.log_text())
    return found[1] if found else None
