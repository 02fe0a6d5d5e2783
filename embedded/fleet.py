"""The processes of the archive as the Procfile has them, each started from the environment alone."""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.command import PROGRAMS
from embedded.processes import Child, NotStarted, start

REPOSITORY = Path(__file__).resolve().parent.parent
_GRACE_S = 30  # a warm shutdown finishes the recordings in hand


@dataclass(frozen=True)
class Fleet:
    """Running processes."""

    children: Sequence[Child]

    def require_alive(self) -> None:
        """Raises NotStarted for the first process that has ended by itself."""
        for child in self.children:
            if child.has_ended():
                last_lines = " | ".join(child.log_text().strip().splitlines()[-3:])
                raise NotStarted(f"{child.name} ended by itself", where=str(child.log), todo=last_lines)


def procfile_commands(procfile: Path) -> dict[str, list[str]]:
    """The command line of each process type, split into words."""
    lines = (line.partition(":") for line in procfile.read_text().splitlines() if line.strip())
    return {name.strip(): shlex.split(command) for name, _, command in lines}


def start_process(
    name: str, environment: Mapping[str, str], logs: Path, *, number: int = 1, tree: Path = REPOSITORY
) -> Child:
    """Start one of the Procfile's processes; `number` tells several of one type on this machine apart.

    `tree` is where its code is: another version's, perhaps.
    """
    node = f"{name}-{number}"
    programs = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return start(
        node,
        procfile_commands(tree / "Procfile")[name],
        log=logs / f"{node}.log",
        cwd=tree,
        env={**environment, "PATH": programs, "CELERY_WORKER_HOSTNAME": f"{node}@%h"},
    )


@contextmanager
def running_fleet(environment: Mapping[str, str], logs: Path, sizes: Mapping[str, int]) -> Iterator[Fleet]:
    """Run `sizes` processes of each type (`{"worker": 2, "beat": 1}`); all are stopped warmly on leaving."""
    children: list[Child] = []
    try:
        for name, size in sizes.items():
            for number in range(1, size + 1):
                # one by one: when one fails, the others must be known, to be stopped
                children.append(start_process(name, environment, logs, number=number))  # noqa: PERF401
        yield Fleet(children)
    finally:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop(_GRACE_S)
