"""All that the ledger says stands in the vault, records and evidence alike, for checking one against the other."""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, union_all

from strongroom.ledger.being_ended import being_ended
from strongroom.ledger.changed_records import not_disposed_of
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import evidence_objects
from strongroom.ledger.hold_schema import IN_FORCE, conversation_holds, hold_records, matters
from strongroom.ledger.schema import conversations, intents, objects

_BATCH = 2_000
_EVIDENCE_CLASS = "evidence"
_UNDER_WAY = timedelta(hours=1)


@dataclass(frozen=True)
class KeptObject:
    """An object, with the lock it must have. `hold` is `on` where a matter holds it, `under way` where one has changed
    within the last hour and the store is still to be told, else `off`.
    """

    key: str
    version_id: str
    size_bytes: int
    sha256: str
    lock_mode: str
    retain_until: datetime
    retention_class: str
    hold: str


def sample_kept(engine: Engine, count: int, *, trial: bool) -> list[KeptObject]:
    """Some `count` objects of the records, chosen at random, and as many of the evidence; all, when there are fewer."""
    with transaction(engine) as connection:
        first, last = connection.execute(select(func.min(objects.c.object_id), func.max(objects.c.object_id))).one()
        records: list[KeptObject] = []
        if first is not None:
            # ids have gaps, few of them
            ids = random.sample(range(first, last + 1), min(count, last - first + 1))
            chosen = _records(trial).where(objects.c.object_id.in_(ids))
            records = [KeptObject(*row) for row in connection.execute(chosen)]
        some = _evidence().order_by(func.random()).limit(count)
        return records + [KeptObject(*row) for row in connection.execute(some)]


def all_kept(engine: Engine, *, trial: bool, prefix: str = "") -> Iterator[KeptObject]:
    """Every object whose key begins so, in the order of the keys' UTF-8 bytes, which is S3's; read as it is used."""
    both = union_all(_records(trial), _evidence()).subquery()
    statement = select(both).where(func.starts_with(both.c.key, prefix)).order_by(both.c.key.collate("C"))
    with transaction(engine) as connection:
        for row in connection.execution_options(yield_per=_BATCH).execute(statement):
            yield KeptObject(*row)


@dataclass(frozen=True)
class KeptOfDay:
    """An object of a revision that is filed under a day."""

    conversation_id: UUID
    revision: int
    key: str
    version_id: str


def kept_of_day(engine: Engine, day: date) -> Iterator[KeptOfDay]:
    """The objects of the revisions of a day that are not known to have vanished, in the order of the keys' UTF-8 bytes.

    Read as they are used.
    """
    statement = (
        select(objects.c.conversation_id, objects.c.revision, objects.c.key, objects.c.version_id)
        .join_from(objects, conversations, _same_revision())
        .where(conversations.c.day == day, objects.c.vanished_at.is_(None), not_disposed_of())
        .order_by(objects.c.key.collate("C"))
    )
    with transaction(engine) as connection:
        for row in connection.execution_options(yield_per=_BATCH).execute(statement):
            yield KeptOfDay(*row)


def find_kept(engine: Engine, keys: Collection[str], *, trial: bool) -> dict[str, KeptObject]:
    """Those of these keys that the ledger says stand."""
    with transaction(engine) as connection:
        rows = [
            *connection.execute(_records(trial).where(objects.c.key.in_(keys))),
            *connection.execute(_evidence().where(evidence_objects.c.key.in_(keys))),
        ]
    return {row.key: KeptObject(*row) for row in rows}


def intended(engine: Engine, keys: Collection[str]) -> set[str]:
    """Those of these keys that something was about to be put at: a worker may be between the put and the record.

    Also those of records that are ending: whoever deletes them may be between two of them.
    """
    same_revision = and_(
        objects.c.conversation_id == conversations.c.conversation_id, objects.c.revision == conversations.c.revision
    )
    ending = select(objects.c.key).join_from(objects, conversations, same_revision)
    statement = union_all(
        select(intents.c.key).where(intents.c.key.in_(keys)),
        ending.where(objects.c.key.in_(keys), being_ended()),
        select(evidence_objects.c.key).where(evidence_objects.c.key.in_(keys)),
    )
    with transaction(engine) as connection:
        return set(connection.scalars(statement))


def _records(trial: bool) -> Select[Any]:
    """With its own lock as recorded, or its revision's where that asks for more. In a trial it is a day's, whatever the
    policy asks.
    """
    stricter = or_(objects.c.lock_mode == "COMPLIANCE", conversations.c.lock_mode == "COMPLIANCE")
    longer = func.greatest(objects.c.retain_until, conversations.c.retain_until)
    return select(
        objects.c.key,
        objects.c.version_id,
        objects.c.size_bytes,
        objects.c.sha256,
        objects.c.lock_mode if trial else case((stricter, "COMPLIANCE"), else_="GOVERNANCE").label("lock_mode"),
        objects.c.retain_until if trial else longer.label("retain_until"),
        func.coalesce(conversations.c.retention_class, "").label("retention_class"),
        _hold().label("hold"),
    ).join_from(objects, conversations, and_(_same_revision(), ~being_ended()))


def _same_revision() -> ColumnElement[bool]:
    return and_(
        objects.c.conversation_id == conversations.c.conversation_id, objects.c.revision == conversations.c.revision
    )


def _hold() -> ColumnElement[str]:
    in_force = (
        select(hold_records.c.matter_id)
        .join_from(hold_records, matters, hold_records.c.matter_id == matters.c.matter_id)
        .where(hold_records.c.conversation_id == objects.c.conversation_id, matters.c.state.in_(IN_FORCE))
        .exists()
    )
    lately = (
        select(conversation_holds.c.conversation_id)
        .where(
            conversation_holds.c.conversation_id == objects.c.conversation_id,
            conversation_holds.c.state == "wanted",
            conversation_holds.c.state_at > func.clock_timestamp() - _UNDER_WAY,
        )
        .exists()
    )
    return case((and_(objects.c.held.is_distinct_from(in_force), lately), "under way"), (in_force, "on"), else_="off")


def _evidence() -> Select[Any]:
    return select(
        evidence_objects.c.key,
        evidence_objects.c.version_id,
        evidence_objects.c.size_bytes,
        evidence_objects.c.sha256,
        evidence_objects.c.lock_mode,
        evidence_objects.c.retain_until,
        literal(_EVIDENCE_CLASS).label("retention_class"),
        literal("off").label("hold"),
    ).where(evidence_objects.c.version_id.is_not(None))
