"""A day's recount while it is compared, line by line, and its results: one a recount, however often it is run again."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Select, and_, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger.changed_records import not_disposed_of
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import log_entries
from strongroom.ledger.recount_schema import recount_lines, recounts
from strongroom.ledger.schema import conversations, objects, recordings

_BATCH = 1_000


@dataclass(frozen=True)
class Line:
    """A conversation that Genesys's extract holds. `conversation_end` None: it was open.

    `difference` is one of recount_schema.DIFFERENCES, with its record; `sessions` say that they were recorded.
    """

    conversation_id: UUID
    conversation_end: datetime | None
    difference: str | None = None
    record: dict[str, Any] | None = None
    sessions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recount:
    """A recount's result. `reconciled_at` None: it does not stand in the vault yet."""

    day: date
    number: int
    counted_at: datetime
    conversations: int
    differences: int
    document: bytes
    reconciled_at: datetime | None


@dataclass(frozen=True)
class SessionMedia:
    """What the ledger has of a session that was recorded: the states of its recordings, and the cause of the last."""

    conversation_id: UUID
    recording_id: str
    session_id: str | None
    state: str
    cause: str
    on_manifest: bool


def known_ends(engine: Engine, ids: Collection[UUID]) -> dict[UUID, set[datetime]]:
    """The ends of all revisions of these conversations."""
    columns = (conversations.c.conversation_id, conversations.c.conversation_end)
    ends: dict[UUID, set[datetime]] = {}
    with transaction(engine) as connection:
        for conversation_id, end in connection.execute(select(*columns).where(columns[0].in_(ids))):
            ends.setdefault(conversation_id, set()).add(end)
    return ends


