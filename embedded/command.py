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


def strongroom(environment: Mapping[str, str], *arguments: str, timeout_s: float = 600) -> str:
    """Run it and return what it printed. Raises CommandFailed."""
    line = f"strongroom {' '.join(arguments)}"
    try:
        done = subprocess.run(
            [PROGRAMS / "strongroom", *arguments],
            env=clean_environment() | dict(environment),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"no end after {timeout_s:g} s", where=line, todo="see the workers' logs") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines() or ["it said nothing"]
        raise CommandFailed(f"exit code {error.returncode}", where=line, todo=said[-1]) from error
    return done.stdout
