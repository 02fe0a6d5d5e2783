"""What is in the vault, and what is about to be: an intent is committed before the first byte of its object is sent.

Every intent is kept. A worker that was paused for hours may still put what it intended then; whatever stands and was
intended by anyone is the object.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Table, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.ledger import leases
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.hold_records import object_stored
from strongroom.ledger.leases import Holder
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.schema import conversations, intents, objects, recordings


@dataclass(frozen=True)
class PartRef:
    """One object's identity: the revision and which part of it. `recording_id` is None for the revision's own parts."""

    conversation_id: UUID
    revision: int
    recording_id: str | None
    part: str

    @property
    def conversation(self) -> ConversationRef:
        """The revision it belongs to."""
        return ConversationRef(self.conversation_id, self.revision)

    def __str__(self) -> str:
        return f"{self.part} of {self.conversation}"


@dataclass(frozen=True)
class IntentRow:
    """An object that was about to be put."""

    key: str
    size_bytes: int
    sha256: str
    content_type: str
    file_name: str | None
    lock_mode: str
    retain_until: datetime
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class ObjectRow:
    """An object that stands in the vault."""

    part: str
    recording_id: str | None
    key: str
    version_id: str
    size_bytes: int
    sha256: str
    content_type: str
    file_name: str | None
    lock_mode: str
    retain_until: datetime
    adopted: bool
    under_delete_marker: bool


def find_earlier(engine: Engine, ref: PartRef, *, vanished_too: bool = False) -> tuple[int, ObjectRow] | None:
    """The latest earlier revision that stored the same part, and the object it has there, as far as it still stands."""
    if ref.revision == 1:
        return None
    statement = (
        select(objects.c.revision, *_object_columns())
        .where(
            objects.c.conversation_id == ref.conversation_id,
            objects.c.revision < ref.revision,
            objects.c.part == ref.part,
            *([] if vanished_too else [objects.c.vanished_at.is_(None)]),
        )
        .order_by(objects.c.revision.desc())
        .limit(1)
    )
    with transaction(engine) as connection:
        found = connection.execute(statement).one_or_none()
    if found is None:
        return None
    revision, *row = found
    return revision, ObjectRow(*row)


def find_part(engine: Engine, ref: PartRef) -> tuple[ObjectRow | None, list[IntentRow]]:
    """The part's object when it is stored; else every intent there ever was for it, newest first."""
    statement = select(*_object_columns()).where(*_of_part(objects, ref))
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
        return (None, _intents(connection, ref)) if row is None else (ObjectRow(*row), [])


def shas_of_parts(engine: Engine, ref: RecordingRef, revision: int) -> dict[str, frozenset[str]]:
    """The hashes of all that stands, or was about to be put, of a recording in a revision, by part."""
    found: dict[str, frozenset[str]] = {}
    with transaction(engine) as connection:
        for table in (objects, intents):
            statement = select(table.c.part, table.c.sha256).where(
                table.c.conversation_id == ref.conversation_id,
                table.c.revision == revision,
                table.c.recording_id == ref.recording_id,
            )
            for part, sha256 in connection.execute(statement):
                found[part] = found.get(part, frozenset()) | {sha256}
    return found


def _intents(connection: Connection, ref: PartRef) -> list[IntentRow]:
    statement = (
        select(*(intents.c[name] for name in IntentRow.__dataclass_fields__))
        .where(*_of_part(intents, ref))
        .order_by(intents.c.intent_id.desc())
    )
    return [IntentRow(*row) for row in connection.execute(statement)]


def record_intent(
    engine: Engine, row: ConversationRef | RecordingRef, ref: PartRef, intent: IntentRow, holder: Holder
) -> list[IntentRow]:
    """Commit what is about to be put while we hold `row`; the intents there were before, newest first.

    Raises LeaseLost when the row isn't ours any more.
    """
    table = conversations if isinstance(row, ConversationRef) else recordings
    ids = row._asdict()
    ours = (
        select(table.c.lease_owner)
        .where(leases.identified(table, ids), table.c.lease_owner == holder.owner)
        .with_for_update(read=True)
    )
    with transaction(engine) as connection:
        if connection.execute(ours).one_or_none() is None:
            raise LeaseLost(str(row))
        earlier = _intents(connection, ref)
        connection.execute(postgresql_insert(intents).values(**asdict(ref), **asdict(intent)).on_conflict_do_nothing())
        return earlier


