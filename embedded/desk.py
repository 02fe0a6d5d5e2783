"""The Legal desk on the embedded stack, and a user of each role to try it with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from config.environment import load_settings
from embedded.fleet import start_process
from embedded.ports import start_on_free_port
from embedded.processes import Child
from strongroom.actor import Actor
from strongroom.ledger.engine import connect
from strongroom.legal.access import Role
from strongroom.legal.accounts import add_user
from strongroom.legal.passwords import Passwords, generated_password

_MAKER = Actor("embedded", "make up")


def add_demo_users(environment: Mapping[str, str]) -> dict[str, str]:
    """A user of each role, named for it, who finds the records of all divisions; their passwords by name."""
    settings = load_settings(environment)
    engine = connect(settings.database_url.get_secret_value(), connect_timeout_s=settings.connect_timeout_s)
    passwords = Passwords()
    try:
        given = {role.value: generated_password() for role in Role}
        for name, password in given.items():
            add_user(engine, passwords, name, password, [Role(name)], None, _MAKER)
    finally:
        engine.dispose()
    return given


@contextmanager
def running_desk(environment: Mapping[str, str], logs: Path) -> Iterator[tuple[Child, str]]:
    """Run the desk's process on a free port, stopped on leaving; the process and the desk's address.

    Raises NotStarted.
    """

    def start(port: int) -> Child:
        own = {"UVICORN_PORT": str(port), "STRONGROOM_DESK_URL": _url(port)}
        return start_process("desk", {**environment, **own}, logs)

    desk, port = start_on_free_port(start, lambda _, port: _is_ready(port))
    try:
        yield desk, _url(port)
    finally:
        desk.stop()


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _is_ready(port: int) -> bool:
    with suppress(requests.RequestException, ValueError, KeyError):
        # another's server on this port would not say so
        return bool(requests.get(f"{_url(port)}/readyz", timeout=10).json()["ready"])
    return False
