"""The custody chain as anyone reads it: lines that each name the hash of the one before. Their form: docs/custody.md.

Nothing here looks anything up: lines come from the ledger or from a day's object in the vault, and prove themselves.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from strongroom.canonical import canonical_json, sha256_hex
from strongroom.evidence.errors import ProofRefused
from strongroom.times import format_instant, parse_instant

BEFORE_THE_FIRST = "0" * 64
"""What the line at position 1 names as the hash of the line before."""

_TYPES: dict[str, tuple[type, ...]] = {
    "position": (int,),
    "previous": (str,),
    "at": (str,),
    "act": (str,),
    "actor": (str,),
    "origin": (str,),
    "reason": (str, type(None)),
    "conversationId": (str, type(None)),
    "revision": (int, type(None)),
    "details": (dict,),
}


@dataclass(frozen=True)
class CustodyEvent:
    """One line, read. `hash` is the SHA-256 of its bytes without the newline, `previous` that of the line before.

    `at` is the ledger's clock in UTC, to the millisecond. `origin` is where the actor acted from: a host, or one
    process of the fleet on it.
    """

    position: int
    previous: str
    at: datetime
    act: str
    actor: str
    origin: str
    reason: str | None
    conversation_id: UUID | None
    revision: int | None
    details: dict[str, Any]
    hash: str


@dataclass(frozen=True)
class ChainHead:
    """Where a stretch of the chain ends: the position and the hash of its last line."""

    position: int
    hash: str


def read_line(line: bytes, where: str = "custody event") -> CustodyEvent:
    """Read one line, without its newline. Raises ProofRefused when it is not one, or is spelt in any other way."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _not_a_line(where, "a JSON object", "something else")
    if document.keys() != _TYPES.keys():
        raise _not_a_line(where, f"the fields {', '.join(sorted(_TYPES))}", "others")
    for name, types in _TYPES.items():
        if type(document[name]) not in types:
            raise _not_a_line(
                where, f"{name} as {' or '.join(one.__name__ for one in types)}", type(document[name]).__name__
            )
    try:
        at = parse_instant(document["at"])
        conversation_id = None if document["conversationId"] is None else UUID(document["conversationId"])
        spelt_alike = document | {"at": format_instant(at), "conversationId": conversation_id and str(conversation_id)}
        is_canonical = canonical_json(spelt_alike) == line
    except (ValueError, OverflowError):
        raise _not_a_line(where, "a time in UTC, an id and numbers that JSON can hold", "something else") from None
    if not is_canonical:
        raise _not_a_line(where, "canonical JSON", "another spelling")
    others = {name: document[name] for name in _TYPES if name not in {"at", "conversationId"}}
    return CustodyEvent(at=at, conversation_id=conversation_id, hash=sha256_hex(line), **others)


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a day's object, without their newlines, from its bytes in chunks of any size.

    Raises ProofRefused at the end when the last line is not ended by a newline: something was cut off.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        raise ProofRefused(
            "the last line is cut off",
            where="a day of the custody chain",
            expected="a newline at the end",
            found=f"{len(rest)} bytes after the last newline",
        )


def verify_chain(
    lines: Iterable[bytes], *, position: int = 1, previous: str = BEFORE_THE_FIRST, head: str | None = None
) -> ChainHead:
    """Check a stretch of the chain, whole lines without newlines, and return where it ends.

    It begins at `position`, after the line whose hash is `previous`. Positions have no gap, each line names the hash of
    the one before, times don't go back. A change of the last line shows only against what its hash must be: `head`,
    where it is known. Raises ProofRefused, which names the position.
    """
    return _exhausted(checked_lines(lines, position=position, previous=previous, head=head), position, previous)


def checked_lines(
    lines: Iterable[bytes], *, position: int = 1, previous: str = BEFORE_THE_FIRST, head: str | None = None
) -> Iterator[CustodyEvent]:
    """The events of a stretch of the chain, each checked as `verify_chain` does before it is given.

    That the last is the right one is checked at the end, so it counts for nothing before. Raises ProofRefused.
    """
    at: datetime | None = None
    for line in lines:
        where = f"custody event {position}"
        event = read_line(line, where)
        _require("the position is another", where, position, event.position)
        _require("the line does not follow on the one before", where, previous, event.previous)
        if at is not None and event.at < at:
            raise ProofRefused(
                "the time goes back",
                where=where,
                expected=f"{format_instant(at)} or later",
                found=format_instant(event.at),
            )
        yield event
        position, previous, at = position + 1, event.hash, event.at
    if head is not None:
        _require("the chain ends otherwise", f"custody event {position - 1}", head, previous)


def _exhausted(events: Iterator[CustodyEvent], position: int, previous: str) -> ChainHead:
    reached = ChainHead(position - 1, previous)
    for event in events:
        reached = ChainHead(event.position, event.hash)
    return reached


def _require(what: str, where: str, expected: object, found: object) -> None:
    if found != expected:
        raise ProofRefused(what, where=where, expected=expected, found=found)


def _not_a_line(where: str, expected: str, found: str) -> ProofRefused:
    return ProofRefused("not a line of the custody chain", where=where, expected=expected, found=found)
