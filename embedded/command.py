"""The `strongroom` command as an operator runs it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from embedded.isolation import clean_environment
from strongroom.errors import StrongroomError

PROGRAMS = Path(sys.executable).parent


class CommandFailed(StrongroomError):
    """`strongroom …` ended with an error; the text is its own last line."""


def strongroom(environment: Mapping[str, str], *arguments: str, findings: bool = False, timeout_s: float = 600) -> None:
    """Run it. Raises CommandFailed, for findings (exit code 1) unless they are expected."""
    line = f"strongroom {' '.join(arguments)}"
    try:
        done = subprocess.run(
            [PROGRAMS / "strongroom", *arguments],
            env=clean_environment() | dict(environment),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"no end after {timeout_s:g} s", where=line, todo="see the workers' logs") from error
    if done.returncode not in ((0, 1) if findings else (0,)):
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise CommandFailed(f"exit code {done.returncode}", where=line, todo=said[-1])
