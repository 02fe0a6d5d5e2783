"""What the ledger says for `strongroom verify`: conversations with their objects, leaves of days, the rolling share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger.being_ended import being_ended
from strongroom.ledger.ending_schema import certificates
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import log_entries, verifications
from strongroom.ledger.schema import conversations, objects

_BATCH = 200
# what is called ending and is not being ended is had as well, so that somebody hears of it
_KEPT = or_(conversations.c.state == "archived", and_(conversations.c.state == "ending", ~being_ended()))
_OF_REVISION = and_(
    verifications.c.conversation_id == conversations.c.conversation_id,
    verifications.c.revision == conversations.c.revision,
)
# when its bytes were last read whole: they were when it was archived
_READ_AT = func.coalesce(verifications.c.hashed_at, conversations.c.state_at)


@dataclass(frozen=True)
class HeldRevision:
    """A revision of a conversation; `certificate` is the one under which it ended.

    `on_list` says of one that is ending that it does so on a list that was approved.
    """

    revision: int
    day: date
    state: str
    certificate: int | None
    on_list: bool


@dataclass(frozen=True)
class HeldObject:
    """An object that the ledger says stands; `leaf_index` is a manifest's leaf in the log."""

    revision: int
    part: str
    key: str
    version_id: str
    size_bytes: int
    sha256: str
    leaf_index: int | None


@dataclass(frozen=True)
class Holding:
    """All that the ledger has of a conversation, each list in the order of its revisions."""

    conversation_id: UUID
    revisions: tuple[HeldRevision, ...]
    objects: tuple[HeldObject, ...]


@dataclass(frozen=True)
class LoggedLeaf:
    """An entry as the ledger has it."""

    leaf_index: int
    ref: str
    document: bytes


def conversations_of(engine: Engine, first: date | None, last: date | None) -> Iterator[list[UUID]]:
    """The conversations with a revision of these days, both included, in batches by id; None, None: all there are."""
    after: UUID | None = None
    while True:
        statement = (
            select(conversations.c.conversation_id).distinct().order_by(conversations.c.conversation_id).limit(_BATCH)
        )
        if first is not None:
            statement = statement.where(conversations.c.day.between(first, last))
        if after is not None:
            statement = statement.where(conversations.c.conversation_id > after)
        with transaction(engine) as connection:
            batch = list(connection.scalars(statement))
        if not batch:
            return
        yield batch
        after = batch[-1]


def holdings_of(engine: Engine, conversation_ids: Sequence[UUID]) -> list[Holding]:
    """What the ledger has of these conversations; one it does not know has no revisions."""
    revisions = (
        select(
            conversations.c.conversation_id,
            conversations.c.revision,
            conversations.c.day,
            conversations.c.state,
            conversations.c.certificate,
            being_ended(),
        )
        .where(conversations.c.conversation_id.in_(conversation_ids))
        .order_by(conversations.c.revision)
    )
    kept = (
        select(objects.c.conversation_id, *(objects.c[name] for name in HeldObject.__dataclass_fields__))
        .where(objects.c.conversation_id.in_(conversation_ids))
        .order_by(objects.c.revision, objects.c.key)
    )
    with transaction(engine) as connection:
        revision_rows = connection.execute(revisions).all()
        object_rows = connection.execute(kept).all()
    return [
        Holding(
            one,
            tuple(HeldRevision(*row[1:]) for row in revision_rows if row[0] == one),
            tuple(HeldObject(*row[1:]) for row in object_rows if row[0] == one),
        )
        for one in conversation_ids
    ]


def leaves_at(engine: Engine, first: int, last: int) -> dict[int, LoggedLeaf]:
    """The entries from `first` (included) to `last` (excluded), by their leaf."""
    columns = [log_entries.c[name] for name in LoggedLeaf.__dataclass_fields__]
    statement = select(*columns).where(log_entries.c.leaf_index >= first, log_entries.c.leaf_index < last)
    with transaction(engine) as connection:
        rows = connection.execute(statement).all()
    return {row.leaf_index: LoggedLeaf(row.leaf_index, row.ref, row.document.encode()) for row in rows}