def stage(engine: Engine, day: date, job_id: str, lines: Sequence[Line]) -> None:
    """Keep a page of the extract. What a line differed in when it was first read stays."""
    if not lines:
        return
    rows = [
        {
            "day": day,
            "conversation_id": one.conversation_id,
            "job_id": job_id,
            "conversation_end": one.conversation_end,
            "difference": one.difference,
            "record": one.record,
            "sessions": list(one.sessions) or None,
        }
        for one in {one.conversation_id: one for one in lines}.values()
    ]
    new = postgresql_insert(recount_lines).values(rows)
    statement = new.on_conflict_do_update(
        index_elements=["day", "conversation_id"],
        set_={
            "job_id": new.excluded.job_id,
            "conversation_end": new.excluded.conversation_end,
            "sessions": new.excluded.sessions,
            "difference": func.coalesce(recount_lines.c.difference, new.excluded.difference),
            "record": func.coalesce(recount_lines.c.record, new.excluded.record),
        },
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def differing(engine: Engine, day: date, kinds: Collection[str]) -> Iterator[list[Line]]:
    """The lines of a day that differ so, in batches by id. What one batch was changed to is not seen again."""
    columns = recount_lines.c
    after = UUID(int=0)
    while True:
        statement = (
            select(columns.conversation_id, columns.conversation_end, columns.difference, columns.record)
            .where(columns.day == day, columns.difference.in_(kinds), columns.conversation_id > after)
            .order_by(columns.conversation_id)
            .limit(_BATCH)
        )
        with transaction(engine) as connection:
            lines = [Line(*row) for row in connection.execute(statement)]
        if not lines:
            return
        yield lines
        after = lines[-1].conversation_id


def say_again(
    engine: Engine, day: date, conversation_id: UUID, difference: str | None, record: dict[str, Any] | None
) -> None:
    """A closer look told what the difference is, or that there is none."""
    statement = (
        update(recount_lines)
        .where(recount_lines.c.day == day, recount_lines.c.conversation_id == conversation_id)
        .values(difference=difference, record=record)
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def brought_back(engine: Engine, day: date, conversation_id: UUID) -> None:
    """What stands of a conversation that the ledger had lost is about to be brought back into it."""
    new = postgresql_insert(recount_lines).values(
        # of no job: whether Genesys knows it as well is another question
        day=day,
        conversation_id=conversation_id,
        job_id="",
        difference="broughtBack",
    )
    statement = new.on_conflict_do_update(
        index_elements=["day", "conversation_id"], set_={"difference": "broughtBack", "record": None}
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def count_lines(engine: Engine, day: date, job_id: str, first: datetime, last: datetime) -> tuple[int, int]:
    """How many conversations the job held, and how many of them ended from `first` to `last` (excluded)."""
    columns = recount_lines.c
    ended = and_(columns.conversation_end >= first, columns.conversation_end < last)
    statement = select(func.count(), func.count().filter(ended)).where(columns.day == day, columns.job_id == job_id)
    with transaction(engine) as connection:
        held, ended_then = connection.execute(statement).one()
        return held, ended_then


def conversations_of(engine: Engine, day: date) -> int:
    """How many conversations the ledger has of a day, whatever their state."""
    statement = select(func.count(conversations.c.conversation_id.distinct())).where(conversations.c.day == day)
    with transaction(engine) as connection:
        return connection.execute(statement).scalar_one()


def unknown_to_job(engine: Engine, day: date, job_id: str, limit: int) -> tuple[int, list[UUID]]:
    """How many conversations the ledger has of a day that the job does not hold; the first of them by id."""
    held = exists().where(
        recount_lines.c.day == day,
        recount_lines.c.job_id == job_id,
        recount_lines.c.conversation_id == conversations.c.conversation_id,
    )
    of_day = (
        select(conversations.c.conversation_id).where(conversations.c.day == day, not_disposed_of(), ~held).distinct()
    )
    with transaction(engine) as connection:
        count = connection.execute(select(func.count()).select_from(of_day.subquery())).scalar_one()
        return count, list(connection.scalars(of_day.order_by(conversations.c.conversation_id).limit(limit)))


def recorded_sessions(engine: Engine, day: date, job_id: str) -> Iterator[dict[UUID, set[str]]]:
    """The sessions that say they were recorded, by conversation, in batches by id."""
    columns = recount_lines.c
    after = UUID(int=0)
    while True:
        statement = (
            select(columns.conversation_id, columns.sessions)
            .where(
                columns.day == day,
                columns.job_id == job_id,
                columns.sessions.is_not(None),
                columns.conversation_id > after,
            )
            .order_by(columns.conversation_id)
            .limit(_BATCH)
        )
        with transaction(engine) as connection:
            rows = connection.execute(statement).all()
        if not rows:
            return
        yield {row.conversation_id: set(row.sessions) for row in rows}
        after = rows[-1].conversation_id


def media_of_sessions(engine: Engine, ids: Collection[UUID]) -> list[SessionMedia]:
    """The recordings of these conversations, in all revisions, the latest last."""
    statement = (
        select(
            recordings.c.conversation_id,
            recordings.c.recording_id,
            recordings.c.session_id,
            recordings.c.state,
            recordings.c.cause,
            recordings.c.manifest_state.is_not(None),
        )
        .where(recordings.c.conversation_id.in_(ids))
        .order_by(recordings.c.revision)
    )
    with transaction(engine) as connection:
        return [SessionMedia(*row) for row in connection.execute(statement)]


def under_way(engine: Engine, ids: Collection[UUID]) -> set[UUID]:
    """Those of these conversations of which a revision is not archived yet, or in review."""
    statement = select(conversations.c.conversation_id).where(
        conversations.c.conversation_id.in_(ids), conversations.c.state != "archived"
    )
    with transaction(engine) as connection:
        return set(connection.scalars(statement))


def vanished_since(engine: Engine, day: date, since: datetime, limit: int) -> tuple[int, list[Row[Any]]]:
    """The objects of a day that were seen to have vanished since then: how many, and the first of them by key."""
    statement = _vanished(day, since)
    with transaction(engine) as connection:
        count = connection.execute(select(func.count()).select_from(statement.subquery())).scalar_one()
        return count, list(connection.execute(statement.order_by(objects.c.key).limit(limit)))


def _vanished(day: date, since: datetime) -> Select[Any]:
    same_revision = and_(
        objects.c.conversation_id == conversations.c.conversation_id, objects.c.revision == conversations.c.revision
    )
    return (
        select(objects.c.conversation_id, objects.c.revision, objects.c.part, objects.c.key, objects.c.version_id)
        .join_from(objects, conversations, same_revision)
        .where(conversations.c.day == day, objects.c.vanished_at >= since)
    )


def number_in_log(engine: Engine, day: date) -> int:
    """The number of the day's last recount that the log holds, 0 for none."""
    number = cast(func.split_part(log_entries.c.ref, "/", 3), Integer)
    statement = select(func.coalesce(func.max(number), 0)).where(
        log_entries.c.kind == "recount", log_entries.c.day == day
    )
    with transaction(engine) as connection:
        return connection.execute(statement).scalar_one()


def latest_recount(engine: Engine, day: date) -> Recount | None:
    """The day's latest result, when it has one."""
    statement = _results().where(recounts.c.day == day).order_by(recounts.c.number.desc()).limit(1)
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else _recount(row)


def find_recount(engine: Engine, day: date, number: int) -> Recount | None:
    """One result, when it is there."""
    statement = _results().where(recounts.c.day == day, recounts.c.number == number)
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else _recount(row)


def recounts_not_logged(engine: Engine) -> list[Recount]:
    """The results that stand in the vault and whose entry is not in the log yet, the first day first."""
    ref = func.concat("recount/", func.to_char(recounts.c.day, "YYYY-MM-DD"), "/", recounts.c.number)
    logged = exists().where(log_entries.c.ref == ref)
    statement = _results().where(recounts.c.reconciled_at.is_not(None), ~logged)
    with transaction(engine) as connection:
        return [_recount(row) for row in connection.execute(statement.order_by(recounts.c.day, recounts.c.number))]


def _results() -> Select[Any]:
    return select(*(recounts.c[name] for name in Recount.__dataclass_fields__))


def _recount(row: Row[Any]) -> Recount:
    values = row._asdict()
    return Recount(**values | {"document": values["document"].encode()})
