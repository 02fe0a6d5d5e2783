"""Runs: a night's pass over a day, `enumerating → capturing → settled`.

A day is finished when a run of it has settled.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.schema import OPEN_CONVERSATION_STATES, OPEN_RECORDING_STATES, conversations, recordings, runs


@dataclass(frozen=True)
class Run:
    """A run whose day is to be enumerated; `attempts` counts those of the holder."""

    run_id: int
    day: date
    attempts: int = 0


def open_run(engine: Engine, day: date, cause: str) -> bool:
    """Open a run of the day unless one is open already; True when it was opened here. Two at once open one.

    One that a back-fill reads is taken over from it.
    """
    statement = (
        postgresql_insert(runs)
        .values(day=day, state="enumerating", cause=cause)
        .on_conflict_do_update(
            index_elements=["day"],
            index_where=runs.c.state != "settled",
            set_={"background": False, "cause": cause, "due_at": func.clock_timestamp(), "enqueued_at": None},
            where=and_(runs.c.background, runs.c.state == "enumerating"),
        )
    )
    with transaction(engine) as connection:
        return connection.execute(statement).rowcount == 1


def open_first_run(engine: Engine, day: date, cause: str) -> bool:
    """Open a run of a day that never had one; True when it was opened here."""
    with transaction(engine) as connection:
        # two Beats at 00:30 both find no run: the lock makes the second one see the first one's
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.runs"))))
        if connection.execute(select(runs.c.run_id).where(runs.c.day == day).limit(1)).first():
            return False
        connection.execute(insert(runs).values(day=day, state="enumerating", cause=cause))
        return True


def take_run(engine: Engine, day: date, holder: Holder) -> Run | None:
    """Take the day's open run for enumerating, or None when it is held, enumerated, a back-fill's or not open."""
    with transaction(engine) as connection:
        run_id = connection.scalar(
            select(runs.c.run_id).where(runs.c.day == day, runs.c.state == "enumerating", ~runs.c.background)
        )
        if run_id is None:
            return None
        row = leases.take(connection, runs, {"run_id": run_id}, ["enumerating"], holder)
        return None if row is None else Run(row["run_id"], row["day"], row["attempts"])


def enumerated(engine: Engine, run: Run, holder: Holder, found: int, unreadable: int) -> None:
    """Every page has been read and recorded, but for records that can't be read. Raises LeaseLost."""
    cause = f"enumerated: {found} ended conversations"
    if unreadable:
        cause += f"; {unreadable} records can't be read, see the log"
    with transaction(engine) as connection:
        leases.change(
            connection,
            runs,
            {"run_id": run.run_id},
            ["enumerating"],
            holder,
            state="capturing",
            cause=cause,
        )


def postpone_run(engine: Engine, run: Run, holder: Holder, due_in_s: float, cause: str) -> None:
    """Enumerating did not get through; the sweeper sends it again when it is due. Raises LeaseLost."""
    with transaction(engine) as connection:
        leases.postpone(
            connection,
            runs,
            {"run_id": run.run_id},
            ["enumerating"],
            holder,
            leases.seconds_from_now(due_in_s),
            cause=cause,
        )


def settle_runs(engine: Engine) -> list[date]:
    """Settle each run whose day has nothing under way any more; the days settled."""
    under_way = (
        select(conversations.c.conversation_id)
        .where(conversations.c.day == runs.c.day, conversations.c.state.in_(OPEN_CONVERSATION_STATES))
        .exists()
    )
    re_queued = (
        select(recordings.c.recording_id)
        .join_from(
            recordings,
            conversations,
            and_(
                recordings.c.conversation_id == conversations.c.conversation_id,
                recordings.c.revision == conversations.c.revision,
            ),
        )
        .where(conversations.c.day == runs.c.day, recordings.c.state.in_(OPEN_RECORDING_STATES))
        .exists()
    )
    statement = (
        update(runs)
        .where(runs.c.state == "capturing", ~under_way, ~re_queued)
        .values(state="settled", state_at=func.clock_timestamp())
        .returning(runs.c.day)
    )
    with transaction(engine) as connection:
        return sorted(connection.scalars(statement))


def days_with_run(engine: Engine, first: date, last: date, *, settled: bool = False) -> set[date]:
    """The days from first to last (both included) that have a run, or a settled one."""
    statement = select(runs.c.day).where(runs.c.day.between(first, last)).distinct()
    if settled:
        statement = statement.where(runs.c.state == "settled")
    with transaction(engine) as connection:
        return set(connection.scalars(statement))


def first_day(engine: Engine) -> date | None:
    """The earliest day that ever had a run; a back-fill's are older than the archive's own first day."""
    with transaction(engine) as connection:
        day: date | None = connection.scalar(select(func.min(runs.c.day)).where(~runs.c.background))
        return day
