"""The entries of the transparency log, in their order: each is in it once, whatever appends it and however often.

An entry's leaf index is final once a checkpoint holds it. Those above the last checkpoint wait to be sealed; a ledger
restored from a backup may find that the vault has others there already, and then takes those in their place.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Integer, Uuid, and_, column, delete, func, insert, select, update, values

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import log_entries
from strongroom.ledger.schema import conversations, objects

_BATCH = 2_000
_MANIFEST = "manifest"

_T = TypeVar("_T")


@dataclass(frozen=True)
class NewEntry:
    """An entry to be appended. `ref` says what it is about, and is in the log once; `document` are its bytes."""

    kind: str
    ref: str
    day: date | None
    document: bytes


@dataclass(frozen=True)
class ManifestRow:
    """A manifest that stands in the vault and is not in the log."""

    conversation_id: UUID
    revision: int
    day: date
    key: str
    version_id: str
    size_bytes: int
    sha256: str


@contextmanager
def sealing_alone(engine: Engine) -> Iterator[bool]:
    """Hold the sealers' lock for as long as the block runs; False, and nothing held, while another has it.

    It is a lock of Postgres's, which ends with the connection however this process ends. Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        # the transaction's, not the session's: so it also holds behind a connection pooler
        yield bool(connection.scalar(select(func.pg_try_advisory_xact_lock(func.hashtext("strongroom.seal")))))


class Appending:
    """The end of the log, while nobody else can append. `size` counts the entries, those appended here included."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.size = _size(connection)

    def append(self, entries: Sequence[NewEntry]) -> int:
        """Append those that are not in the log yet, in this order; how many."""
        refs = [entry.ref for entry in entries]
        known = set(self._connection.scalars(select(log_entries.c.ref).where(log_entries.c.ref.in_(refs))))
        new = [entry for entry in entries if entry.ref not in known]
        if new:
            self._connection.execute(
                insert(log_entries),
                [
                    {
                        "leaf_index": index,
                        "kind": entry.kind,
                        "ref": entry.ref,
                        "day": entry.day,
                        "document": entry.document.decode(),
                    }
                    for index, entry in enumerate(new, start=self.size)
                ],
            )
        self.size += len(new)
        return len(new)

    def manifests(self, day: date) -> Iterator[list[ManifestRow]]:
        """The day's manifests that are not in the log, by conversation and revision, in batches.

        Each batch goes to `append_manifests` before the next is asked for.
        """
        same_revision = and_(
            objects.c.conversation_id == conversations.c.conversation_id,
            objects.c.revision == conversations.c.revision,
        )
        statement = (
            select(
                objects.c.conversation_id,
                objects.c.revision,
                conversations.c.day,
                objects.c.key,
                objects.c.version_id,
                objects.c.size_bytes,
                objects.c.sha256,
            )
            .join_from(objects, conversations, same_revision)
            .where(objects.c.part == _MANIFEST, objects.c.leaf_index.is_(None), conversations.c.day == day)
            .order_by(objects.c.conversation_id, objects.c.revision)
            .limit(_BATCH)
        )
        while rows := [ManifestRow(*row) for row in self._connection.execute(statement)]:
            yield rows

    def manifests_held(self, day: date) -> int:
        """How many manifests of a day the log holds."""
        statement = (
            select(func.count())
            .select_from(log_entries)
            .where(log_entries.c.kind == _MANIFEST, log_entries.c.day == day)
        )
        held: int = self._connection.execute(statement).scalar_one()
        return held

    def append_manifests(self, rows: Sequence[ManifestRow], entries: Sequence[NewEntry]) -> int:
        """Append each manifest's entry, and say of the manifest at which leaf it is; how many were appended."""
        appended = self.append(entries)
        refs = [entry.ref for entry in entries]
        found = self._connection.execute(
            select(log_entries.c.ref, log_entries.c.leaf_index).where(log_entries.c.ref.in_(refs))
        )
        leaves = {row.ref: row.leaf_index for row in found}
        marks = [
            (row.conversation_id, row.revision, leaves[entry.ref]) for row, entry in zip(rows, entries, strict=True)
        ]
        self._mark(marks)
        return appended

    def replace_from(self, first: int, entries: Sequence[NewEntry], manifests: Sequence[tuple[UUID, int, int]]) -> None:
        """Put these entries at and above `first`, in place of any that are there.

        `manifests` are conversation, revision and leaf of those among them. For leaves above the last checkpoint only:
        nothing has been signed over what is replaced.
        """
        self._connection.execute(update(objects).where(objects.c.leaf_index >= first).values(leaf_index=None))
        self._connection.execute(delete(log_entries).where(log_entries.c.leaf_index >= first))
        self.size = first
        for batch in _batches(entries):
            self.append(batch)
        for marks in _batches(manifests):
            self._mark(marks)

    def _mark(self, manifests: Sequence[tuple[UUID, int, int]]) -> None:
        marks = values(
            column("conversation_id", Uuid), column("revision", Integer), column("leaf_index", BigInteger), name="marks"
        ).data(list(manifests))
        self._connection.execute(
            update(objects)
            .where(
                objects.c.part == _MANIFEST,
                objects.c.conversation_id == marks.c.conversation_id,
                objects.c.revision == marks.c.revision,
            )
            .values(leaf_index=marks.c.leaf_index)
        )


@contextmanager
def appending(engine: Engine) -> Iterator[Appending]:
    """One transaction in which entries are appended: all of them, or none when the block raises."""
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.log"))))
        yield Appending(connection)


def log_size(engine: Engine) -> int:
    """How many entries the log has, sealed or not."""
    with transaction(engine) as connection:
        return _size(connection)


def entries_between(engine: Engine, first: int, last: int) -> Iterator[bytes]:
    """The bytes of the entries from `first` (included) to `last` (excluded), in order, read in batches."""
    for start in range(first, last, _BATCH):
        statement = (
            select(log_entries.c.document)
            .where(log_entries.c.leaf_index >= start, log_entries.c.leaf_index < min(start + _BATCH, last))
            .order_by(log_entries.c.leaf_index)
        )
        with transaction(engine) as connection:
            documents = list(connection.scalars(statement))
        for document in documents:
            yield document.encode()


def entries_of_kind(engine: Engine, kind: str, first: int = 0, last: int | None = None) -> list[bytes]:
    """The bytes of the entries of one kind from `first` to `last` (excluded), in order; for kinds that are few."""
    statement = (
        select(log_entries.c.document)
        .where(log_entries.c.kind == kind, log_entries.c.leaf_index >= first)
        .order_by(log_entries.c.leaf_index)
    )
    if last is not None:
        statement = statement.where(log_entries.c.leaf_index < last)
    with transaction(engine) as connection:
        return [document.encode() for document in connection.scalars(statement)]


def is_logged(engine: Engine, ref: str) -> bool:
    """Whether there is an entry about this."""
    statement = select(log_entries.c.leaf_index).where(log_entries.c.ref == ref)
    with transaction(engine) as connection:
        return connection.scalar(statement) is not None


def _size(connection: Connection) -> int:
    size: int = connection.execute(select(func.coalesce(func.max(log_entries.c.leaf_index) + 1, 0))).scalar_one()
    return size


def _batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
