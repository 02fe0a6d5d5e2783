"""Who runs a command, as the custody chain names them."""

import os
import pwd
import socket
from collections.abc import Mapping
from pathlib import Path

from strongroom.actor import Actor

LOGINUID = Path("/proc/self/loginuid")
"""Who signed in to the machine, by the kernel's audit: it stays as it is through `sudo` and `su`."""
_NOBODY = 2**32 - 1


def operator() -> Actor:
    """The account of the person at the terminal, as the system knows it, and its host."""
    uid = person_at_terminal(LOGINUID, os.getuid(), os.environ)
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    return Actor(name, socket.gethostname())


def person_at_terminal(loginuid: Path, running_as: int, environment: Mapping[str, str]) -> int:
    """The account a person signed in with, whatever account the command runs under since: nobody is two by `sudo`.

    Where nobody's sign-in is known (a service, a container), it is who became root by sudo, and else the account the
    command runs under. The environment could name anyone, so only root's counts: who is root can be anyone already.
    """
    try:
        signed_in = _account(loginuid.read_text(encoding="ascii"))
    except OSError:
        signed_in = None
    if signed_in is not None:
        return signed_in
    by_sudo = _account(environment.get("SUDO_UID", "")) if running_as == 0 else None
    return running_as if by_sudo is None else by_sudo


def _account(written: str) -> int | None:
    digits = written.strip()
    if not digits.isascii() or not digits.isdigit() or int(digits[:11]) >= _NOBODY:
        return None
    return int(digits[:11])
