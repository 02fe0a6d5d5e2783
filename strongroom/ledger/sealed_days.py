"""Which days are sealed, in which checkpoint, what came to them later, and what waits to be sealed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import sealed_days
from strongroom.ledger.schema import conversations, objects, runs


@dataclass(frozen=True)
class SealedDay:
    """A sealed day: the first checkpoint that holds it with how many manifests, and what came late."""

    day: date
    sealed_at: datetime
    checkpoint_size: int
    manifests: int
    late_manifests: int
    late_checkpoint_size: int | None


def sealed_day(engine: Engine, day: date) -> SealedDay | None:
    """The day's seal, when it has one."""
    columns = [sealed_days.c[name] for name in SealedDay.__dataclass_fields__]
    with transaction(engine) as connection:
        row = connection.execute(select(*columns).where(sealed_days.c.day == day)).one_or_none()
    return None if row is None else SealedDay(*row)


def days_to_seal(engine: Engine) -> list[date]:
    """Days with a settled run that are not sealed yet, ascending."""
    with transaction(engine) as connection:
        return list(connection.scalars(select(runs.c.day).distinct().where(_to_seal()).order_by(runs.c.day)))


def days_with_late_manifests(engine: Engine) -> list[date]:
    """Sealed days with manifests that the log doesn't hold yet, ascending."""
    with transaction(engine) as connection:
        return list(connection.scalars(_late(conversations.c.day).distinct().order_by(conversations.c.day)))


def unsealed_manifests(engine: Engine, day: date) -> int:
    """How many of a day's manifests the log doesn't hold yet."""
    statement = (
        select(func.count())
        .select_from(objects)
        .join(conversations, _same_revision())
        .where(_unsealed_manifest(), conversations.c.day == day)
    )
    with transaction(engine) as connection:
        return connection.execute(statement).scalar_one()


def seal_is_due(engine: Engine, late_patience_s: float) -> bool:
    """Whether a settled day isn't sealed, or a late manifest has waited for the next day's seal for so long."""
    waited = objects.c.stored_at <= func.clock_timestamp() - leases.seconds(late_patience_s)
    late = _late(objects.c.object_id).where(waited)
    with transaction(engine) as connection:
        return bool(connection.scalar(select(or_(exists().where(_to_seal()), late.exists()))))


def record_sealed(engine: Engine, day: date, checkpoint_size: int, manifests: int) -> None:
    """A day is in a checkpoint that stands in the vault. Recording it again changes nothing."""
    statement = (
        postgresql_insert(sealed_days)
        .values(day=day, checkpoint_size=checkpoint_size, manifests=manifests)
        .on_conflict_do_nothing()
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def record_late(engine: Engine, day: date, checkpoint_size: int, manifests: int) -> None:
    """A later checkpoint holds more of a sealed day: `manifests` in all. Recording it again is harmless."""
    statement = (
        update(sealed_days)
        .where(
            sealed_days.c.day == day,
            func.coalesce(sealed_days.c.late_checkpoint_size, sealed_days.c.checkpoint_size) < checkpoint_size,
        )
        .values(late_manifests=manifests - sealed_days.c.manifests, late_checkpoint_size=checkpoint_size)
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def _to_seal() -> ColumnElement[bool]:
    return and_(runs.c.state == "settled", ~exists().where(sealed_days.c.day == runs.c.day))


def _late(column: Column[Any]) -> Select[Any]:
    of_sealed_days = select(column).join_from(objects, conversations, _same_revision())
    return of_sealed_days.join(sealed_days, sealed_days.c.day == conversations.c.day).where(_unsealed_manifest())


def _unsealed_manifest() -> ColumnElement[bool]:
    return and_(objects.c.part == "manifest", objects.c.leaf_index.is_(None))


def _same_revision() -> ColumnElement[bool]:
    return and_(
        objects.c.conversation_id == conversations.c.conversation_id,
        objects.c.revision == conversations.c.revision,
    )
