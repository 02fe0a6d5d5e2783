"""A manifest read back from its bytes, as far as the ledger needs it. Its form is `docs/manifest.schema.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from strongroom.canonical import canonical_json
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.manifest import ManifestObject, ManifestRecording
from strongroom.times import parse_instant

_LOCK_MODES = frozenset({"COMPLIANCE", "GOVERNANCE"})
_RECORDING_STATES = frozenset({"stored", "absent", "review"})


@dataclass(frozen=True)
class ReadManifest:
    """What a manifest tells of its revision. `decision` is what it tells of the policy's, in the ledger's words."""

    conversation_id: UUID
    revision: int
    day: date
    conversation_start: datetime
    conversation_end: datetime
    names: dict[str, Any]
    retention_class: str
    lock_mode: str
    retain_until: datetime
    policy_version: str
    decision: dict[str, Any]
    archived_at: datetime
    recordings: tuple[ManifestRecording, ...]
    objects: tuple[ManifestObject, ...]

    def part(self, name: str) -> ManifestObject:
        """The object that is this part. Raises ProofRefused when the manifest names none."""
        for one in self.objects:
            if one.part == name:
                return one
        raise _refused(f"a part {name}", "none")


def read_manifest(content: bytes) -> ReadManifest:
    """Read a manifest. Raises ProofRefused when the bytes are not a manifest in canonical JSON."""
    try:
        document = json.loads(content)
        if canonical_json(document) != content:
            raise _refused("canonical JSON", "another spelling")
        return _read(document)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise _refused("a manifest by docs/manifest.schema.json", type(error).__name__) from error


def _read(document: Mapping[str, Any]) -> ReadManifest:
    return ReadManifest(
        conversation_id=UUID(_text(document["conversationId"])),
        revision=_number(document["revision"], least=1),
        day=date.fromisoformat(document["archiveDate"]),
        conversation_start=parse_instant(document["capturedAt"]),
        conversation_end=parse_instant(document["endedAt"]),
        names=_mapping(document["names"]),
        retention_class=_text(document["retentionClass"]),
        lock_mode=_one_of(document["lockMode"], _LOCK_MODES),
        retain_until=parse_instant(document["retainUntil"]),
        policy_version=_text(document["policyVersion"]),
        decision={
            "basis": _text(document["basis"]),
            "retainedYears": _number(document["retentionYears"], least=1),
            "reasons": [_text(one) for one in document["reasons"]],
            "defaulted": bool(document["defaulted"]),
        }
        | ({"policyDocument": _text(document["policyDocument"])} if "policyDocument" in document else {}),
        archived_at=parse_instant(document["archivedAt"]),
        recordings=tuple(_recording(one) for one in document["recordings"]),
        objects=tuple(_object(one) for one in document["objects"]),
    )


def _recording(entry: Mapping[str, Any]) -> ManifestRecording:
    return ManifestRecording(
        recording_id=_text(entry["recordingId"]),
        session_id=_text_or_none(entry["sessionId"]),
        media=_text_or_none(entry["media"]),
        state=_one_of(entry["state"], _RECORDING_STATES),
        reason=_text(entry["reason"]),
        object_keys=tuple(_text(key) for key in entry["objects"]),
        unavailable=[{"part": _text(one["part"]), "reason": _text(one["reason"])} for one in entry["unavailable"]],
    )


def _object(entry: Mapping[str, Any]) -> ManifestObject:
    return ManifestObject(
        key=_text(entry["key"]),
        version_id=_text(entry["versionId"]),
        size_bytes=_number(entry["sizeBytes"], least=0),
        sha256=bytes.fromhex(_text(entry["sha256"])).hex(),
        content_type=_text(entry["contentType"]),
        lock_mode=_one_of(entry["lockMode"], _LOCK_MODES),
        retain_until=parse_instant(entry["retainUntil"]),
        recording_id=_text_or_none(entry["recordingId"]),
        part=_text(entry["part"]),
        file_name=_text_or_none(entry["filename"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _number(value: object, *, least: int) -> int:
    if type(value) is not int or value < least:
        raise ValueError("not a number from the least one")
    return value


def _one_of(value: object, words: frozenset[str]) -> str:
    if value not in words:
        raise ValueError("another word")
    return _text(value)


def _refused(expected: str, found: str) -> ProofRefused:
    return ProofRefused("not a manifest that can be read", where="a manifest", expected=expected, found=found)
