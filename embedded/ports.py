"""A TCP port of 127.0.0.1 for a server that can't pick one itself."""

import socket
from collections.abc import Callable

from embedded.processes import Child, NotStarted

_ATTEMPTS = 5


def free_port() -> int:
    """A port that no one listens on now. Another process may take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_on_free_port(start: Callable[[int], Child], is_ready: Callable[[Child, int], bool]) -> tuple[Child, int]:
    """Start a server on a free port and wait until it is ready; on another one when that port was taken meanwhile.

    Raises NotStarted when it comes up on none of five ports.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        port = free_port()
        child = start(port)
        try:
            _wait_until_ready(child, port, is_ready)
        except NotStarted:
            if attempt == _ATTEMPTS:
                raise
        else:
            return child, port
    raise AssertionError("the last attempt returns or raises")


def _wait_until_ready(child: Child, port: int, is_ready: Callable[[Child, int], bool]) -> None:
    try:
        child.wait_until(lambda: is_ready(child, port) or None)
    except BaseException:  # also Ctrl-C: no one else knows of the child yet
        child.kill()
        raise
