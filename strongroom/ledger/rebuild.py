"""A new ledger filled from what stands in the vault, in one transaction: all of it, or nothing when it is cut off."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, and_, delete, exists, func, insert, literal, null, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import aliased

from strongroom.actor import Actor
from strongroom.errors import Misconfigured
from strongroom.ledger.archived import decided_as_told
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.discovering import await_other_revisions
from strongroom.ledger.ending_schema import certificates
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_objects import EvidenceObject
from strongroom.ledger.evidence_schema import (
    checkpoints,
    custody_days,
    custody_events,
    evidence_objects,
    log_entries,
    sealed_days,
)
from strongroom.ledger.log import NewEntry
from strongroom.ledger.rebuild_holds import rebuild_holds
from strongroom.ledger.recount_schema import recounts
from strongroom.ledger.schema import conversations, objects, recordings, runs

_MANIFEST = "manifest"
_MUST_BE_EMPTY = (runs, conversations, log_entries, checkpoints, evidence_objects, custody_events)


@dataclass(frozen=True)
class FoundObject:
    """An object of the archive as manifests tell of it. `stored_at`: when the first manifest that names it was made."""

    conversation_id: UUID
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
    under_delete_marker: bool = False
    leaf_index: int | None = None


@contextmanager
def rebuilding(engine: Engine) -> Iterator["Rebuilding"]:
    """Fill an empty ledger: the block's work is committed as one, or not at all when it raises or the process ends.

    Meanwhile nobody else writes runs or conversations. Raises Misconfigured when the ledger is not empty, and
    LedgerUnreachable.
    """
    with transaction(engine) as connection:
        connection.execute(text("LOCK TABLE runs, conversations IN EXCLUSIVE MODE"))
        for table in _MUST_BE_EMPTY:
            if connection.execute(select(literal(1)).select_from(table).limit(1)).first() is not None:
                raise Misconfigured(
                    f"the ledger is not empty: {table.name} has rows",
                    where=f"database {engine.url.database}",
                    todo="rebuild into a new database, after `strongroom migrate`",
                )
        yield Rebuilding(connection)


@contextmanager
def bringing_back(engine: Engine) -> Iterator["Rebuilding"]:
    """Write into a ledger that is in use what it has lost, in one transaction; meanwhile nobody opens a revision."""
    with transaction(engine) as connection:
        await_other_revisions(connection)
        yield Rebuilding(connection)


class Rebuilding:
    """The ledger while it is filled."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def or_nothing(self) -> Iterator[None]:
        """What the block wrote is undone when it raises; what was written before it stays."""
        with self._connection.begin_nested():
            yield

    def evidence(self, rows: Sequence[EvidenceObject]) -> None:
        """What stands below `evidence/`."""
        now = func.clock_timestamp()
        if rows:
            statement = insert(evidence_objects).values(stored_at=now)
            self._connection.execute(statement, [asdict(row) for row in rows])

    def entries(self, first: int, entries: Sequence[NewEntry]) -> None:
        """The log's entries from leaf `first` on."""
        rows = [
            {"leaf_index": leaf, "kind": one.kind, "ref": one.ref, "day": one.day, "document": one.document.decode()}
            for leaf, one in enumerate(entries, start=first)
        ]
        self._insert(log_entries, rows)

    def checkpoint(self, row: Mapping[str, Any]) -> None:
        """A checkpoint, its columns by name."""
        self._connection.execute(insert(checkpoints).values(**row))

    def sealed(self, day: date, sealed_at: datetime, checkpoint_size: int, manifests: int, *, late: bool) -> None:
        """A day that the log calls sealed, in the checkpoint that first holds it; `late`: it was sealed before."""
        if late:
            self._connection.execute(
                update(sealed_days)
                .where(sealed_days.c.day == day)
                .values(late_manifests=manifests - sealed_days.c.manifests, late_checkpoint_size=checkpoint_size)
            )
            return
        values = {"day": day, "sealed_at": sealed_at, "checkpoint_size": checkpoint_size, "manifests": manifests}
        self._connection.execute(insert(sealed_days).values(**values))

    def happened(self, events: Sequence[NewEvent]) -> None:
        """Append events to the custody chain, as the last thing."""
        append_events(self._connection, events)

    def recounts(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Results of recounts, each of a day that is reconciled."""
        self._insert(recounts, rows)

    def custody_events(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Events of the custody chain, exactly as they were."""
        self._insert(custody_events, rows)

    def custody_day(self, day: date, first: int, last: int, head: str) -> None:
        """A closed day of the custody chain."""
        values = {"day": day, "first_position": first, "last_position": last, "head": head}
        self._connection.execute(insert(custody_days).values(**values))

    def logged_documents(self, refs: Collection[str]) -> dict[str, tuple[int, bytes]]:
        """Leaf and bytes of the entries with these refs, as far as the log has them."""
        statement = select(log_entries.c.ref, log_entries.c.leaf_index, log_entries.c.document).where(
            log_entries.c.ref.in_(refs)
        )
        return {row.ref: (row.leaf_index, row.document.encode()) for row in self._connection.execute(statement)}

    def certificate(self, row: Mapping[str, Any], day: date, key: str) -> None:
        """A certificate, its columns by name, and of which day its object is."""
        self._connection.execute(insert(certificates).values(**row))
        self._connection.execute(update(evidence_objects).where(evidence_objects.c.key == key).values(day=day))

    def conversations(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Archived revisions, and those that have ended."""
        self._insert(conversations, rows)

    def recordings(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Recordings as their manifests tell of them."""
        self._insert(recordings, [dict(row) | {"unavailable": row["unavailable"] or null()} for row in rows])

    def holds(self, found_held: Collection[UUID], by: Actor) -> dict[str, int]:
        """Matters and what they hold, once the custody chain is there; as `rebuild_holds` tells."""
        return rebuild_holds(self._connection, found_held, by)

    def revisions(self, ids: Collection[UUID]) -> set[tuple[UUID, int]]:
        """The revisions of these conversations that are there."""
        columns = (conversations.c.conversation_id, conversations.c.revision)
        return {(row[0], row[1]) for row in self._connection.execute(select(*columns).where(columns[0].in_(ids)))}

    def objects(self, rows: Sequence[FoundObject]) -> None:
        """Objects of the archive. One that is there already gets the longer and stricter of both locks."""
        if not rows:
            return
        values = [asdict(row) | {"adopted": False} for row in rows]
        new = postgresql_insert(objects).values(values)
        statement = new.on_conflict_do_update(
            index_elements=["key"],
            set_={
                # by the alphabet COMPLIANCE comes first, and it is the stricter
                "lock_mode": func.least(objects.c.lock_mode, new.excluded.lock_mode),
                "retain_until": func.greatest(objects.c.retain_until, new.excluded.retain_until),
            },
        )
        self._connection.execute(statement)

    def known_keys(self, keys: Collection[str]) -> set[str]:
        """Those of these keys that are an object's."""
        return set(self._connection.scalars(select(objects.c.key).where(objects.c.key.in_(keys))))

    def entries_without_manifest(self) -> list[tuple[str, int]]:
        """Ref and leaf of each manifest that the log holds, that was not found in the vault and has not ended."""
        found = select(objects.c.leaf_index).where(objects.c.leaf_index.is_not(None))
        ref = func.concat("manifest/", conversations.c.conversation_id, "/", conversations.c.revision)
        ended = select(ref).where(conversations.c.state == "ended")
        statement = (
            select(log_entries.c.ref, log_entries.c.leaf_index)
            .where(
                log_entries.c.kind == _MANIFEST, log_entries.c.leaf_index.not_in(found), log_entries.c.ref.not_in(ended)
            )
            .order_by(log_entries.c.leaf_index)
        )
        return [(row.ref, row.leaf_index) for row in self._connection.execute(statement)]

    def replace_placeholders(self, prefix: str) -> None:
        """A session in review whose recordings a later revision names has those instead, as if listed in time.

        `prefix`: of the id that a session without a listed recording has, before the session's own.
        """
        later = aliased(recordings)
        of_session = and_(
            recordings.c.recording_id == prefix + recordings.c.session_id,
            recordings.c.state == "review",
            later.c.conversation_id == recordings.c.conversation_id,
            later.c.session_id == recordings.c.session_id,
            later.c.revision > recordings.c.revision,
            later.c.recording_id.not_like(f"{prefix}%"),
        )
        # what the later manifest tells but the earlier one does not is no state of the earlier manifest
        taken = [one.name for one in recordings.c if one.name not in {"revision", "manifest_state"}]
        found = (
            select(recordings.c.revision, *(later.c[name] for name in taken))
            .ext(distinct_on(recordings.c.conversation_id, recordings.c.revision, later.c.recording_id))
            .join_from(recordings, later, of_session)
            .order_by(recordings.c.conversation_id, recordings.c.revision, later.c.recording_id, later.c.revision)
        )
        new = postgresql_insert(recordings).from_select(["revision", *taken], found, include_defaults=False)
        self._connection.execute(new.on_conflict_do_nothing())
        self._connection.execute(delete(recordings).where(exists().select_from(later).where(of_session)))

    def settle_later(self) -> None:
        """What a later revision found of a recording in review is its state: it is not in review any more."""
        later = aliased(recordings)
        newest = (
            select(
                later.c.conversation_id,
                later.c.recording_id,
                later.c.state,
                later.c.cause,
                later.c.listed,
                later.c.revision,
            )
            .ext(distinct_on(later.c.conversation_id, later.c.recording_id))
            .order_by(later.c.conversation_id, later.c.recording_id, later.c.revision.desc())
            .subquery()
        )
        statement = (
            update(recordings)
            .where(
                recordings.c.state == "review",
                recordings.c.conversation_id == newest.c.conversation_id,
                recordings.c.recording_id == newest.c.recording_id,
                recordings.c.revision < newest.c.revision,
                newest.c.state != "review",
            )
            .values(state=newest.c.state, cause=newest.c.cause, listed=newest.c.listed)
        )
        self._connection.execute(statement)

    def retention_changes(self) -> list[int]:
        """Give each revision the decision that the custody chain's latest event of it tells; the positions of others.

        The manifest tells the first one. What an event tells is longer or stricter, and so are its objects' locks.
        """
        changed = custody_events.c.act == "retention changed"
        statement = (
            select(custody_events.c.position, custody_events.c.document)
            .where(changed)
            .order_by(custody_events.c.position)
        )
        unreadable = []
        for row in self._connection.execute(statement).all():
            try:
                event = json.loads(row.document)
                ref = {"conversation_id": UUID(event["conversationId"]), "revision": int(event["revision"])}
                after = decided_as_told(event["details"])
            except (KeyError, TypeError, ValueError):
                unreadable.append(row.position)
                continue
            of_revision = [conversations.c[name] == value for name, value in ref.items()]
            self._connection.execute(update(conversations).where(*of_revision).values(**vars(after)))
            self._connection.execute(
                update(objects)
                .where(*(objects.c[name] == value for name, value in ref.items()))
                .values(
                    lock_mode=func.least(objects.c.lock_mode, after.lock_mode),
                    # a lock is kept in whole seconds, rounded up
                    retain_until=func.greatest(
                        objects.c.retain_until,
                        (after.retain_until + timedelta(microseconds=999_999)).replace(microsecond=0),
                    ),
                )
            )
        return unreadable

    def settled_runs(self) -> list[date]:
        """A settled run for each day that is sealed, or where nothing ever was, for each day but the last; those days.

        The others have none: the next enumeration or catch-up looks at them again, and puts nothing twice.
        """
        days = list(self._connection.scalars(select(sealed_days.c.day).order_by(sealed_days.c.day)))
        if not days:
            statement = select(conversations.c.day).distinct().order_by(conversations.c.day)
            days = list(self._connection.scalars(statement))[:-1]
        self._insert(runs, [{"day": day, "state": "settled", "cause": "rebuilt from the vault"} for day in days])
        return days

    def _insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(table), [dict(row) for row in rows])
