"""Activity reads: each archived day read once more by activity, `wanted → submitted → read`.

The nightly query knows conversations by their start and looks back some days; what lasted longer is found here.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.schema import OPEN_ACTIVITY_READ_STATES, activity_reads, runs


@dataclass(frozen=True)
class ActivityRead:
    """A read this process holds; `job_id` is the asynchronous job it waits for, when one is submitted."""

    day: date
    job_id: str | None
    attempts: int


def want_activity_reads(engine: Engine) -> int:
    """Want a read of each day that has a run and none yet; how many are new. A back-fill reads by activity itself."""
    archived = select(runs.c.day, literal("wanted"), literal("the day has a run")).where(~runs.c.background).distinct()
    statement = (
        postgresql_insert(activity_reads).from_select(["day", "state", "cause"], archived).on_conflict_do_nothing()
    )
    with transaction(engine) as connection:
        return connection.execute(statement).rowcount


def unread_days(engine: Engine, first: date, last: date) -> set[date]:
    """The days from first to last (both included) that wait to be read by activity."""
    statement = select(activity_reads.c.day).where(
        activity_reads.c.day.between(first, last), activity_reads.c.state.in_(OPEN_ACTIVITY_READ_STATES)
    )
    with transaction(engine) as connection:
        return set(connection.scalars(statement))


def take_activity_read(engine: Engine, day: date, holder: Holder) -> ActivityRead | None:
    """Take a day's read, or None when it is held, not due, done or unknown."""
    with transaction(engine) as connection:
        row = leases.take(connection, activity_reads, {"day": day}, OPEN_ACTIVITY_READ_STATES, holder)
    return None if row is None else ActivityRead(row["day"], row["job_id"], row["attempts"])


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
            message_sent=False,
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
            message_sent=False,
            state="wanted" if anew or read.job_id is None else "submitted",
            cause=cause,
            job_id=None if anew else read.job_id,
        )


def activity_was_read(engine: Engine, day: date, holder: Holder, found: int) -> None:
    """Every page of the job was read and recorded. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.change(
            connection,
            activity_reads,
            {"day": day},
            OPEN_ACTIVITY_READ_STATES,
            holder,
            state="read",
            cause=f"{found} ended conversations had activity",
        )
