"""Lists of records that are to end: drawn up, proposed, approved by another, or refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, RowMapping, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.ending_schema import certificates, ending_records, endings
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import log_entries


@dataclass(frozen=True)
class Ending:
    """A list, and how it stands. `month` is that of a monthly list, `reference` the case of an erasure."""

    ending_id: int
    kind: str
    month: date | None
    reference: str | None
    made_by: str
    made_at: datetime
    proposer: str | None
    proposed_at: datetime | None
    approver: str | None
    approved_at: datetime | None
    state: str
    state_at: datetime
    cause: str


@dataclass(frozen=True)
class EndingRecord:
    """A record on a list. `early_usd` is what deleting it before a cold tier's minimum costs.

    `article` is the GDPR's, on which it stays; `certificate` the number under which it ended.
    """

    conversation_id: UUID
    retention_class: str
    basis: str
    lock_mode: str
    retain_until: datetime
    objects: int
    size_bytes: int
    early_usd: Decimal
    article: str | None
    state: str
    cause: str
    certificate: int | None = None


@dataclass(frozen=True)
class ClassCount:
    """How many records of a class are in a state for one and the same cause."""

    retention_class: str
    basis: str
    state: str
    cause: str
    article: str | None
    records: int
    objects: int
    size_bytes: int
    early_usd: Decimal
    latest_end: datetime


@dataclass(frozen=True)
class CertificateRow:
    """A certificate, by its number; `records` is how many it names."""

    number: int
    kind: str
    ending_id: int | None
    made_at: datetime
    records: int


@dataclass(frozen=True)
class EndedConversation:
    """A conversation that ended, by its last certificate."""

    conversation_id: UUID
    kind: str
    certificate: int
    ended_at: datetime


_COLUMNS = [endings.c[name] for name in Ending.__dataclass_fields__]
_RECORD_COLUMNS = [ending_records.c[name] for name in EndingRecord.__dataclass_fields__]


def begin_list(
    connection: Connection, kind: str, made_by: str, cause: str, *, month: date | None, reference: str | None
) -> int | None:
    """Open a list; None when the month has one already: in the caller's transaction, which fills it."""
    statement = (
        postgresql_insert(endings)
        .values(kind=kind, made_by=made_by, month=month, reference=reference, state="listed", cause=cause)
        .on_conflict_do_nothing()
        .returning(endings.c.ending_id)
    )
    return connection.execute(statement).scalar_one_or_none()


def add_records(connection: Connection, ending_id: int, records: Iterable[EndingRecord]) -> int:
    """Put records on a list; how many."""
    rows = [{"ending_id": ending_id} | vars(one) for one in records]
    if rows:
        connection.execute(insert(ending_records), rows)
    return len(rows)


def find_ending(engine: Engine, ending_id: int) -> Ending | None:
    """A list by its number. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        row = connection.execute(select(*_COLUMNS).where(endings.c.ending_id == ending_id)).mappings().one_or_none()
    return None if row is None else _ending(row)


def list_of_month(engine: Engine, month: date) -> Ending | None:
    """The list that was drawn up for a month. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        row = connection.execute(select(*_COLUMNS).where(endings.c.month == month)).mappings().one_or_none()
    return None if row is None else _ending(row)


def endings_of(engine: Engine, kind: str, limit: int) -> list[Ending]:
    """The lists of a kind, the newest first. Raises LedgerUnreachable."""
    statement = select(*_COLUMNS).where(endings.c.kind == kind).order_by(endings.c.ending_id.desc()).limit(limit)
    with transaction(engine) as connection:
        return [_ending(row) for row in connection.execute(statement).mappings()]


def counts_of(engine: Engine, ending_id: int) -> list[ClassCount]:
    """A list by class, state and cause. Raises LedgerUnreachable."""
    columns = ending_records.c
    by = (columns.retention_class, columns.basis, columns.state, columns.cause, columns.article)
    statement = (
        select(
            *by,
            func.count().label("records"),
            func.sum(columns.objects).label("objects"),
            func.sum(columns.size_bytes).label("size_bytes"),
            func.sum(columns.early_usd).label("early_usd"),
            func.max(columns.retain_until).label("latest_end"),
        )
        .where(columns.ending_id == ending_id)
        .group_by(*by)
        .order_by(*by)
    )
    with transaction(engine) as connection:
        return [
            ClassCount(**{**row, "objects": int(row["objects"]), "size_bytes": int(row["size_bytes"])})
            for row in connection.execute(statement).mappings()
        ]


