"""The installed command as a process: pipes that close, and terminals with and without colours."""

import os
import pty
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "strongroom"
POLICY = Path(__file__).parents[2] / "config" / "retention.yaml"


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [PROGRAM, "policy", "check", POLICY, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 141


def test_colours_are_for_terminals_that_want_them(tmp_path: Path) -> None:
    policy = tmp_path / "retention.yaml"
    # a default class under COMPLIANCE is warned of
    policy.write_text(POLICY.read_text().replace("default_class: unclassified", "default_class: email"))

    def on_a_terminal(**extra: str) -> str:
        inside, outside = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "60", **extra}
        done = subprocess.run(
            [PROGRAM, "policy", "check", policy], check=False, stdout=outside, stderr=subprocess.PIPE, env=environment
        )
        os.close(outside)
        shown = b""
        while chunk := _read(inside):
            shown += chunk
        os.close(inside)
        assert (done.returncode, done.stderr) == (0, b"")
        return shown.decode()

    yellow = "\x1b[33m"
    assert yellow in on_a_terminal()
    assert yellow not in on_a_terminal(NO_COLOR="1")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that the other end is closed
        return b""
