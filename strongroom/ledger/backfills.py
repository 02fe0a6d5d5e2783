"""Back-fills: `running ⇄ stopped`, in the end `finished`. Each reads its days one by one and remembers where it is.

A day that is read gets a run of its own, in the background; what is found there is archived as any other conversation,
after whatever the nights and Legal wait for.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, insert, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.errors import Misconfigured
from strongroom.ledger import leases
from strongroom.ledger.backfill_schema import backfills
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.schema import OPEN_CONVERSATION_STATES, conversations, runs


class NoSuchBackfill(Misconfigured):
    """There is no back-fill of that number, or it is finished."""


class BackfillsOverlap(Misconfigured):
    """Some of the days are in a back-fill that isn't finished."""


@dataclass(frozen=True)
class Backfill:
    """A back-fill. `reading_day` is the day that is read now; None when all are.

    `shortest_lock_days`: what the policy would have let go is archived with such a lock; None: it is listed as expired.
    """

    backfill_id: int
    first_day: date
    last_day: date
    newest_first: bool
    shortest_lock_days: int | None
    reading_day: date | None
    state: str
    state_at: datetime
    cause: str
    first_seen_at: datetime


@dataclass(frozen=True)
class Reading:
    """A back-fill this process holds: the day it reads, the job whose results these are, and the next page's cursor.

    `attempts` counts the failures in a row, this one included if it is one.
    """

    backfill_id: int
    day: date
    next_day: date | None
    shortest_lock_days: int | None
    job_id: str | None
    cursor: str | None
    attempts: int


def open_backfill(
    engine: Engine, first: date, last: date, *, newest_first: bool, shortest_lock_days: int | None
) -> Backfill:
    """Begin a back-fill of the days from first to last (both included). Raises BackfillsOverlap."""
    with transaction(engine) as connection:
        # two at once would both find no other
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.backfills"))))
        other = connection.execute(
            select(backfills.c.backfill_id, backfills.c.first_day, backfills.c.last_day, backfills.c.state)
            .where(backfills.c.state != "finished", backfills.c.first_day <= last, backfills.c.last_day >= first)
            .order_by(backfills.c.backfill_id)
        ).first()
        if other is not None:
            raise BackfillsOverlap(
                f"back-fill {other.backfill_id} of {other.first_day} to {other.last_day} is {other.state}",
                where=f"{first} to {last}",
                todo="choose other days, or let it finish; see: strongroom backfill list",
            )
        statement = insert(backfills).values(
            first_day=first,
            last_day=last,
            newest_first=newest_first,
            shortest_lock_days=shortest_lock_days,
            reading_day=last if newest_first else first,
            state="running",
            cause="asked for by command",
        )
        return _backfill(connection.execute(statement.returning(*_COLUMNS)).one())


def list_backfills(engine: Engine) -> list[Backfill]:
    """All back-fills, the latest first."""
    with transaction(engine) as connection:
        statement = select(*_COLUMNS).order_by(backfills.c.backfill_id.desc())
        return [_backfill(row) for row in connection.execute(statement)]


def stop_backfill(engine: Engine, backfill_id: int) -> bool:
    """Read no more and begin nothing more of it; False when it is stopped already. Raises NoSuchBackfill."""
    return _switch(engine, backfill_id, "running", "stopped", "stopped by command")


def start_backfill(engine: Engine, backfill_id: int) -> bool:
    """Go on where it stopped; False when it runs already. Raises NoSuchBackfill."""
    return _switch(engine, backfill_id, "stopped", "running", "started by command")


def take_backfill(engine: Engine, backfill_id: int, holder: Holder) -> Reading | None:
    """Take a running back-fill that has something to read and is due, or None."""
    to_read = backfills.c.reading_day.is_not(None)
    with transaction(engine) as connection:
        row = leases.take(connection, backfills, {"backfill_id": backfill_id}, ["running"], holder, to_read)
        if row is None:
            return None
        _open_run(connection, row["reading_day"])
    return Reading(
        backfill_id=backfill_id,
        day=row["reading_day"],
        next_day=_next_day(row),
        shortest_lock_days=row["shortest_lock_days"],
        job_id=row["job_id"],
        cursor=row["cursor"],
        attempts=row["attempts"],
    )


def _next_day(row: RowMapping) -> date | None:
    """The day after the one that is read, in the back-fill's order; None when that is its last."""
    last = row["first_day"] if row["newest_first"] else row["last_day"]
    if row["reading_day"] == last:
        return None
    next_day: date = row["reading_day"] + timedelta(days=-1 if row["newest_first"] else 1)
    return next_day


def postpone_backfill(
    engine: Engine,
    reading: Reading,
    holder: Holder,
    due_in_s: float,
    cause: str,
    *,
    failed: bool = False,
    anew: bool = False,
) -> None:
    """Not yet; due again in `due_in_s`, with a new job from its first page on if `anew`. Raises LeaseLost.

    Only what `failed` counts as an attempt: waiting is no fault.
    """
    values: dict[str, object] = {"cause": cause}
    if not failed:
        values["attempts"] = 0
    if anew:
        values |= {"job_id": null(), "cursor": null()}
    _hand_back(engine, reading, holder, leases.seconds_from_now(due_in_s), **values)


