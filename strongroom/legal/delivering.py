"""Verified files of a request, written into a folder: each under its name, hashed again on its way."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import UUID

from strongroom.errors import Misconfigured, StrongroomError
from strongroom.house import House
from strongroom.ledger.requests import RequestedFile
from strongroom.legal.access import Principal
from strongroom.legal.handing_out import fetch
from strongroom.legal.requests import Request

_ARCHIVE_DEPTH = 2  # archive/{day}/{conversation id}/…


class FileStands(StrongroomError):
    """Something stands where a file was to be written; it is left alone."""


@dataclass(frozen=True)
class Delivered:
    """A file that was written."""

    file: RequestedFile
    path: Path


def deliver(house: House, principal: Principal, request: Request, folder: Path) -> list[Delivered]:
    """Write every verified file of one's own prepared request below a folder, by its place in the vault.

    Raises FileStands before anything is handed over; NotThere, FoundDamaged, BroughtBackAgain, Misconfigured for a
    folder that can't be written, and the vault's and the ledger's errors.
    """
    files = [file for file in request.files if file.state == "verified"]
    paths = {file.file_id: folder.joinpath(*_place(file.key)) for file in files}
    for path in paths.values():
        if path.exists():
            raise FileStands("this file exists already", where=str(path), todo="name another folder with -o")
    delivered = []
    for file in files:
        path = paths[file.file_id]
        _write(house, principal, request.request_id, file, path)
        delivered.append(Delivered(file, path))
    return delivered


def _write(house: House, principal: Principal, request_id: UUID, file: RequestedFile, path: Path) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # readable to its owner alone: it holds what was said
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as target:
                for chunk in fetch(house, principal, request_id, file.file_id).chunks:
                    target.write(chunk)
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"it can't be written: {error.strerror or type(error).__name__}",
            where=str(path),
            todo="name a folder with room that this user may write, with -o",
        ) from error


def _place(key: str) -> tuple[str, ...]:
    """Below the folder: the conversation's id and what follows. A key is ours, and never a way out of the folder."""
    parts = PurePosixPath(key).parts[_ARCHIVE_DEPTH:]
    if not parts or any(part in {"", ".", "..", "/"} for part in parts):
        raise Misconfigured("a key is none of ours", where=key, todo="run `strongroom verify` on its conversation")
    return parts
