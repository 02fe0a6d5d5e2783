"""`make up`: the embedded stack with its fleet, the Legal desk and Flower, left running until Ctrl-C.

It starts afresh each time: the S3 server keeps its objects in memory, and a ledger without its vault
is worse than none.
"""

import os
import secrets
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from rich.console import Console

from embedded.command import PROGRAMS
from embedded.desk import add_demo_users, running_desk
from embedded.fleet import REPOSITORY, Fleet, running_fleet, start_process
from embedded.ports import free_port, start_on_free_port
from embedded.processes import Child
from embedded.stack import FLEET, NO_AUTHORITY, SimulatedDay, running_stack
from embedded.workspace import fresh_workspace

FOLDER = REPOSITORY / "var" / "up"
_FLOWER_USER = "operator"
_LOOK_EVERY_S = 1.0


def up(simulated: SimulatedDay, console: Console) -> None:
    """Run everything until interrupted, or until one of the processes ends. Raises StrongroomError."""
    with fresh_workspace(FOLDER) as folder, running_stack(folder, simulated) as stack:
        password = secrets.token_urlsafe(12)
        users = add_demo_users(stack.environment)
        environment_file = folder / "env"
        watched = {"STRONGROOM_METRICS_PORT": str(free_port())}
        with (
            running_fleet(stack.environment, folder / "logs", FLEET) as fleet,
            _running_flower(stack.environment, folder / "logs", password) as (flower, flower_url),
            running_desk(stack.environment | watched | {"STRONGROOM_FLOWER_URL": flower_url}, folder / "logs") as (
                desk,
                desk_url,
            ),
        ):
            _write_environment(environment_file, {**stack.environment, "STRONGROOM_DESK_URL": desk_url})
            console.print(
                f"\nStrongroom is up; Beat archives {simulated.day}, {simulated.conversations} conversations.\n"
                f"  Legal desk {desk_url}  sign in as one of these (passwords are shown this once):\n"
                f"{_table(users)}\n"
                f"  Flower     {flower_url}  user {_FLOWER_USER}, password {password} (shown this once)\n"
                f"  metrics    http://127.0.0.1:{watched['STRONGROOM_METRICS_PORT']}/metrics\n"
                f"  Genesys    {stack.simulator.url}/_sim/stats  (simulated)\n"
                f"  S3         {stack.s3.endpoint_url}\n"
                f"  timestamps {stack.timestamp_authority.url if stack.timestamp_authority else NO_AUTHORITY}\n"
                f"  logs       {folder / 'logs'}\n"
                f"In a second terminal:  . {environment_file}  and then, for one:  strongroom status --watch\n"
                f"Ctrl-C stops everything; nothing is kept."
            )
            _stay(Fleet([*fleet.children, desk, flower]))


def _table(passwords: Mapping[str, str]) -> str:
    return "\n".join(f"             {name:16}{password}" for name, password in passwords.items())


def _stay(fleet: Fleet) -> None:
    while True:
        fleet.require_alive()
        time.sleep(_LOOK_EVERY_S)


def _write_environment(path: Path, environment: Mapping[str, str]) -> None:
    """A file for `.` in a shell, readable by its owner only: it holds credentials."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines.append(f'export PATH={shlex.quote(str(PROGRAMS))}:"$PATH"')
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")


@contextmanager
def _running_flower(environment: Mapping[str, str], logs: Path, password: str) -> Iterator[tuple[Child, str]]:
    def start(port: int) -> Child:
        own = {
            "FLOWER_ADDRESS": "127.0.0.1",
            "FLOWER_PORT": str(port),
            "FLOWER_BASIC_AUTH": f"{_FLOWER_USER}:{password}",
        }
        return start_process("flower", {**environment, **own}, logs)

    flower, port = start_on_free_port(start, lambda _, port: _answers(port, password))
    try:
        yield flower, f"http://127.0.0.1:{port}"
    finally:
        flower.stop()


def _answers(port: int, password: str) -> bool:
    """Whether Flower is there, lets us in, and lets in no one else."""
    url = f"http://127.0.0.1:{port}/workers"
    with suppress(requests.ConnectionError):
        known = requests.get(url, auth=(_FLOWER_USER, password), timeout=10)
        unknown = requests.get(url, timeout=10)
        return known.ok and unknown.status_code == 401
    return False