def leaf_of(engine: Engine, ref: str) -> int | None:
    """The leaf of the entry about this, None when the ledger's log has none."""
    with transaction(engine) as connection:
        return connection.scalar(select(log_entries.c.leaf_index).where(log_entries.c.ref == ref))


@dataclass(frozen=True)
class HeldCertificate:
    """A certificate as the ledger has it; `late` says that it was made more than `within` ago."""

    document: bytes
    late: bool


def held_certificate(engine: Engine, number: int, within: timedelta) -> HeldCertificate | None:
    """The ledger's own certificate of this number, None when it has none."""
    late = certificates.c.made_at < func.clock_timestamp() - within
    statement = select(certificates.c.document, late.label("late")).where(certificates.c.number == number)
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else HeldCertificate(row.document.encode(), row.late)


def leaves_of_days(engine: Engine, first: date, last: date) -> tuple[int, int] | None:
    """The first and last leaf, both included, of what belongs to these days; None when nothing does."""
    statement = select(func.min(log_entries.c.leaf_index), func.max(log_entries.c.leaf_index)).where(
        log_entries.c.day.between(first, last)
    )
    with transaction(engine) as connection:
        low, high = connection.execute(statement).one()
    return None if low is None else (low, high)


def leaves_below(engine: Engine, size: int) -> int:
    """How many entries the ledger's log has below a size: as many, where none was taken out."""
    statement = select(func.count()).select_from(log_entries).where(log_entries.c.leaf_index < size)
    with transaction(engine) as connection:
        return connection.execute(statement).scalar_one()


def record_hashed(engine: Engine, hashed: Sequence[tuple[UUID, int, int]]) -> None:
    """Every byte of these was hashed just now: conversation, revision, and how many findings there were."""
    if not hashed:
        return
    rows = [
        {"conversation_id": one, "revision": revision, "findings": findings, "hashed_at": func.clock_timestamp()}
        for one, revision, findings in hashed
    ]
    statement = postgresql_insert(verifications).values(rows)
    statement = statement.on_conflict_do_update(
        index_elements=[verifications.c.conversation_id, verifications.c.revision],
        set_={"hashed_at": statement.excluded.hashed_at, "findings": statement.excluded.findings},
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def longest_unhashed(engine: Engine, quarter_days: int) -> list[UUID]:
    """A night's share, those first that were hashed longest ago; so many that each is hashed once in so many nights.

    One that was never hashed since counts from when it was archived. What is ahead of it then is at most all there is,
    of which each night takes its part: so nothing waits longer, however the archive grows.
    """
    total = select(func.count(conversations.c.conversation_id.distinct())).where(_KEPT)
    statement = (
        select(conversations.c.conversation_id)
        .join_from(conversations, verifications, _OF_REVISION, isouter=True)
        .where(_KEPT)
        .group_by(conversations.c.conversation_id)
        .order_by(func.min(_READ_AT), conversations.c.conversation_id)
    )
    with transaction(engine) as connection:
        count: int = connection.execute(total).scalar_one()
        return list(connection.scalars(statement.limit(-(-count // quarter_days))))


def unhashed_s(engine: Engine) -> float:
    """For how long the record has waited that the next share takes first; 0 where nothing is archived.

    All records are looked through, some microseconds each. Raises LedgerUnreachable.
    """
    since = select(func.min(_READ_AT)).join_from(conversations, verifications, _OF_REVISION, isouter=True)
    waited = func.clock_timestamp() - since.where(_KEPT).scalar_subquery()
    with transaction(engine) as connection:
        longest: timedelta | None = connection.scalar(select(waited))
    return 0.0 if longest is None else max(0.0, longest.total_seconds())


def damaged_records(engine: Engine) -> int:
    """How many records had findings when they were hashed last. Raises LedgerUnreachable."""
    statement = select(func.count(verifications.c.conversation_id.distinct())).where(verifications.c.findings > 0)
    with transaction(engine) as connection:
        return connection.execute(statement).scalar_one()
