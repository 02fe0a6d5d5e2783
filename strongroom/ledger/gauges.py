"""What an operator watches, counted from the ledger: how much waits, how long, how far from which deadline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, null, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import checkpoints, sealed_days
from strongroom.ledger.hold_schema import conversation_holds, matter_searches
from strongroom.ledger.operations_schema import notices, signs_of_life
from strongroom.ledger.request_schema import requests
from strongroom.ledger.restore_schema import FOLLOWED_RESTORE_STATES, restores
from strongroom.ledger.restores import is_late
from strongroom.ledger.review import Selection, reviewed_causes
from strongroom.ledger.schema import (
    OPEN_CONVERSATION_STATES,
    OPEN_RECORDING_STATES,
    conversations,
    objects,
    recordings,
    runs,
)

_MOST_DUE_TIMES = 100


@dataclass(frozen=True)
class Waiting:
    """Open rows of one kind. Instants are None where there is no such row.

    `overdue_since`: how long the longest of those is due that nobody holds, which a running fleet keeps short; without
    what a back-fill asked for.
    """

    number: int
    oldest_since: datetime | None
    next_deadline: datetime | None
    overdue_since: datetime | None


@dataclass(frozen=True)
class DueTime:
    """When Legal must have the files of a request, or a restore must be readable."""

    kind: str
    ident: str
    needed_by: datetime


@dataclass(frozen=True)
class Gauges:
    """All of it, at `now` by the database's clock. `conversations` are by class and state, `recordings` by medium and
    state, `stored` objects and bytes by class: of the days since `since`. Everything else is of the whole ledger;
    `open_runs` are those of no back-fill.
    """

    now: datetime
    since: date
    conversations: Mapping[tuple[str, str], int]
    recordings: Mapping[tuple[str, str], int]
    stored: Mapping[str, tuple[int, int]]
    waiting: Mapping[str, Waiting]
    review: Mapping[str, int]
    review_since: datetime | None
    open_runs: Mapping[date, datetime]
    last_settled_day: date | None
    unsealed_days: int
    unsealed_since: datetime | None
    last_checkpoint_at: datetime | None
    checkpoint_troubles: int
    due_times: tuple[DueTime, ...]
    late_restores: int
    signs: Mapping[str, datetime]
    undelivered_notices: int


def read_gauges(engine: Engine, since: date) -> Gauges:
    """Count now. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        causes = connection.execute(reviewed_causes(Selection())).all()
        unsealed = select(func.count(runs.c.day.distinct()), func.min(runs.c.state_at)).where(
            runs.c.state == "settled", ~select(sealed_days.c.day).where(sealed_days.c.day == runs.c.day).exists()
        )
        unsealed_days, unsealed_since = connection.execute(unsealed).one()
        trouble = or_(checkpoints.c.timestamp_error.is_not(None), checkpoints.c.witness_error.is_not(None))
        return Gauges(
            now=now,
            since=since,
            conversations=_conversations(connection, since),
            recordings=_recordings(connection, since),
            stored=_stored(connection, since),
            waiting=_waiting(connection),
            review={row.cause: row.number for row in causes},
            review_since=min((row.since for row in causes), default=None),
            open_runs=dict(
                connection.execute(
                    select(runs.c.day, runs.c.first_seen_at).where(runs.c.state != "settled", ~runs.c.background)
                ).all()
            ),
            last_settled_day=connection.scalar(select(func.max(runs.c.day)).where(runs.c.state == "settled")),
            unsealed_days=unsealed_days,
            unsealed_since=unsealed_since,
            last_checkpoint_at=connection.scalar(select(func.max(checkpoints.c.created_at))),
            checkpoint_troubles=connection.execute(
                select(func.count()).select_from(checkpoints).where(trouble)
            ).scalar_one(),
            due_times=_due_times(connection),
            late_restores=connection.execute(select(func.count()).select_from(restores).where(is_late())).scalar_one(),
            signs=dict(connection.execute(select(signs_of_life.c.sign, signs_of_life.c.seen_at)).all()),
            undelivered_notices=connection.execute(
                select(func.count()).where(
                    or_(and_(notices.c.state == "waiting", notices.c.attempts > 0), _given_up_lately())
                )
            ).scalar_one(),
        )


