"""Handing out what was verified: each fetch is on the record before its first byte, and hashed again as it goes."""

import hashlib
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

import structlog

from strongroom.actor import Actor
from strongroom.house import House
from strongroom.ledger.custody import NewEvent, record_events
from strongroom.ledger.divisions import known_of
from strongroom.ledger.request_links import HandedFile, file_for, look_begins
from strongroom.ledger.request_preparing import file_damaged, prepare_again
from strongroom.legal.access import Principal, Right, require
from strongroom.legal.errors import NotNow
from strongroom.legal.ranges import ByteRange, Wanted, wanted_range
from strongroom.legal.requests import not_there
from strongroom.vault.errors import NotStored, VaultRefused
from strongroom.vault.streaming import open_stream

ONE_LOOK_S = 300.0
"""A player fetches what it plays bit by bit: what it fetches within this time is one look."""

# S3 User Guide, "Retrieving an archived object"
_COLD = "InvalidObjectState"

_log = structlog.get_logger()


class BroughtBackAgain(NotNow):
    """A restored copy has lapsed since it was verified; it is being brought back."""


class FoundDamaged(NotNow):
    """What stands is not what was verified: nothing more of it is handed over."""


@dataclass(frozen=True)
class HandedOut:
    """A file on its way. `part` None: all of it. `chunks` must be closed, or read to the end; its memory is flat."""

    file: HandedFile
    part: ByteRange | None
    chunks: Generator[bytes, None, None]

    @property
    def size_bytes(self) -> int:
        """How many bytes are on their way."""
        return self.file.size_bytes if self.part is None else self.part.size_bytes


def content(
    house: House, principal: Principal, request_id: UUID, file_id: int, wanted: Wanted | None = None
) -> HandedOut:
    """A verified file of one's own open request, to be looked at in the desk; what a player fetches is one look.

    Raises Forbidden, NotThere, RangeNotSatisfiable, BroughtBackAgain, FoundDamaged, and the vault's and the ledger's
    errors.
    """
    require(principal, Right.REQUEST)
    file = own_file(house, principal, request_id, file_id)
    part = wanted_range(wanted or Wanted(), file.size_bytes, file.sha256)
    chunks = _opened(house, file, part)
    event = _event("viewed", principal.actor, file, part)
    look_begins(house.engine, file.file_id, ONE_LOOK_S, [event])
    return HandedOut(file, part, chunks)


def fetch(house: House, principal: Principal, request_id: UUID, file_id: int) -> HandedOut:
    """A verified file of one's own open request, to be kept: the custody chain is told of a download. Raises as
    `content` does.
    """
    require(principal, Right.REQUEST)
    return handed_out(house, own_file(house, principal, request_id, file_id), principal.origin, None)


def handed_out(house: House, file: HandedFile, origin: str, part: ByteRange | None) -> HandedOut:
    """A file that may be handed over, under the name of who requested it, to where it is fetched from."""
    chunks = _opened(house, file, part)
    record_events(house.engine, [_event("downloaded", Actor(file.requester, origin), file, part)])
    return HandedOut(file, part, chunks)


def own_file(house: House, principal: Principal, request_id: UUID, file_id: int) -> HandedFile:
    """A verified file of the principal's own open request, in its divisions as they are now. Raises NotThere,
    LedgerUnreachable.
    """
    file = file_for(house.engine, principal.name, request_id, file_id)
    if file is None or not known_of(house.engine, [file.conversation_id], principal.divisions):
        raise not_there("file")
    return file


def _opened(house: House, file: HandedFile, part: ByteRange | None) -> Generator[bytes, None, None]:
    """Open it before anything is said of it. An empty file has no part to ask the store for."""
    try:
        stream = open_stream(house.store, file.key, file.version_id, None if part is None else (part.first, part.last))
    except NotStored as error:
        raise _damaged(house, file, error.what) from error
    except VaultRefused as refused:
        if refused.code != _COLD:
            raise
        cause = "its restored copy has lapsed: it is being brought back"
        prepare_again(house.engine, file.file_id, cause)
        raise BroughtBackAgain(
            cause, where=f"request {file.request_id}", todo="see when it is expected in the request"
        ) from refused
    # a player asks for all of it as a part, from the first byte on
    is_whole = part is None or part.size_bytes == file.size_bytes
    return _hashed(house, file, stream) if is_whole else stream


def _hashed(house: House, file: HandedFile, stream: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """All of it, the last chunk only when every byte was what was archived: who gets it all has got the right thing."""
    digest, held_back = hashlib.sha256(), b""
    with closing(stream):
        for chunk in stream:
            if held_back:
                yield held_back
            digest.update(chunk)
            held_back = chunk
    if digest.hexdigest() != file.sha256:
        raise _damaged(house, file, "the bytes are not those that were verified")
    if held_back:
        yield held_back


def _damaged(house: House, file: HandedFile, what: str) -> FoundDamaged:
    details: dict[str, object] = {
        "request": str(file.request_id),
        "key": file.key,
        "versionId": file.version_id,
        "sha256": file.sha256,
        "state": "damaged",
    }
    event = NewEvent("found damaged", house.actor, file.conversation_id, file.revision, what, details)
    if file_damaged(house.engine, file.file_id, what, [event]):
        _log.error(
            "what stands is not what was archived",
            request=str(file.request_id),
            conversation=str(file.conversation_id),
            object=house.store.where(file.key),
            state="damaged",
            reason=what,
        )
    return FoundDamaged(
        f"it is not handed over: {what}",
        where=f"request {file.request_id}",
        todo="raise the alarm; strongroom verify says what is wrong with it",
    )


def _event(act: str, actor: Actor, file: HandedFile, part: ByteRange | None) -> NewEvent:
    details: dict[str, object] = {
        "request": str(file.request_id),
        "key": file.key,
        "versionId": file.version_id,
        "sha256": file.sha256,
    }
    if part is not None:
        details["bytes"] = f"{part.first}-{part.last}"
    return NewEvent(act, actor, file.conversation_id, file.revision, None, details)
