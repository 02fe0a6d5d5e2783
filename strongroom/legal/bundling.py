"""The evidence bundle of a request: made on this machine's disk, handed over once, and gone.

A small one is made while the requester waits. A large one is made beside that, one at a time, and asked for again until
it is there; whoever makes one holds a lock of the kernel's, so no process makes it twice and a dead one blocks nobody.
What is left by a crash is made anew: nothing in a bundle exists in it alone.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from uuid import UUID

import structlog

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.house import House
from strongroom.ledger.divisions import known_of
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.request_schema import PREPARED_REQUEST_STATES
from strongroom.legal.access import Principal, Right, require
from strongroom.legal.errors import NotNow
from strongroom.legal.requests import Request, not_there, read
from strongroom.pipeline.bundle import make_bundle
from strongroom.pipeline.failures import Unexpected

_KEPT_S = 3_600.0
_CHUNK_BYTES = 256 * 1024

_log = structlog.get_logger()


@dataclass(frozen=True)
class MadeBundle:
    """A bundle on its way. Its file has no name any more: it is gone when it is closed."""

    name: str
    size_bytes: int
    file: BinaryIO

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, a little at a time."""
        with self.file:
            while chunk := self.file.read(_CHUNK_BYTES):
                yield chunk


class Bundler:
    """Makes the bundles of one process of the desk."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._folder = house.settings.spool_dir / "bundles"
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="bundles")
        # why the last attempt at one failed, until it is told
        self._failed: dict[UUID, StrongroomError] = {}
        self._under_way: set[UUID] = set()
        self._lock = Lock()

    def bundle(self, principal: Principal, request_id: UUID) -> MadeBundle | None:
        """The bundle of one's own request; None while it is being made: ask again.

        Raises Forbidden; NotThere for what is another's, or not all in the principal's divisions as they are now;
        NotNow while the request is not prepared and when its time is over; NotSealed, BundleRefused, and the vault's
        and the ledger's errors.
        """
        require(principal, Right.REQUEST)
        request = read(self._house, principal, request_id)
        if request.requester != principal.name:
            raise not_there()
        if request.state not in PREPARED_REQUEST_STATES:
            raise NotNow(
                f"the request is {request.state}",
                where=f"request {request_id}",
                todo="a bundle is made of what is ready and was verified",
            )
        _require_all_to_be_had(self._house, principal, request)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.forget_old()
        made = self._made(request_id)
        if made is not None:
            return made
        with self._lock:
            failed = self._failed.pop(request_id, None)
        if failed is not None:
            raise failed
        size_bytes = sum(file.size_bytes for file in request.files)
        if size_bytes > self._house.settings.inline_verify_mib * 1024 * 1024:
            with self._lock:
                begins = request_id not in self._under_way
                self._under_way.add(request_id)
            if begins:
                self._beside.submit(self._make_beside, request, principal.actor)
            return None
        self._make(request, principal.actor)
        return self._made(request_id)

    def forget_old(self) -> None:
        """Remove what nobody came for, and what a crash left; while a lock is held, it and the folders are in use.

        Asked for with each bundle, and again and again while the desk runs: what ends elsewhere must not stay here.
        """
        found = list(self._folder.iterdir()) if self._folder.is_dir() else []
        old = [path for path in found if _is_old(path)]
        if not old:
            return
        held = {path for path in found if path.suffix == ".lock" and _is_held(path)}
        for path in old:
            if path in held:
                continue
            if not path.is_dir():
                path.unlink(missing_ok=True)
            elif not held:
                shutil.rmtree(path, ignore_errors=True)

    def _make_beside(self, request: Request, actor: Actor) -> None:
        try:
            self._make(request, actor)
        except StrongroomError as error:
            self._fail(request.request_id, error)
        except Exception as error:  # noqa: BLE001  # told to whoever asks again, by its kind alone
            self._fail(request.request_id, Unexpected(error))
        finally:
            with self._lock:
                self._under_way.discard(request.request_id)

    def _fail(self, request_id: UUID, error: StrongroomError) -> None:
        _log.error("a bundle can't be made", request=str(request_id), reason=str(error))
        with self._lock:
            self._failed[request_id] = error

    def _make(self, request: Request, actor: Actor) -> None:
        path = self._path(request.request_id)
        with _alone(path.with_suffix(".lock")) as is_alone:
            if is_alone and not path.exists():
                ready = [one.conversation_id for one in request.conversations if one.state == "ready"]
                if not ready:
                    raise NotNow(
                        "no conversation of the request is whole",
                        where=f"request {request.request_id}",
                        todo="see what was found of its files",
                    )
                make_bundle(self._house, ready, path, actor, request.justification)

    def _made(self, request_id: UUID) -> MadeBundle | None:
        path = self._path(request_id)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        try:
            # who unlinks it has it: another who opened it at the same time has lost
            path.unlink()
        except FileNotFoundError:
            file.close()
            return None
        return MadeBundle(path.name, os.fstat(file.fileno()).st_size, file)

    def _path(self, request_id: UUID) -> Path:
        return _bundle_path(self._house, request_id)


def _require_all_to_be_had(house: House, principal: Principal, request: Request) -> None:
    """A bundle is all of its files: whoever may not fetch one of them now (`handing_out.own_file`) gets none of it."""
    there = {one.conversation_id for one in request.conversations if one.state != "missing"}
    if not known_of(house.engine, sorted(there), principal.divisions).issuperset(there):
        raise not_there()
    if request.open_until <= database_clock(house.engine):
        raise NotNow(
            "its time is over", where=f"request {request.request_id}", todo="make another request for what is needed"
        )


def forget_bundles(house: House, request_ids: Iterable[UUID]) -> None:
    """Remove the bundles of these requests that lie on this machine's disk: a record in them has ended."""
    for request_id in request_ids:
        _bundle_path(house, request_id).unlink(missing_ok=True)


def _bundle_path(house: House, request_id: UUID) -> Path:
    return house.settings.spool_dir / "bundles" / f"strongroom-{request_id}.zip"


def _is_old(path: Path) -> bool:
    try:
        return path.stat().st_mtime < time.time() - _KEPT_S
    except FileNotFoundError:
        return False


def _is_held(path: Path) -> bool:
    try:
        with _alone(path) as is_alone:
            return not is_alone
    except OSError:
        return True


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Hold a lock of the kernel's for the block, False where another has it."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