def backfill_submitted(engine: Engine, reading: Reading, holder: Holder, job_id: str, due_in_s: float) -> None:
    """A job for its day was submitted; looked for in `due_in_s`. Raises LeaseLost."""
    cause = f"the job for {reading.day} is submitted"
    due_at = leases.seconds_from_now(due_in_s)
    _hand_back(engine, reading, holder, due_at, cause=cause, job_id=job_id, cursor=null())


def page_was_read(engine: Engine, reading: Reading, holder: Holder, cursor: str) -> None:
    """A page is recorded, the next begins at `cursor`; the lease is kept. Raises LeaseLost, as when it was stopped."""
    statement = (
        update(backfills)
        .where(_held(reading, holder))
        .values(
            cursor=cursor,
            attempts=0,
            cause=f"reading {reading.day}",
            lease_until=func.clock_timestamp() + holder.duration,
        )
    )
    with transaction(engine) as connection:
        if connection.execute(statement).rowcount != 1:
            raise LeaseLost(f"back-fill {reading.backfill_id}")


def day_was_read(engine: Engine, reading: Reading, holder: Holder) -> None:
    """The last page of its day is recorded; the day's run goes on without us. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.change(
            connection,
            backfills,
            {"backfill_id": reading.backfill_id},
            ["running"],
            holder,
            cause=f"{reading.day} is read" if reading.next_day else "every day is read",
            reading_day=reading.next_day,
            job_id=null(),
            cursor=null(),
            attempts=0,
            due_at=func.clock_timestamp(),
            enqueued_at=None,
        )
        connection.execute(
            update(runs)
            .where(runs.c.day == reading.day, runs.c.background, runs.c.state == "enumerating")
            .values(state="capturing", state_at=func.clock_timestamp(), cause="read by activity, by a back-fill")
        )


def finish_backfills(engine: Engine) -> list[int]:
    """Finish each back-fill whose days are all read and settled; their numbers."""
    under_way = exists().where(
        runs.c.day.between(backfills.c.first_day, backfills.c.last_day), runs.c.background, runs.c.state != "settled"
    )
    statement = (
        update(backfills)
        .where(backfills.c.state == "running", backfills.c.reading_day.is_(None), ~under_way)
        .values(state="finished", state_at=func.clock_timestamp(), cause="every day of it has settled")
        .returning(backfills.c.backfill_id)
    )
    with transaction(engine) as connection:
        return sorted(connection.scalars(statement))


def in_flight(engine: Engine) -> int:
    """How many conversations of the back-fills are found and not settled; what is stopped leaves its room to others."""
    statement = select(func.count()).where(
        conversations.c.background,
        or_(*(conversations.c.state == state for state in OPEN_CONVERSATION_STATES)),
        ~of_stopped_backfill(),
    )
    with transaction(engine) as connection:
        return connection.execute(statement).scalar_one()


def of_stopped_backfill() -> ColumnElement[bool]:
    """The condition that a conversation is a stopped back-fill's: it is not begun until that goes on."""
    return exists().where(
        backfills.c.state == "stopped",
        conversations.c.background,
        conversations.c.day.between(backfills.c.first_day, backfills.c.last_day),
    )


_COLUMNS = [backfills.c[name] for name in Backfill.__dataclass_fields__]


def _backfill(row: object) -> Backfill:
    return Backfill(*row)  # type: ignore[misc]


def _open_run(connection: Connection, day: date) -> None:
    """The day's run, unless one is open: a night's pass over it is as good."""
    connection.execute(
        postgresql_insert(runs)
        .values(day=day, state="enumerating", cause="read by a back-fill", background=True)
        .on_conflict_do_nothing(index_elements=["day"], index_where=runs.c.state != "settled")
    )


def _held(reading: Reading, holder: Holder) -> ColumnElement[bool]:
    return and_(
        backfills.c.backfill_id == reading.backfill_id,
        backfills.c.state == "running",
        backfills.c.lease_owner == holder.owner,
    )


def _hand_back(
    engine: Engine, reading: Reading, holder: Holder, due_at: ColumnElement[datetime], **values: object
) -> None:
    ids = {"backfill_id": reading.backfill_id}
    with transaction(engine) as connection:
        leases.postpone(connection, backfills, ids, ["running"], holder, due_at, **values)


def _switch(engine: Engine, backfill_id: int, before: str, after: str, cause: str) -> bool:
    with transaction(engine) as connection:
        state = connection.scalar(
            select(backfills.c.state).where(backfills.c.backfill_id == backfill_id).with_for_update()
        )
        if state is None or state == "finished":
            raise NoSuchBackfill(
                "there is no such back-fill" if state is None else "this back-fill is finished",
                where=f"back-fill {backfill_id}",
                todo="see: strongroom backfill list",
            )
        if state != before:
            return False
        # nobody holds it any more: whoever does learns of it at its next page
        connection.execute(
            update(backfills)
            .where(backfills.c.backfill_id == backfill_id)
            .values(
                state=after,
                state_at=func.clock_timestamp(),
                cause=cause,
                lease_owner=None,
                lease_until=None,
                enqueued_at=None,
                due_at=func.clock_timestamp(),
            )
        )
        return True
