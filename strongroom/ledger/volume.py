"""How much was archived lately, counted from the ledger: what the cost model is fed with."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ARRAY, BigInteger, and_, case, cast, func, literal, select

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.schema import conversations, objects

_KIB = 1024
_MIB = 1024**2
BUCKET_EDGES_BYTES = tuple(
    [each * _KIB for each in (4, 8, 16, 24, 32, 40, 48, 56, 64, 96, 128, 256, 512)]
    + [each * _MIB for each in (1, 4, 16, 64, 256, 1024)]
)
"""Where one size bucket ends and the next begins: close together where tiers begin to pay."""


@dataclass(frozen=True)
class VolumeRow:
    """The objects of one retention class, kind and size bucket. `kind` is media (of a recording) or document."""

    retention_class: str
    kind: str
    bucket: int
    objects: int
    size_bytes: int


@dataclass(frozen=True)
class Volume:
    """What stands in the vault of the conversations that ended on these UTC days, first and last included.

    `first_day` and `last_day` are the outermost days that have anything; `conversations` counts revisions.
    """

    first_day: date
    last_day: date
    conversations: int
    rows: tuple[VolumeRow, ...]

    @property
    def days(self) -> int:
        """How many days were measured."""
        return (self.last_day - self.first_day).days + 1


def archived_volume(engine: Engine, first_day: date, last_day: date) -> Volume | None:
    """Count what stands of the conversations that ended from `first_day` to `last_day`; None when nothing does."""
    of_days = and_(conversations.c.day.between(first_day, last_day), conversations.c.retention_class.is_not(None))
    same_revision = and_(
        objects.c.conversation_id == conversations.c.conversation_id, objects.c.revision == conversations.c.revision
    )
    kind = case((objects.c.recording_id.is_(None), "document"), else_="media")
    edges = cast(literal(list(BUCKET_EDGES_BYTES), ARRAY(BigInteger)), ARRAY(BigInteger))
    bucket = func.width_bucket(objects.c.size_bytes, edges)
    # a subquery, because PostgreSQL does not see that two expressions with parameters are the same
    sizes = (
        select(
            conversations.c.retention_class.label("retention_class"),
            kind.label("kind"),
            bucket.label("bucket"),
            objects.c.size_bytes.label("size_bytes"),
        )
        .join_from(objects, conversations, same_revision)
        .where(of_days)
        .subquery()
    )
    by_bucket = (
        select(sizes.c.retention_class, sizes.c.kind, sizes.c.bucket, func.count(), func.sum(sizes.c.size_bytes))
        .group_by(sizes.c.retention_class, sizes.c.kind, sizes.c.bucket)
        .order_by(sizes.c.retention_class, sizes.c.kind, sizes.c.bucket)
    )
    of_conversations = select(func.min(conversations.c.day), func.max(conversations.c.day), func.count()).where(
        of_days, select(objects.c.object_id).where(same_revision).exists()
    )
    with transaction(engine) as connection:
        first, last, count = connection.execute(of_conversations).one()
        if not count:
            return None
        found = connection.execute(by_bucket).all()
    rows = tuple(VolumeRow(name, kind, bucket, number, int(size)) for name, kind, bucket, number, size in found)
    return Volume(first, last, count, rows)
