"""What stands under `evidence/`, and what is about to: the row is the intent, committed before its object is put.

Its bytes can always be made again from the ledger, so an attempt that was cut off between the two is simply repeated.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.errors import StrongroomError
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import evidence_objects
from strongroom.ledger.schema import objects


@dataclass(frozen=True)
class EvidenceObject:
    """An object of the evidence. `version_id` None: intended, and not known to stand.

    `first_leaf` and `last_leaf` bound the leaves whose proof rests on it, both included; None: every leaf's does.
    """

    key: str
    kind: str
    size_bytes: int
    sha256: str
    content_type: str
    lock_mode: str
    retain_until: datetime
    version_id: str | None = None
    first_leaf: int | None = None
    last_leaf: int | None = None
    day: date | None = None

    @property
    def standing_version(self) -> str:
        """The version that stands. Raises ValueError when the object is only intended."""
        if self.version_id is None:
            raise ValueError(f"{self.key} is not known to stand")
        return self.version_id


_COLUMNS = [evidence_objects.c[name] for name in EvidenceObject.__dataclass_fields__]


def intend_evidence(engine: Engine, wanted: EvidenceObject) -> EvidenceObject:
    """Commit what is about to be put, and return the row of its key: an earlier attempt's where there was one."""
    statement = postgresql_insert(evidence_objects).values(**asdict(wanted)).on_conflict_do_nothing()
    with transaction(engine) as connection:
        connection.execute(statement)
        row = connection.execute(select(*_COLUMNS).where(evidence_objects.c.key == wanted.key)).one()
    return EvidenceObject(*row)


def record_evidence(engine: Engine, key: str, version_id: str, lock_mode: str, retain_until: datetime) -> None:
    """Record that an intended object stands. Recording the same version again changes nothing.

    Raises StrongroomError when another version is recorded for the key.
    """
    statement = (
        update(evidence_objects)
        .where(
            evidence_objects.c.key == key,
            or_(evidence_objects.c.version_id.is_(None), evidence_objects.c.version_id == version_id),
        )
        .values(
            version_id=version_id,
            lock_mode=lock_mode,
            retain_until=retain_until,
            stored_at=func.coalesce(evidence_objects.c.stored_at, func.clock_timestamp()),
        )
    )
    with transaction(engine) as connection:
        if connection.execute(statement).rowcount != 1:
            raise StrongroomError(
                f"another version of this key is recorded already, not {version_id}",
                where=key,
                todo="compare the versions that stand at the key; neither can be removed before its lock ends",
            )


def find_evidence(engine: Engine, key: str) -> EvidenceObject | None:
    """The row of a key, whether its object stands or is only intended."""
    with transaction(engine) as connection:
        row = connection.execute(select(*_COLUMNS).where(evidence_objects.c.key == key)).one_or_none()
    return None if row is None else EvidenceObject(*row)


def find_all_evidence(engine: Engine, keys: Collection[str]) -> dict[str, EvidenceObject]:
    """The rows of those of these keys that have one, by key. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        rows = connection.execute(select(*_COLUMNS).where(evidence_objects.c.key.in_(keys)))
        return {row.key: row for row in (EvidenceObject(*row) for row in rows)}


def serve_leaves(engine: Engine, keys: Collection[str], first_leaf: int, last_leaf: int) -> None:
    """Record that the proofs of these leaves rest on these objects as well as those they were put for."""
    columns = evidence_objects.c
    statement = (
        update(evidence_objects)
        .where(columns.key.in_(keys), columns.first_leaf.is_not(None))
        .values(
            first_leaf=func.least(columns.first_leaf, first_leaf), last_leaf=func.greatest(columns.last_leaf, last_leaf)
        )
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def short_of(
    engine: Engine, keys: Collection[str], kinds: Collection[str], retain_until: datetime
) -> list[EvidenceObject]:
    """Which of these keys, and of all objects of these kinds, stand with a lock that ends before an instant."""
    columns = evidence_objects.c
    statement = (
        select(*_COLUMNS)
        .where(
            or_(columns.key.in_(keys), columns.kind.in_(kinds)),
            columns.version_id.is_not(None),
            columns.retain_until < retain_until,
        )
        .order_by(columns.key)
    )
    with transaction(engine) as connection:
        return [EvidenceObject(*row) for row in connection.execute(statement)]


def outlived_by_records(engine: Engine, before: datetime, limit: int) -> list[EvidenceObject]:
    """Objects whose lock ends before an instant, and before that of a record that rests on them; the soonest first."""
    columns = evidence_objects.c
    kept_longer = (
        select(objects.c.object_id)
        .where(
            objects.c.leaf_index.is_not(None),
            objects.c.retain_until > columns.retain_until,
            or_(columns.first_leaf.is_(None), objects.c.leaf_index.between(columns.first_leaf, columns.last_leaf)),
        )
        .exists()
    )
    statement = (
        select(*_COLUMNS)
        .where(columns.version_id.is_not(None), columns.retain_until < before, kept_longer)
        .order_by(columns.retain_until, columns.key)
        .limit(limit)
    )
    with transaction(engine) as connection:
        return [EvidenceObject(*row) for row in connection.execute(statement)]


def record_evidence_lock(engine: Engine, key: str, lock_mode: str, retain_until: datetime) -> None:
    """Record a lock that was lengthened or tightened; a shorter one than is recorded changes nothing."""
    statement = (
        update(evidence_objects)
        .where(evidence_objects.c.key == key, evidence_objects.c.retain_until <= retain_until)
        .values(lock_mode=lock_mode, retain_until=retain_until)
    )
    with transaction(engine) as connection:
        connection.execute(statement)
