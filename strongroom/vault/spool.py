"""A private folder on disk where media wait, hashed, between their download and the vault."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from strongroom.errors import Misconfigured, Unreachable

_HEAD_BYTES = 4096
_SUFFIX = ".spool"


class SpoolUnusable(Unreachable):
    """The spool can't be written or read: its disk is full, it is missing, or another user's. Worth another try."""


class SpoolNotPrivate(Misconfigured):
    """The folder holds recordings on their way: nobody else may enter it, and its mode is not ours to change."""


class Spool:
    """The spool folder, this user's alone (0700), made when it is missing.

    Every file in it is held by a lock (flock) of the process that writes it. The kernel drops that lock when the
    process dies, so what nobody holds was left by a crash.
    """

    def __init__(self, directory: Path) -> None:
        """Make the folder if need be. Raises SpoolUnusable, and SpoolNotPrivate for a folder that others can enter."""
        self._directory = directory
        self._make()

    @contextmanager
    def file(self) -> Iterator["SpoolFile"]:
        """A new, empty file (0600), removed on leaving, whatever happens. Raises SpoolUnusable."""
        path, descriptor = self._create()
        try:
            yield SpoolFile(path, descriptor)
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def clear_abandoned(self) -> int:
        """Remove the files whose process is dead, and say how many. Raises SpoolUnusable."""
        removed = 0
        with _in_words(self._directory):
            for path in self._directory.glob(f"*{_SUFFIX}"):
                with suppress(FileNotFoundError):  # another process clears at the same time
                    removed += _remove_if_abandoned(path)
        return removed

    def _make(self) -> None:
        with _in_words(self._directory):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self._directory.stat()
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise SpoolNotPrivate(
                "the spool's folder belongs to another user, or others can enter it",
                where=str(self._directory),
                todo="point STRONGROOM_SPOOL_DIR at a folder of its own (mode 0700), or at one that isn't there yet",
            )

    def _create(self) -> tuple[Path, int]:
        self._make()  # it may have been cleaned away since the start
        while True:
            path = self._directory / f"{uuid4().hex}{_SUFFIX}"
            with _in_words(path):
                descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
                # Between its creation and its lock a file looks abandoned: one that was taken for it is given up.
                if _lock(descriptor) and path.exists():
                    return path, descriptor
                os.close(descriptor)


class SpoolFile:
    """One file of the spool, hashed while it is written."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size_bytes = 0
        self.head = b""
        """The first 4 KiB, which tell what kind of file it is."""
        self._descriptor = descriptor
        self._sha256 = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Append. Raises SpoolUnusable, for example when the disk is full."""
        rest = memoryview(chunk)
        with _in_words(self.path):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        self._sha256.update(chunk)
        self.size_bytes += len(chunk)
        if len(self.head) < _HEAD_BYTES:
            self.head += chunk[: _HEAD_BYTES - len(self.head)]

    @property
    def sha256(self) -> str:
        """SHA-256 of what was written so far, in hex."""
        return self._sha256.hexdigest()


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_if_abandoned(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if not _lock(descriptor):
            return False
        path.unlink()
        return True
    finally:
        os.close(descriptor)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpoolUnusable(
            f"the spool can't be used: {error.strerror or type(error).__name__}",
            where=str(path.parent if path.suffix == _SUFFIX else path),
            todo="free space on its disk, or point STRONGROOM_SPOOL_DIR at a folder this user may write",
        ) from error