def record_object(engine: Engine, ref: PartRef, stored: ObjectRow, by: Actor) -> None:
    """Record what stands in the vault. Recording the same version again changes nothing.

    One that stood already when it was to be put was adopted, which is an event of its own.

    Raises StrongroomError when another version is recorded for the part already, or another part under its key.
    """
    values = asdict(ref) | asdict(stored)
    statement = postgresql_insert(objects).values(**values).on_conflict_do_nothing()
    recorded_for_part = select(objects.c.key, objects.c.version_id).where(*_of_part(objects, ref))
    with transaction(engine) as connection:
        is_new = connection.execute(statement).rowcount == 1
        recorded = connection.execute(recorded_for_part).one_or_none()
        if is_new:
            # a revision takes over the holds of those before it: the store is told of each object as it comes
            object_stored(connection, ref.conversation_id)
        if is_new and stored.adopted:
            append_events(connection, [_adopted(ref, stored, by)])
    if recorded is None:
        raise StrongroomError(
            "this key holds another part already",
            where=f"{stored.key}, {ref}",
            todo="compare what Genesys lists for the conversation: two of its files have one name in the vault",
        )
    if (recorded.key, recorded.version_id) != (stored.key, stored.version_id):
        raise StrongroomError(
            f"another version of this part is recorded already: {recorded.key} version {recorded.version_id}",
            where=f"{stored.key} version {stored.version_id}",
            todo="compare the two versions; neither can be removed before its lock ends",
        )


def _adopted(ref: PartRef, stored: ObjectRow, by: Actor) -> NewEvent:
    details = {
        "part": stored.part,
        "key": stored.key,
        "versionId": stored.version_id,
        "sha256": stored.sha256,
        "underDeleteMarker": stored.under_delete_marker,
    }
    return NewEvent("adopted", by, *ref.conversation, details=details)


def objects_of_recordings(
    engine: Engine, ref: ConversationRef, recording_ids: Collection[str]
) -> list[tuple[int, ObjectRow]]:
    """Of each part of these recordings the object it has in the latest revision up to this one, and which that is.

    What does not stand any more is left out.
    """
    statement = (
        select(objects.c.revision, *_object_columns())
        .ext(distinct_on(objects.c.part))
        .where(
            objects.c.conversation_id == ref.conversation_id,
            objects.c.revision <= ref.revision,
            objects.c.recording_id.in_(recording_ids),
            objects.c.vanished_at.is_(None),
        )
        .order_by(objects.c.part, objects.c.revision.desc())
    )
    with transaction(engine) as connection:
        return [(revision, ObjectRow(*row)) for revision, *row in connection.execute(statement)]


def documents_before(engine: Engine, ref: ConversationRef) -> list[ObjectRow]:
    """The manifests and records of earlier revisions that stand."""
    statement = (
        select(*_object_columns())
        .where(
            objects.c.conversation_id == ref.conversation_id,
            objects.c.revision < ref.revision,
            objects.c.recording_id.is_(None),
            objects.c.vanished_at.is_(None),
        )
        .order_by(objects.c.revision, objects.c.part)
    )
    with transaction(engine) as connection:
        return [ObjectRow(*row) for row in connection.execute(statement)]


def record_lock(engine: Engine, key: str, lock_mode: str, retain_until: datetime) -> None:
    """Record a lock that was lengthened or tightened."""
    statement = (
        update(objects)
        .where(objects.c.key == key, objects.c.retain_until <= retain_until)
        .values(lock_mode=lock_mode, retain_until=retain_until)
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def _object_columns() -> list[Column[Any]]:
    return [objects.c[name] for name in ObjectRow.__dataclass_fields__]


def _of_part(table: Table, ref: PartRef) -> list[ColumnElement[bool]]:
    return [
        table.c.conversation_id == ref.conversation_id,
        table.c.revision == ref.revision,
        table.c.part == ref.part,
    ]
