"""The certificate of an end: which records went, on what ground, when, by whose decision.

Its form is in docs/disposition.md.

It is written when all of it is gone, and claims nothing else. It holds ids, classes, dates, hashes and the names of
those who decided; nothing of what was said, and nobody whom a record was about.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from strongroom.canonical import canonical_json
from strongroom.evidence.errors import ProofRefused
from strongroom.times import format_instant, parse_instant

DISPOSITION, ERASURE = "disposition", "erasure"
_WORDS = {DISPOSITION: "disposed of", ERASURE: "erased"}


@dataclass(frozen=True)
class EndedObject:
    """An object of which no version stands any more."""

    key: str
    version_id: str
    size_bytes: int
    sha256: str
    part: str


@dataclass(frozen=True)
class EndedRevision:
    """A revision that has ended, and why it was kept until then. `leaf_index`: of its manifest in the log."""

    revision: int
    day: date
    conversation_start: datetime
    conversation_end: datetime
    retention_class: str
    basis: str
    lock_mode: str
    retain_until: datetime
    policy_version: str
    leaf_index: int | None
    objects: tuple[EndedObject, ...]

    def manifest(self) -> EndedObject | None:
        """Its manifest, whose hash the log has."""
        return next((one for one in self.objects if one.part == "manifest"), None)


@dataclass(frozen=True)
class EndedRecord:
    """A conversation with those of its revisions that ended together."""

    conversation_id: UUID
    revisions: tuple[EndedRevision, ...]


@dataclass(frozen=True)
class Certificate:
    """What is certified. `ending_id` is the list it was decided on, `reference` the case of an erasure."""

    number: int
    kind: str
    ending_id: int
    reference: str | None
    trial: bool
    proposed_by: str
    proposed_at: datetime
    approved_by: str
    approved_at: datetime
    carried_out_by: str
    made_at: datetime
    records: tuple[EndedRecord, ...]

    def bytes(self) -> bytes:
        """The certificate as it stands in the vault: canonical JSON."""
        document: dict[str, Any] = {
            "certificate": self.number,
            "kind": self.kind,
            "list": self.ending_id,
            "reference": self.reference,
            "proposedBy": self.proposed_by,
            "proposedAt": format_instant(self.proposed_at),
            "approvedBy": self.approved_by,
            "approvedAt": format_instant(self.approved_at),
            "carriedOutBy": self.carried_out_by,
            "madeAt": format_instant(self.made_at),
            "records": [_record(one) for one in self.records],
        }
        return canonical_json(document | ({"trial": True} if self.trial else {}))


def ended_words(kind: str, number: int) -> str:
    """What is said of a record that ended: `erased under certificate 7`."""
    return f"{_WORDS[kind]} under certificate {number}"


def read_certificate(content: bytes) -> Certificate:
    """Read a certificate. Raises ProofRefused when the bytes are not one, or are spelt in any other way."""
    try:
        certificate = _read(json.loads(content))
        if certificate.bytes() != content:
            raise _refused("canonical JSON", "another spelling")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise _refused("a certificate by docs/disposition.md", type(error).__name__) from error
    return certificate


def _record(one: EndedRecord) -> dict[str, Any]:
    return {"conversationId": str(one.conversation_id), "revisions": [_revision(each) for each in one.revisions]}


def _revision(one: EndedRevision) -> dict[str, Any]:
    return {
        "revision": one.revision,
        "day": one.day.isoformat(),
        "capturedAt": format_instant(one.conversation_start),
        "endedAt": format_instant(one.conversation_end),
        "retentionClass": one.retention_class,
        "basis": one.basis,
        "lockMode": one.lock_mode,
        "retainUntil": format_instant(one.retain_until),
        "policyVersion": one.policy_version,
        "leafIndex": one.leaf_index,
        "objects": [
            {
                "key": each.key,
                "versionId": each.version_id,
                "sizeBytes": each.size_bytes,
                "sha256": each.sha256,
                "part": each.part,
            }
            for each in one.objects
        ],
    }


def _read(document: Mapping[str, Any]) -> Certificate:
    if document["kind"] not in _WORDS:
        raise ValueError("another kind")
    return Certificate(
        number=_number(document["certificate"], least=1),
        kind=document["kind"],
        ending_id=_number(document["list"], least=1),
        reference=document["reference"],
        trial=document.get("trial", False),
        proposed_by=document["proposedBy"],
        proposed_at=parse_instant(document["proposedAt"]),
        approved_by=document["approvedBy"],
        approved_at=parse_instant(document["approvedAt"]),
        carried_out_by=document["carriedOutBy"],
        made_at=parse_instant(document["madeAt"]),
        records=tuple(_read_record(one) for one in _list(document["records"])),
    )


def _read_record(document: Mapping[str, Any]) -> EndedRecord:
    revisions = tuple(_read_revision(one) for one in _list(document["revisions"]))
    return EndedRecord(UUID(document["conversationId"]), revisions)


def _read_revision(document: Mapping[str, Any]) -> EndedRevision:
    leaf_index = document["leafIndex"]
    return EndedRevision(
        revision=_number(document["revision"], least=1),
        day=date.fromisoformat(document["day"]),
        conversation_start=parse_instant(document["capturedAt"]),
        conversation_end=parse_instant(document["endedAt"]),
        retention_class=document["retentionClass"],
        basis=document["basis"],
        lock_mode=document["lockMode"],
        retain_until=parse_instant(document["retainUntil"]),
        policy_version=document["policyVersion"],
        leaf_index=None if leaf_index is None else _number(leaf_index, least=0),
        objects=tuple(
            EndedObject(
                key=one["key"],
                version_id=one["versionId"],
                size_bytes=_number(one["sizeBytes"], least=0),
                sha256=bytes.fromhex(one["sha256"]).hex(),
                part=one["part"],
            )
            for one in _list(document["objects"])
        ),
    )


def _list(value: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _number(value: object, *, least: int) -> int:
    if type(value) is not int or value < least:
        raise ValueError("not a number from the least one")
    return value


def _refused(expected: str, found: str) -> ProofRefused:
    return ProofRefused("not a certificate that can be read", where="a certificate", expected=expected, found=found)
