"""A custody chain made by hand, from the page that describes it: not by the code under test."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
CONVERSATION = "91fb60c3-12b2-4e1a-a558-b0836ed0dc3a"


def document(position: int, previous: str, **changed: Any) -> dict[str, Any]:
    """One event's line as JSON."""
    at = START + timedelta(seconds=position)
    return {
        "position": position,
        "previous": previous,
        "at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "act": "archived",
        "actor": "strongroom",
        "origin": "host/1",
        "reason": None,
        "conversationId": CONVERSATION,
        "revision": 1,
        "details": {"objects": position},
    } | changed


def encoded(line: dict[str, Any]) -> bytes:
    """The line's bytes."""
    return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chain(length: int, *, position: int = 1, previous: str = "0" * 64, **changed: Any) -> list[bytes]:
    """So many lines, each after the one before."""
    lines = []
    for number in range(position, position + length):
        line = encoded(document(number, previous, **changed))
        previous = hashlib.sha256(line).hexdigest()
        lines.append(line)
    return lines


def hash_of(line: bytes) -> str:
    """The hash that the next line names."""
    return hashlib.sha256(line).hexdigest()
