"""Activity reads: each archived day read once more by activity and recounted, `wanted → submitted → counted → read`.

The nightly query knows conversations by their start and looks back some days; what lasted longer is found here.
`counted`: the result is committed, and is to be put into the vault. A day wanted again gets its next recount.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.recount_schema import recount_lines, recounts
from strongroom.ledger.schema import OPEN_ACTIVITY_READ_STATES, activity_reads, runs


@dataclass(frozen=True)
class ActivityRead:
    """A read this process holds; `job_id` is the asynchronous job it waits for, when one is submitted.

    `number`: which recount of the day it is. `is_counted`: its result is committed. `wanted_at`, `taken_at`: by the
    database's clock.
    """

    day: date
    job_id: str | None
    attempts: int
    number: int
    is_counted: bool
    wanted_at: datetime
    taken_at: datetime


def want_activity_reads(engine: Engine) -> int:
    """Want a read of each day that has a run and neither a read nor a recount yet; how many.

    Of a day that is back-filled once it has settled: before that a recount would miss, and archive at once, what the
    back-fill has still to read in the background.
    """
    recounted = select(recounts.c.day).where(recounts.c.day == runs.c.day).exists()
    begun = or_(~runs.c.background, runs.c.state == "settled")
    archived = select(runs.c.day, literal("wanted"), literal("the day has a run")).where(begun, ~recounted).distinct()
    statement = (
        postgresql_insert(activity_reads).from_select(["day", "state", "cause"], archived).on_conflict_do_nothing()
    )
    with transaction(engine) as connection:
        return connection.execute(statement).rowcount


def want_recount(engine: Engine, day: date, cause: str) -> int | None:
    """Have a day with a run recounted; the number of that recount. None: the day has no run.

    One that is under way already is the one; else it is the next. Two at once want the same.
    """
    wanted = select(literal(day), literal("wanted"), literal(cause), _next_number(literal(day))).where(
        select(runs.c.run_id).where(runs.c.day == day).exists()
    )
    new = postgresql_insert(activity_reads).from_select(["day", "state", "cause", "number"], wanted)
    now = func.clock_timestamp()
    statement = new.on_conflict_do_update(
        index_elements=["day"],
        set_={
            "state": "wanted",
            "state_at": now,
            "cause": cause,
            "number": new.excluded.number,
            "job_id": None,
            "first_seen_at": now,
            "due_at": now,
            "enqueued_at": now,
            "attempts": 0,
        },
        where=activity_reads.c.state == "read",
    )
    with transaction(engine) as connection:
        connection.execute(statement)
        number: int | None = connection.scalar(select(activity_reads.c.number).where(activity_reads.c.day == day))
    return number


def _next_number(day: ColumnElement[date]) -> ScalarSelect[int]:
    return select(func.coalesce(func.max(recounts.c.number), 0) + 1).where(recounts.c.day == day).scalar_subquery()


def unread_days(engine: Engine, first: date, last: date) -> set[date]:
    """The days from first to last (both included) that wait to be read by activity."""
    statement = select(activity_reads.c.day).where(
        activity_reads.c.day.between(first, last), activity_reads.c.state.in_(OPEN_ACTIVITY_READ_STATES)
    )
    with transaction(engine) as connection:
        return set(connection.scalars(statement))


@dataclass(frozen=True)
class ReadState:
    """How far a day's read is; `cause` says what it waits for."""

    number: int
    state: str
    cause: str


def read_state(engine: Engine, day: date) -> ReadState | None:
    """How far a day's read is; None when nobody wanted one yet."""
    columns = (activity_reads.c.number, activity_reads.c.state, activity_reads.c.cause)
    with transaction(engine) as connection:
        row = connection.execute(select(*columns).where(activity_reads.c.day == day)).one_or_none()
    return None if row is None else ReadState(*row)


def take_activity_read(engine: Engine, day: date, holder: Holder) -> ActivityRead | None:
    """Take a day's read, or None when it is held, not due, done or unknown."""
    with transaction(engine) as connection:
        row = leases.take(connection, activity_reads, {"day": day}, OPEN_ACTIVITY_READ_STATES, holder)
    if row is None:
        return None
    return ActivityRead(
        day=row["day"],
        job_id=row["job_id"],
        attempts=row["attempts"],
        number=row["number"],
        is_counted=row["state"] == "counted",
        wanted_at=row["first_seen_at"],
        taken_at=row["taken_at"],
    )


def submitted(engine: Engine, day: date, holder: Holder, job_id: str, due_in_s: float) -> None:
    """A job was submitted; its results are looked for in `due_in_s`. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.postpone(
            connection,
            activity_reads,
            {"day": day},
            OPEN_ACTIVITY_READ_STATES,
            holder,
            leases.seconds_from_now(due_in_s),
            state="submitted",
            cause="the job is submitted",
            job_id=job_id,
        )


def postpone_activity_read(
    engine: Engine, read: ActivityRead, holder: Holder, due_in_s: float, cause: str, *, anew: bool = False
) -> None:
    """Not yet; due again in `due_in_s`, with a new job if `anew`. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.postpone(
            connection,
            activity_reads,
            {"day": read.day},
            OPEN_ACTIVITY_READ_STATES,
            holder,
            leases.seconds_from_now(due_in_s),
            state=_state_of(read, anew=anew),
            cause=cause,
            job_id=None if anew else read.job_id,
        )


def _state_of(read: ActivityRead, *, anew: bool) -> str:
    if read.is_counted:
        return "counted"
    return "wanted" if anew or read.job_id is None else "submitted"


def counted(
    engine: Engine, read: ActivityRead, holder: Holder, document: bytes, *, conversations: int, differences: int
) -> None:
    """Every page of the job was read and compared: commit the one result of this recount. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.change(
            connection,
            activity_reads,
            {"day": read.day},
            ["submitted"],
            holder,
            state="counted",
            cause=f"{conversations} conversations counted, {differences} differences",
            due_at=func.clock_timestamp(),
            number=read.number,
        )
        connection.execute(
            insert(recounts).values(
                day=read.day,
                number=read.number,
                conversations=conversations,
                differences=differences,
                document=document.decode(),
            )
        )
        connection.execute(delete(recount_lines).where(recount_lines.c.day == read.day))


def activity_was_read(engine: Engine, read: ActivityRead, holder: Holder) -> None:
    """The result stands in the vault: the day is reconciled. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.change(connection, activity_reads, {"day": read.day}, ["counted"], holder, state="read")
        connection.execute(
            update(recounts)
            .where(recounts.c.day == read.day, recounts.c.number == read.number, recounts.c.reconciled_at.is_(None))
            .values(reconciled_at=func.clock_timestamp())
        )
