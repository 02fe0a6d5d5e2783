"""Child processes that end when they are told to, and when whoever started them dies, however it dies."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from embedded.isolation import clean_environment
from strongroom.errors import Unreachable

Answer = TypeVar("Answer")

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None, use_errno=True)
_POLL_S = 0.02


class NotStarted(Unreachable):
    """A child process ended, or was not ready in time; says which, and shows the end of its log."""


@dataclass
class Child:
    """A running child process, leader of a process group of its own, so that Ctrl-C reaches it through us only."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals
    _stopped: bool = field(default=False, init=False)

    @property
    def pid(self) -> int:
        """The operating system's process id, and the id of its process group."""
        return self.process.pid

    def has_ended(self) -> bool:
        """Whether it is no longer running. It stays unreaped, so its id can't come to mean another process."""
        if self._stopped:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait_until(self, answer: Callable[[], Answer | None], timeout_s: float = 30) -> Answer:
        """Ask until there is an answer, and return it. Raises NotStarted when the child ends or the time is up."""
        deadline = time.monotonic() + timeout_s
        while (found := answer()) is None:
            if self.has_ended():
                raise self._not_started("ended before it was ready")
            if time.monotonic() > deadline:
                raise self._not_started(f"was not ready after {timeout_s:g} s")
            time.sleep(_POLL_S)
        return found

    def log_text(self) -> str:
        """What it has written to stdout and stderr so far."""
        return self.log.read_text(errors="replace")

    def ask_to_stop(self) -> None:
        """Send the signal that means "finish and leave" to it, and return at once."""
        if not self.has_ended():
            os.kill(self.pid, self.stop_signal)

    def stop(self, grace_s: float = 10) -> None:
        """End it and its process group: asked first, killed after `grace_s`. A second call does nothing."""
        if self._stopped:
            return
        self.ask_to_stop()
        deadline = time.monotonic() + grace_s
        while not self.has_ended() and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL it and whatever is left of its process group, and reap it."""
        if not self._stopped:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()
            self._stopped = True

    def _not_started(self, what: str) -> NotStarted:
        last_lines = " | ".join(self.log_text().strip().splitlines()[-3:])
        return NotStarted(f"{self.name} {what}", where=str(self.log), todo=last_lines or "it wrote nothing")


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    orphan_signal: signal.Signals = signal.SIGKILL,
) -> Child:
    """Start a command; its output is appended to `log`.

    `env` is added to what `clean_environment` leaves of ours. `orphan_signal` reaches it when we die (Linux only; the
    kernel counts the death of the *thread* that calls this). Raises NotStarted when the program can't be run.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        if sys.platform == "linux":
            _LIBC.prctl(_PR_SET_PDEATHSIG, orphan_signal)
            if os.getppid() != parent:  # it died before we asked to be told
                os.kill(os.getpid(), signal.SIGKILL)

    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment() | {"PYTHONUNBUFFERED": "1"} | dict(env or {}),
                cwd=cwd,
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
                process_group=0,
                preexec_fn=die_with_parent,  # noqa: PLW1509  the alternative, a launcher program, doubles start-up time
            )
    except OSError as error:
        raise NotStarted(f"{name} can't be run: {error.strerror}", where=str(command[0]), todo="make setup") from error
    return Child(name, process, log, stop_signal)
