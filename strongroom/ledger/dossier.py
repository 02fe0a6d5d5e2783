"""Everything the ledger has of one conversation, for its page: revisions, recordings and what stands of them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.schema import conversations, objects, recordings


@dataclass(frozen=True)
class ArchivedRevision:
    """A revision; `state` and `cause` say how far it is."""

    revision: int
    day: date
    conversation_start: datetime
    conversation_end: datetime
    state: str
    state_at: datetime
    cause: str
    retention_class: str | None
    lock_mode: str | None
    retain_until: datetime | None
    policy_version: str | None


@dataclass(frozen=True)
class ArchivedRecording:
    """A recording of a revision. `media` is Genesys's word for it; `cause` says why it is in its state."""

    revision: int
    recording_id: str
    session_id: str | None
    media: str | None
    state: str
    cause: str


@dataclass(frozen=True)
class ArchivedObject:
    """An object that stands in the vault, with the lock it was put under."""

    revision: int
    recording_id: str | None
    part: str
    key: str
    version_id: str
    size_bytes: int
    sha256: str
    content_type: str
    file_name: str | None
    lock_mode: str
    retain_until: datetime
    stored_at: datetime


@dataclass(frozen=True)
class Dossier:
    """One conversation: `record`, `names` and `decision` are those of the revision that was asked for."""

    record: dict[str, Any]
    names: dict[str, Any] | None
    decision: dict[str, Any] | None
    revisions: tuple[ArchivedRevision, ...]
    recordings: tuple[ArchivedRecording, ...]
    objects: tuple[ArchivedObject, ...]


def dossier_of(engine: Engine, conversation_id: UUID, revision: int) -> Dossier | None:
    """A conversation with all its revisions; None when it has no such revision. Raises LedgerUnreachable."""
    of_revision = select(conversations.c.record, conversations.c.names, conversations.c.decision).where(
        conversations.c.conversation_id == conversation_id, conversations.c.revision == revision
    )
    with transaction(engine) as connection:
        row = connection.execute(of_revision).one_or_none()
        if row is None:
            return None
        lists = [
            connection.execute(
                select(*[table.c[name] for name in kind.__dataclass_fields__])
                .where(table.c.conversation_id == conversation_id)
                .order_by(table.c.revision, order)
            ).all()
            for table, kind, order in (
                (conversations, ArchivedRevision, conversations.c.day),
                (recordings, ArchivedRecording, recordings.c.recording_id),
                (objects, ArchivedObject, objects.c.key),
            )
        ]
    return Dossier(
        record=row.record,
        names=row.names,
        decision=row.decision,
        revisions=tuple(ArchivedRevision(*one) for one in lists[0]),
        recordings=tuple(ArchivedRecording(*one) for one in lists[1]),
        objects=tuple(ArchivedObject(*one) for one in lists[2]),
    )
