"""API: a conversation's metadata. Content is under /api/v1/requests."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request

from strongroom.ledger.dossier import ArchivedRecording, ArchivedRevision
from strongroom.legal.conversations import Record, StoredObject, open_record
from web.api.custody import CustodyModel, custody_model
from web.api.models import ApiModel, Instant, RequestModel, problems, request_model
from web.desk import desk_of
from web.disposition import safe_name
from web.session import CurrentPrincipal

router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])


class RevisionModel(ApiModel):
    """A revision of a conversation, and how far it is."""

    revision: int
    day: str
    conversation_start: Instant
    conversation_end: Instant
    state: str
    cause: str
    retention_class: str | None
    lock_mode: str | None
    retain_until: Instant | None
    policy_version: str | None


class RecordingModel(ApiModel):
    """A recording, and why it is in its state."""

    revision: int
    recording_id: str
    session_id: str | None
    media: str | None
    state: str
    cause: str


class ObjectModel(ApiModel):
    """An object in the vault. `storage` null: the store can't say just now."""

    revision: int
    recording_id: str | None
    part: str
    filename: str
    key: str
    version_id: str
    size: int
    sha256: str
    content_type: str
    lock_mode: str
    retain_until: Instant
    stored_at: Instant
    storage: str | None
    readable: bool | None
    readable_until: Instant | None


class ConversationModel(ApiModel):
    """What is known of a conversation, without what was said. `custody` null: that needs a right or a request."""

    conversation_id: UUID
    revision: int
    conversation_start: Instant
    conversation_end: Instant
    direction: str | None
    media: list[str]
    queues: list[str]
    agents: list[str]
    addresses: list[str]
    external_tag: str | None
    retention_class: str
    retain_until: Instant
    divisions: list[str]
    held: bool
    held_by: list[str]
    record: dict[str, Any]
    names: dict[str, Any] | None
    decision: dict[str, Any] | None
    revisions: list[RevisionModel]
    recordings: list[RecordingModel]
    objects: list[ObjectModel]
    custody: CustodyModel | None
    request: RequestModel | None


@router.get("/{conversation_id}", responses=problems(400, 403, 404, 410))
def conversation(request: Request, principal: CurrentPrincipal, conversation_id: UUID) -> ConversationModel:
    """A conversation; that it was looked at is on the record."""
    return _model(open_record(desk_of(request).house, principal, conversation_id))


def _model(record: Record) -> ConversationModel:
    found = record.found
    return ConversationModel(
        conversation_id=found.conversation_id,
        revision=found.revision,
        conversation_start=found.conversation_start,
        conversation_end=found.conversation_end,
        direction=found.direction,
        media=list(found.media),
        queues=list(found.queues),
        agents=list(found.agents),
        addresses=list(found.addresses),
        external_tag=found.external_tag,
        retention_class=found.retention_class,
        retain_until=found.retain_until,
        divisions=list(found.divisions),
        held=found.held,
        held_by=list(record.held_by),
        record=record.analytics,
        names=record.names,
        decision=record.decision,
        revisions=[_revision(one) for one in record.revisions],
        recordings=[_recording(one) for one in record.recordings],
        objects=[_object(one) for one in record.objects],
        custody=None if record.custody is None else custody_model(record.custody),
        request=None if record.request is None else request_model(record.request),
    )


def _revision(one: ArchivedRevision) -> RevisionModel:
    return RevisionModel(
        revision=one.revision,
        day=one.day.isoformat(),
        conversation_start=one.conversation_start,
        conversation_end=one.conversation_end,
        state=one.state,
        cause=one.cause,
        retention_class=one.retention_class,
        lock_mode=one.lock_mode,
        retain_until=one.retain_until,
        policy_version=one.policy_version,
    )


def _recording(one: ArchivedRecording) -> RecordingModel:
    return RecordingModel(
        revision=one.revision,
        recording_id=one.recording_id,
        session_id=one.session_id,
        media=one.media,
        state=one.state,
        cause=one.cause,
    )


def _object(stored: StoredObject) -> ObjectModel:
    one = stored.object
    return ObjectModel(
        revision=one.revision,
        recording_id=one.recording_id,
        part=one.part,
        filename=safe_name(one.file_name, one.key),
        key=one.key,
        version_id=one.version_id,
        size=one.size_bytes,
        sha256=one.sha256,
        content_type=one.content_type,
        lock_mode=one.lock_mode,
        retain_until=one.retain_until,
        stored_at=one.stored_at,
        storage=stored.storage,
        readable=stored.readable,
        readable_until=stored.readable_until,
    )
