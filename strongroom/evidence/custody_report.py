"""What has been done with one conversation, event by event, and whether the custody chain vouches for it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from strongroom.canonical import canonical_json
from strongroom.evidence.custody import CustodyEvent
from strongroom.evidence.facts import Fact
from strongroom.times import format_instant

DayStanding = Literal["not over", "not in the vault yet", "in the vault"]


@dataclass(frozen=True)
class ReportedDay:
    """A UTC day on which something was done, and its lines as the vault has them.

    In the vault they are the version `version_id` of the object `key`, from the position `first` to `last`; `head` is
    the hash of the last. `finding` says what does not agree, None when everything does.
    """

    day: date
    standing: DayStanding
    key: str | None = None
    version_id: str | None = None
    sha256: str | None = None
    first: int | None = None
    last: int | None = None
    head: str | None = None
    finding: str | None = None

    def document(self) -> dict[str, object]:
        """As JSON takes it."""
        return {
            "day": self.day.isoformat(),
            "standing": self.standing,
            "key": self.key,
            "version_id": self.version_id,
            "sha256": self.sha256,
            "first": self.first,
            "last": self.last,
            "head": self.head,
            "finding": self.finding,
        }


@dataclass(frozen=True)
class CustodyReport:
    """One conversation's events, the first first, each read from a line whose neighbours in the ledger vouch for it.

    `findings` are those of the ledger's lines; each day has its own against the vault. `made_at` is in UTC.
    """

    conversation_id: UUID
    bucket: str
    trial: bool
    made_at: datetime
    events: tuple[CustodyEvent, ...]
    days: tuple[ReportedDay, ...]
    findings: tuple[str, ...]

    @property
    def all_findings(self) -> tuple[str, ...]:
        """The ledger's, then the vault's."""
        return (*self.findings, *(day.finding for day in self.days if day.finding is not None))

    def document(self) -> dict[str, object]:
        """The report as JSON takes it."""
        return {
            "conversation_id": str(self.conversation_id),
            "bucket": self.bucket,
            "trial": self.trial,
            "made_at": format_instant(self.made_at),
            "holds": not self.all_findings,
            "findings": list(self.all_findings),
            "events": [_event(event) for event in self.events],
            "days": [day.document() for day in self.days],
        }


def event_facts(event: CustodyEvent) -> list[Fact]:
    """An event as a report tells it; what is not told is empty."""
    return [
        Fact("when", format_instant(event.at)),
        Fact("by whom", event.actor),
        Fact("from where", event.origin, exact=True),
        Fact("why", event.reason or ""),
        Fact("revision", "" if event.revision is None else str(event.revision)),
        *(Fact(name, _in_words(value), exact=True) for name, value in sorted(event.details.items())),
        Fact("hash", event.hash, exact=True),
        Fact("previous", event.previous, exact=True),
    ]


def day_facts(day: ReportedDay) -> list[Fact]:
    """A day's object as a report tells it, and whether it was found as it must be."""
    if day.standing != "in the vault":
        return [Fact("standing", f"{day.standing}: checked against the ledger only")]
    return [
        Fact("object", day.key or "", exact=True),
        Fact("version", day.version_id or "", exact=True),
        Fact("SHA-256", day.sha256 or "", exact=True),
        Fact("events", f"{day.first} to {day.last}"),
        Fact("last hash", day.head or "", exact=True),
        Fact("checked", day.finding or "whole, linked line by line, and the same as the ledger"),
    ]


def _event(event: CustodyEvent) -> dict[str, object]:
    return {
        "position": event.position,
        "at": format_instant(event.at),
        "act": event.act,
        "actor": event.actor,
        "origin": event.origin,
        "reason": event.reason,
        "revision": event.revision,
        "details": event.details,
        "hash": event.hash,
        "previous": event.previous,
    }


def _in_words(value: object) -> str:
    return value if isinstance(value, str) else canonical_json(value).decode()
