"""Custody events in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from strongroom.evidence.custody import CustodyEvent
from web.views.wording import plain

_ACTS = {
    "archived": "Archived",
    "adopted": "Adopted as archived",
    "verified": "Verified",
    "found damaged": "Found damaged",
    "viewed": "Viewed",
    "requested": "Requested",
    "listed": "List drawn up",
    "proposed": "Proposed",
    "approved": "Approved",
    "refused": "Refused",
    "cancelled": "Cancelled",
    "downloaded": "Handed out",
    "restored": "Restored",
    "held": "Held",
    "released": "Hold released",
    "re-queued": "Put back to work",
    "sent to review": "Sent to review",
    "disposed": "Disposed of",
    "erased": "Erased",
    "policy applied": "Policy applied",
    "retention changed": "Retention changed",
}
_OF_HOLDS = {
    ("held", "opened"): "Matter opened",
    ("held", "search"): "Matter looks for more",
    ("held", "placed"): "Held for a matter",
    ("held", "applied"): "Held in the vault",
    ("released", "asked"): "Release asked for",
    ("released", "lifted"): "Hold lifted in the vault",
    ("released", "kept"): "Released by one matter, held by another",
    ("approved", "release"): "Release approved",
    ("refused", "release"): "Release refused",
}
"""What a matter's events are called, by act and what `step` or `what` says."""
ACTS: tuple[tuple[str, str], ...] = tuple(_ACTS.items())
"""Every act and what it is called on a page."""


@dataclass(frozen=True)
class Touch:
    """One event as a page shows it. `details` are name and value, in order of name."""

    position: int
    at: datetime
    act: str
    words: str
    actor: str
    origin: str
    reason: str | None
    conversation_id: UUID | None
    revision: int | None
    details: tuple[tuple[str, str], ...]
    hash: str


def touch(event: CustodyEvent) -> Touch:
    """An event for a page."""
    return Touch(
        position=event.position,
        at=event.at,
        act=event.act,
        words=_words(event),
        actor=plain(event.actor, 120),
        origin=plain(event.origin, 120),
        reason=None if event.reason is None else plain(event.reason, 600),
        conversation_id=event.conversation_id,
        revision=event.revision,
        details=tuple(_details(event.details)),
        hash=event.hash,
    )


def _words(event: CustodyEvent) -> str:
    if event.act == "viewed":
        return "Looked at what is known" if event.details.get("what") == "metadata" else "Listened to or read"
    step = event.details.get("step") or event.details.get("what")
    if isinstance(step, str) and (event.act, step) in _OF_HOLDS:
        return _OF_HOLDS[event.act, step]
    return _ACTS.get(event.act, plain(event.act, 40))


def _details(details: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(plain(name, 40), plain(value, 200)) for name, value in sorted(details.items())]
