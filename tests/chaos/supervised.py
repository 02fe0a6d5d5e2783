"""The fleet under a supervisor: what ends is started again, as systemd, Kubernetes or Docker would."""

import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.fleet import REPOSITORY, start_process
from embedded.processes import Child

RESTART_PAUSE_S = 1.0
"""Before a process that ended is started again, so that one that can't start does not eat the machine."""
_GRACE_S = 30.0


@dataclass
class Process:
    """One process of the Procfile, whichever child is it at the moment."""

    name: str
    number: int
    environment: Mapping[str, str]
    tree: Path = REPOSITORY
    child: Child | None = None
    ended_at: float | None = None
    starts: int = 0


@dataclass
class Supervised:
    """The processes of a fleet. Used from the main thread alone: the kernel counts the death of the starting thread."""

    processes: list[Process]
    logs: Path

    def keep_running(self) -> None:
        """Start what isn't running; what has just ended a moment later."""
        for process in self.processes:
            if process.child is not None and process.child.has_ended():
                process.child.kill()  # what is left of its group, as a supervisor's control group is emptied
                process.child = None
                process.ended_at = time.monotonic()
            if process.child is None and time.monotonic() - (process.ended_at or 0.0) >= RESTART_PAUSE_S:
                process.child = start_process(
                    process.name, process.environment, self.logs, number=process.number, tree=process.tree
                )
                process.starts += 1

    def kill_pool_process(self, chance: random.Random) -> str | None:
        """SIGKILL one process of a worker's pool, and say of which; None when there is none just now."""
        pools = [
            (process, one)
            for process in self.processes
            if process.child is not None and process.name != "beat"
            for one in _children_of(process.child)
        ]
        if not pools:
            return None
        process, victim = chance.choice(pools)
        try:
            victim.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:  # it ended by itself just now
            return None
        return f"{process.name}-{process.number}"

    def kill(self, chance: random.Random, *names: str) -> str | None:
        """SIGKILL a whole process of one of these names, its pool included; None when none runs just now."""
        running = [process for process in self.processes if process.child is not None and process.name in names]
        if not running:
            return None
        process = chance.choice(running)
        assert process.child is not None
        process.child.kill()
        process.child = None
        process.ended_at = time.monotonic()
        return f"{process.name}-{process.number}"

    def move_to(self, process: Process, tree: Path) -> None:
        """Stop a process warmly and have it run from another tree, as a deployment does."""
        if process.child is not None:
            process.child.stop(_GRACE_S)
        process.child, process.tree, process.ended_at = None, tree, None

    def stop(self) -> None:
        """End all of it, warmly."""
        running = [process.child for process in self.processes if process.child is not None]
        for child in running:
            child.ask_to_stop()
        for child in running:
            child.stop(_GRACE_S)


def _children_of(child: Child) -> list[psutil.Process]:
    try:
        return [one for one in psutil.Process(child.pid).children() if one.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []
