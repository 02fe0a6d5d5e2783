"""The manifest: what a conversation's revision consists of, and why it is kept so. Written last, it names every object.

Its form is `docs/manifest.schema.json`. The first twelve fields are the archiving guide's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from strongroom.times import day_of, format_instant, start_of


@dataclass(frozen=True)
class ManifestObject:
    """An object as it stands in the vault."""

    key: str
    version_id: str
    size_bytes: int
    sha256: str
    content_type: str
    lock_mode: str
    retain_until: datetime
    recording_id: str | None
    part: str
    file_name: str | None

    def entry(self) -> dict[str, Any]:
        """As the manifest names it."""
        return {
            "key": self.key,
            "versionId": self.version_id,
            "sizeBytes": self.size_bytes,
            "sha256": self.sha256,
            "contentType": self.content_type,
            "lockMode": self.lock_mode,
            "retainUntil": format_instant(self.retain_until),
            "recordingId": self.recording_id,
            "part": self.part,
            "filename": self.file_name,
        }


@dataclass(frozen=True)
class ManifestRecording:
    """A recording and how it ended: stored, absent or in review; the reason says why in words.

    `unavailable` are the parts that Genesys says can't be had, each `{"part", "reason"}`, the reason in its own word.
    """

    recording_id: str
    session_id: str | None
    media: str | None
    state: str
    reason: str
    object_keys: tuple[str, ...]
    unavailable: Sequence[Mapping[str, str]]

    def entry(self) -> dict[str, Any]:
        """As the manifest names it."""
        return {
            "recordingId": self.recording_id,
            "sessionId": self.session_id,
            "media": self.media,
            "state": self.state,
            "reason": self.reason,
            "objects": list(self.object_keys),
            "unavailable": [dict(one) for one in self.unavailable],
        }


@dataclass(frozen=True)
class Predecessor:
    """The manifest of the revision before."""

    revision: int
    key: str
    version_id: str
    sha256: str

    def entry(self) -> dict[str, Any]:
        """As the next manifest names it."""
        return {
            "revision": self.revision,
            "key": self.key,
            "versionId": self.version_id,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class Manifest:
    """Everything a manifest tells. `record` is the analytics record as received, `names` what its ids were called.

    `policy_document` is the SHA-256 of the policy's document for people; None: it was decided before there was one.
    `trial`: it was made in a trial vault, whose locks last a day.
    """

    conversation_id: UUID
    revision: int
    predecessor: Predecessor | None
    day: date
    conversation_start: datetime
    conversation_end: datetime
    record: dict[str, Any]
    names: dict[str, Any]
    region: str
    retention_class: str
    basis: str
    retained_years: int
    lock_mode: str
    retain_until: datetime
    policy_version: str
    policy_document: str | None
    reasons: Sequence[str]
    defaulted: bool
    pipeline_version: str
    archived_at: datetime
    trial: bool
    recordings: Sequence[ManifestRecording]
    objects: Sequence[ManifestObject]

    def document(self) -> dict[str, Any]:
        """The manifest as JSON takes it."""
        document: dict[str, Any] = {
            "conversationId": str(self.conversation_id),
            "archiveDate": self.day.isoformat(),
            "capturedAt": format_instant(self.conversation_start),
            "endedAt": format_instant(self.conversation_end),
            "durationMs": (self.conversation_end - self.conversation_start) // timedelta(milliseconds=1),
            "participants": [_participant(participant) for participant in _members(self.record, "participants")],
            "queueIds": _distinct(segment.get("queueId") for segment in _segments(self.record)),
            "mediaTypes": _distinct(session.get("mediaType") for session in _sessions(self.record)),
            "retentionClass": self.retention_class,
            "retentionYears": self.retained_years,
            "scheduledDeletionDate": first_day_without_lock(self.retain_until).isoformat(),
            "genesysCloudRegion": self.region,
            "revision": self.revision,
            "predecessor": None if self.predecessor is None else self.predecessor.entry(),
            "policyVersion": self.policy_version,
            "basis": self.basis,
            "reasons": list(self.reasons),
            "defaulted": self.defaulted,
            "lockMode": self.lock_mode,
            "retainUntil": format_instant(self.retain_until),
            "pipelineVersion": self.pipeline_version,
            "archivedAt": format_instant(self.archived_at),
            "names": self.names,
            "recordings": [recording.entry() for recording in self.recordings],
            "objects": [stored.entry() for stored in self.objects],
        }
        if self.policy_document is not None:
            document["policyDocument"] = self.policy_document
        if self.trial:
            document["trial"] = True
        return document


def first_day_without_lock(retain_until: datetime) -> date:
    """The first UTC day on the whole of which the lock has run out: never a day too early."""
    day = day_of(retain_until)
    return day if retain_until == start_of(day) else day + timedelta(days=1)


def _participant(participant: dict[str, Any]) -> dict[str, Any]:
    told = ("participantId", "purpose", "userId", "participantName")
    return {name: _text(participant.get(name)) for name in told} | {
        "mediaTypes": _distinct(session.get("mediaType") for session in _members(participant, "sessions"))
    }


def _sessions(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        session for participant in _members(record, "participants") for session in _members(participant, "sessions")
    ]


def _segments(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [segment for session in _sessions(record) for segment in _members(session, "segments")]


def _members(parent: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in a list of the record. What is odd is passed over here: the record itself is kept whole beside."""
    members = parent.get(name)
    return [member for member in members if isinstance(member, dict)] if isinstance(members, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _distinct(values: Iterable[object]) -> list[str]:
    return sorted({value for value in values if isinstance(value, str)})
