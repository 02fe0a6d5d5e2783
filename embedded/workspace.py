"""The folder one embedded stack works in: fresh at each start, and no one else's while it runs."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.errors import StrongroomError


class InUse(StrongroomError):
    """Another stack runs in the same folder."""


@contextmanager
def fresh_workspace(folder: Path) -> Iterator[Path]:
    """Empty the folder, readable by its owner only, and hold it. What it held stays readable after leaving.

    Raises InUse. A killed stack holds nothing: the kernel lets go of its lock.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse("another one is running here", where=str(folder), todo="stop it first, with Ctrl-C") from error
        try:
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir(mode=0o700)
        except PermissionError as error:
            raise InUse("another user's run is left here", where=str(folder), todo="remove it as that user") from error
        yield folder
