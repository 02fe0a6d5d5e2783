"""`python -m embedded demo|up`; `CONVERSATIONS`, `SEED` and `DAY` in the environment say what is simulated."""

import argparse
import os
import signal
import sys
from types import FrameType

from cli.output import open_console
from embedded.demo import demo, simulated_day
from embedded.isolation import isolate_this_process
from embedded.up import up
from strongroom.errors import StrongroomError

_INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """The exit code: 0 done, 1 the promises did not hold, else as `strongroom` has them; 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    parser.add_argument("what", choices=["demo", "up"])
    what = parser.parse_args().what
    # Both, whatever a shell that started us in the background made of them: what was started must be stopped.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    isolate_this_process()
    os.umask(0o022)  # PostgreSQL's user must be able to read its copy of the program
    console = open_console()
    try:
        simulated = simulated_day(os.environ)
        if what == "demo":
            return 0 if demo(simulated, console) else 1
        up(simulated, console)
    except StrongroomError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        console.print("\nStopped, with everything that was started.")
        return _INTERRUPTED
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
