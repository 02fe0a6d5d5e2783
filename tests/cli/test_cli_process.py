"""The installed command as a process: pipes that close, and terminals with and without colours."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from embedded.isolation import AWS_ENVIRONMENT

PROGRAM = Path(sys.executable).parent / "strongroom"


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [PROGRAM, "policy", "check", "config/retention.yaml", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 141


def test_colours_are_for_terminals_that_want_them(environment: dict[str, str]) -> None:
    def on_a_terminal(**extra: str) -> str:
        inside, outside = pty.openpty()
        own = {**os.environ, **AWS_ENVIRONMENT, **environment, "TERM": "xterm", "COLUMNS": "60", **extra}
        done = subprocess.run(
            [PROGRAM, "doctor"], check=False, stdout=outside, stderr=subprocess.PIPE, env=own, timeout=120
        )
        os.close(outside)
        shown = b""
        while chunk := _read(inside):
            shown += chunk
        os.close(inside)
        assert (done.returncode, done.stderr) == (3, b"")
        return shown.decode()

    assert "\x1b[31m✗" in on_a_terminal()
    assert "\x1b[31m" not in on_a_terminal(NO_COLOR="1")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that the other end is closed
        return b""
