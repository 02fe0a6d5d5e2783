"""The second S3 server (ministack) on a free port of 127.0.0.1. It keeps default locks and old versions as S3 does.

It speaks KMS as well, at the same address. It takes any credentials, and heeds no bucket policy.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.ports import start_on_free_port
from embedded.processes import Child, start


@contextmanager
def running_ministack(log: Path) -> Iterator[str]:
    """Run a server and give its URL; stopped, and all it holds gone, on leaving. Raises NotStarted."""
    child, port = start_on_free_port(lambda port: _start(port, log), lambda _, port: _listens(port))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.stop()


def _start(port: int, log: Path) -> Child:
    env = {
        "BIND_HOST": "127.0.0.1",  # else it listens on all interfaces
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3,kms",
        "IOT_MTLS_ENABLED": "0",  # else it takes port 8883 as well
        "S3_PERSIST": "0",
        "TMPDIR": str(log.parent),
    }
    return start("ministack", [sys.executable, "-m", "ministack"], log=log, env=env)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
