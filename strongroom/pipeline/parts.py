"""Putting one object where it belongs: intent first, then the vault, then the record of it."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import structlog

from strongroom import __version__
from strongroom.house import House
from strongroom.ledger.objects import (
    IntentRow,
    ObjectRow,
    PartRef,
    find_part,
    record_intent,
    record_lock,
    record_object,
)
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.times import format_instant, utc_now
from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.put_once import Intent, Stored, adopt, put_once, tighten

_log = structlog.get_logger()


@dataclass(frozen=True)
class Placement:
    """What all objects of a revision share: its day, class, lock and the policy that decided."""

    conversation: ConversationRef
    day: date
    retention_class: str
    lock: Lock
    policy_version: str


@dataclass(frozen=True)
class Content:
    """Bytes that are ready to be put, whole and hashed; `file_name` is what others called it, never a path here."""

    body: Path | bytes
    size_bytes: int
    sha256: str
    content_type: str
    file_name: str | None = None


def stored_already(house: House, placement: Placement, part: PartRef) -> ObjectRow | None:
    """The part's object when it stands: recorded, or put by an attempt that ended before it could record it.

    So a worker that was killed between put and commit costs no second download, and bytes that would differ at the
    next download don't matter. Raises VaultConflict when something stands that nobody intended.
    """
    recorded, intents = find_part(house.engine, part)
    if recorded is not None:
        return tightened(house, recorded, placement.lock)
    if not intents:
        return None
    stored = adopt(house.store, [_as_intent(placement, row) for row in intents])
    return None if stored is None else _record(house, part, stored, intents)


def tightened(house: House, row: ObjectRow, lock: Lock) -> ObjectRow:
    """The object with a lock that covers `lock`; the vault is asked only where the recorded one doesn't.

    In a trial vault it is left as it is: there every lock counts from the put.
    """
    if house.settings.trial or Lock(LockMode(row.lock_mode), row.retain_until).covers(lock):
        return row
    stands = tighten(house.store, row.key, row.version_id, lock)
    record_lock(house.engine, row.key, stands.mode.value, stands.retain_until)
    return replace(row, lock_mode=stands.mode.value, retain_until=stands.retain_until)


def store(
    house: House,
    placement: Placement,
    row: ConversationRef | RecordingRef,
    part: PartRef,
    key: str,
    content: Content,
) -> ObjectRow:
    """Put a part once and record it, while we hold `row`. Raises LeaseLost, and the vault's errors."""
    intent = IntentRow(
        key=key,
        size_bytes=content.size_bytes,
        sha256=content.sha256,
        content_type=content.content_type,
        file_name=content.file_name,
        lock_mode=placement.lock.mode.value,
        retain_until=placement.lock.retain_until,
        metadata=_metadata(placement, part, content.sha256),
    )
    earlier = record_intent(house.engine, row, part, intent, house.holder)
    stored = put_once(
        house.store,
        _as_intent(placement, intent),
        content.body,
        [_as_intent(placement, row) for row in earlier],
    )
    return _record(house, part, stored, [intent, *earlier])


def _as_intent(placement: Placement, row: IntentRow) -> Intent:
    return Intent(
        key=row.key,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        content_type=row.content_type,
        lock=placement.lock,
        retention_class=placement.retention_class,
        metadata=row.metadata,
    )


def _record(house: House, part: PartRef, stored: Stored, intents: list[IntentRow]) -> ObjectRow:
    if stored.other_versions:
        _log.error("more than one version stands", key=stored.key, other_versions=list(stored.other_versions))
    intended = next(row for row in intents if (row.key, row.sha256) == (stored.key, stored.sha256))
    row = ObjectRow(
        part=part.part,
        recording_id=part.recording_id,
        key=stored.key,
        version_id=stored.version_id,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        content_type=stored.content_type,
        file_name=intended.file_name,
        lock_mode=stored.lock.mode.value,
        retain_until=stored.lock.retain_until,
        adopted=stored.adopted,
        under_delete_marker=stored.under_delete_marker,
    )
    record_object(house.engine, part, row, house.actor)
    return row


def _metadata(placement: Placement, part: PartRef, sha256: str) -> dict[str, str]:
    """The design's object metadata. Plain ASCII: that is what S3 carries unchanged."""
    metadata = {
        "retention-class": placement.retention_class,
        "conversation-id": str(placement.conversation.conversation_id),
        "sha256-hash": sha256,
        "archived-at": format_instant(utc_now()),
        "pipeline-version": __version__,
        "policy-version": placement.policy_version,
    }
    if part.recording_id is not None:
        metadata["recording-id"] = part.recording_id
    return metadata