def records_of(
    engine: Engine, ending_id: int, limit: int, *, after: UUID | None = None, states: Sequence[str] = ()
) -> list[EndingRecord]:
    """Records of a list by id, behind `after`; of `states` alone where some are named. Raises LedgerUnreachable."""
    columns = ending_records.c
    statement = (
        select(*_RECORD_COLUMNS).where(columns.ending_id == ending_id).order_by(columns.conversation_id).limit(limit)
    )
    if after is not None:
        statement = statement.where(columns.conversation_id > after)
    if states:
        statement = statement.where(columns.state.in_(states))
    with transaction(engine) as connection:
        return [EndingRecord(**row) for row in connection.execute(statement).mappings()]


def propose_ending(engine: Engine, ending_id: int, proposer: str, events: Sequence[NewEvent]) -> bool:
    """A list is proposed for approval; False when it is not one that was only drawn up."""
    now = func.clock_timestamp()
    return _decide(
        engine,
        ending_id,
        ("listed",),
        events,
        state="proposed",
        cause="waits for a second person",
        proposer=proposer,
        proposed_at=now,
    )


def approve_ending(engine: Engine, ending_id: int, approver: str, events: Sequence[NewEvent]) -> bool:
    """A proposed list is approved; False when it is not proposed, or by the same one."""
    now = func.clock_timestamp()
    return _decide(
        engine,
        ending_id,
        ("proposed",),
        events,
        not_by=approver,
        state="approved",
        cause="approved; to be carried out",
        approver=approver,
        approved_at=now,
    )


def refuse_ending(engine: Engine, ending_id: int, reason: str, events: Sequence[NewEvent]) -> bool:
    """A list is refused: nothing on it goes under it. False when it is approved by now, or over."""
    return _decide(engine, ending_id, ("listed", "proposed"), events, state="refused", cause=reason)


def _decide(
    engine: Engine,
    ending_id: int,
    states: Sequence[str],
    events: Sequence[NewEvent],
    *,
    not_by: str | None = None,
    **values: object,
) -> bool:
    statement = (
        update(endings)
        .where(endings.c.ending_id == ending_id, endings.c.state.in_(states))
        .values(state_at=func.clock_timestamp(), **values)
    )
    if not_by is not None:
        statement = statement.where(func.lower(endings.c.proposer) != not_by.lower())
    with transaction(engine) as connection:
        if connection.execute(statement).rowcount != 1:
            return False
        append_events(connection, events)
        return True


def certificates_of(engine: Engine, ending_id: int) -> list[CertificateRow]:
    """The certificates of a list, the first first. Raises LedgerUnreachable."""
    columns = [certificates.c[name] for name in CertificateRow.__dataclass_fields__]
    statement = select(*columns).where(certificates.c.ending_id == ending_id).order_by(certificates.c.number)
    with transaction(engine) as connection:
        return [CertificateRow(*row) for row in connection.execute(statement)]


def unlogged_certificates(engine: Engine) -> list[int]:
    """The numbers of the certificates that the log has no entry of. Raises LedgerUnreachable."""
    logged = exists(
        select(log_entries.c.leaf_index).where(log_entries.c.ref == func.concat("certificate/", certificates.c.number))
    )
    statement = select(certificates.c.number).where(~logged).order_by(certificates.c.number)
    with transaction(engine) as connection:
        return list(connection.scalars(statement))


def unknown_certificates(engine: Engine) -> list[bytes]:
    """The log's entries of certificates that the ledger does not have, in their order. Raises LedgerUnreachable."""
    known = exists(
        select(certificates.c.number).where(log_entries.c.ref == func.concat("certificate/", certificates.c.number))
    )
    statement = (
        select(log_entries.c.document)
        .where(log_entries.c.kind == "certificate", ~known)
        .order_by(log_entries.c.leaf_index)
    )
    with transaction(engine) as connection:
        return [document.encode() for document in connection.scalars(statement)]


def _ending(row: RowMapping) -> Ending:
    return Ending(**row)