def show_sign_of_life(engine: Engine, sign: str) -> None:
    """Something that is done over and over was done just now: Beat rang, the broker carried it, a worker took it."""
    statement = postgresql_insert(signs_of_life).values(sign=sign, seen_at=func.clock_timestamp())
    statement = statement.on_conflict_do_update(
        index_elements=[signs_of_life.c.sign], set_={"seen_at": statement.excluded.seen_at}
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def signs_of_life_shown(engine: Engine) -> dict[str, datetime]:
    """When each was shown last. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        return dict(connection.execute(select(signs_of_life.c.sign, signs_of_life.c.seen_at)).all())


def _given_up_lately() -> ColumnElement[bool]:
    return and_(notices.c.state == "failed", notices.c.state_at > func.clock_timestamp() - timedelta(days=1))


def _conversations(connection: Connection, since: date) -> dict[tuple[str, str], int]:
    retention_class = func.coalesce(conversations.c.retention_class, "undecided")
    statement = (
        select(retention_class, conversations.c.state, func.count())
        .where(conversations.c.day >= since)
        .group_by(conversations.c.retention_class, conversations.c.state)
    )
    return {(name, state): number for name, state, number in connection.execute(statement)}


def _recordings(connection: Connection, since: date) -> dict[tuple[str, str], int]:
    statement = (
        select(func.coalesce(recordings.c.media, "unknown"), recordings.c.state, func.count())
        .join_from(
            recordings,
            conversations,
            and_(
                recordings.c.conversation_id == conversations.c.conversation_id,
                recordings.c.revision == conversations.c.revision,
            ),
        )
        .where(conversations.c.day >= since)
        .group_by(recordings.c.media, recordings.c.state)
    )
    return {(media, state): number for media, state, number in connection.execute(statement)}


def _stored(connection: Connection, since: date) -> dict[str, tuple[int, int]]:
    statement = (
        select(conversations.c.retention_class, func.count(), func.sum(objects.c.size_bytes))
        .join_from(
            objects,
            conversations,
            and_(
                objects.c.conversation_id == conversations.c.conversation_id,
                objects.c.revision == conversations.c.revision,
            ),
        )
        .where(conversations.c.day >= since, conversations.c.retention_class.is_not(None))
        .group_by(conversations.c.retention_class)
    )
    return {name: (number, int(size)) for name, number, size in connection.execute(statement)}


def _waiting(connection: Connection) -> dict[str, Waiting]:
    kinds: dict[str, tuple[Table, tuple[str, ...]]] = {
        "conversation": (conversations, OPEN_CONVERSATION_STATES),
        "recording": (recordings, OPEN_RECORDING_STATES),
        "run": (runs, ("enumerating",)),
        "restore": (restores, FOLLOWED_RESTORE_STATES),
        "request": (requests, ("preparing",)),
        "hold": (conversation_holds, ("wanted",)),
        "search": (matter_searches, ("wanted",)),
    }
    return {kind: _waiting_rows(connection, table, states) for kind, (table, states) in kinds.items()}


def _waiting_rows(connection: Connection, table: Table, states: tuple[str, ...]) -> Waiting:
    if table is conversations:
        # one whose recordings are fetched waits for them, not for a worker
        fetched = select(recordings.c.recording_id).where(
            recordings.c.conversation_id == conversations.c.conversation_id,
            recordings.c.revision == conversations.c.revision,
            recordings.c.state.in_(OPEN_RECORDING_STATES),
        )
        nobody = and_(leases.free(table), ~fetched.exists())
    else:
        nobody = leases.free(table)
    if "background" in table.c:
        # a back-fill is stopped, slowed and overtaken on purpose
        nobody = and_(nobody, ~table.c.background)
    deadline: ColumnElement[Any] = null()
    if table is recordings:
        # before the first attempt none runs: what a recording waits in a queue is added to its deadline
        deadline = func.min(table.c.deadline_at).filter(table.c.attempts > 0)
    elif "deadline_at" in table.c:
        deadline = func.min(table.c.deadline_at)
    # a conversation's row is as old as its first hold; it waits since a matter last changed
    since = table.c.state_at if table is conversation_holds else table.c.first_seen_at
    statement = select(
        func.count(),
        func.min(since),
        deadline,
        func.min(table.c.due_at).filter(and_(table.c.due_at <= func.clock_timestamp(), nobody)),
    ).where(table.c.state.in_(states))
    return Waiting(*connection.execute(statement).one())


def _due_times(connection: Connection) -> tuple[DueTime, ...]:
    asked = select(requests.c.request_id, requests.c.needed_by).where(requests.c.state.in_(("waiting", "preparing")))
    restored = select(restores.c.restore_id, restores.c.needed_by).where(restores.c.state == "open")
    found = [
        DueTime("request", str(row.request_id), row.needed_by)
        for row in connection.execute(asked.order_by(requests.c.needed_by).limit(_MOST_DUE_TIMES))
    ]
    found += [
        DueTime("restore", str(row.restore_id), row.needed_by)
        for row in connection.execute(restored.order_by(restores.c.needed_by).limit(_MOST_DUE_TIMES))
    ]
    return tuple(found)
