"""Attempts to sign in are counted before they are looked at, in Postgres: it holds for many at once, in any process."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.people_schema import sign_in_failures

LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
"""How long without an attempt until failures are forgotten; longer than any pause."""


def pause_after(failures: int, free: int) -> timedelta:
    """How long nobody may try after so many failures in a row: after `free` of them 2 s, then 4, 8 … to 15 min."""
    beyond = failures - free
    if beyond < 0:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(beyond + 1, 20)), LONGEST_PAUSE)


def count_attempt(engine: Engine, subjects: Mapping[str, int]) -> timedelta:
    """Count an attempt as a failure of each subject; zero when it may be made, else how long to wait.

    `subjects` says how many failures each has free. An attempt that may not be made counts for nothing: otherwise who
    keeps trying would keep the owner out for good. Raises LedgerUnreachable.
    """
    table = sign_in_failures
    # always in the same order: two attempts at once must not wait for each other
    names = sorted(subjects)
    now: datetime
    with transaction(engine) as connection:
        connection.execute(delete(table).where(table.c.last_at < func.clock_timestamp() - FORGOTTEN_AFTER))
        for name in names:
            statement = insert(table).values(
                subject=name, failures=0, last_at=func.clock_timestamp(), blocked_until=func.clock_timestamp()
            )
            connection.execute(statement.on_conflict_do_nothing())
        rows = {
            row.subject: row
            for row in connection.execute(
                select(table).where(table.c.subject.in_(names)).order_by(table.c.subject).with_for_update()
            )
        }
        # after the rows were had: that may have taken a while
        now = connection.execute(select(func.clock_timestamp())).scalar_one()
        wait = max((row.blocked_until - now for row in rows.values()), default=timedelta(0))
        if wait > timedelta(0):
            return wait
        for name, row in rows.items():
            failures = row.failures + 1
            connection.execute(
                update(table)
                .where(table.c.subject == name)
                .values(
                    failures=failures,
                    last_at=literal(now),
                    blocked_until=literal(now + pause_after(failures, subjects[name])),
                )
            )
    return timedelta(0)


def forgive(engine: Engine, name: str, address: str) -> None:
    """The attempt was no failure: the name is free of all, the address of this one only. Raises LedgerUnreachable.

    Whoever has a password of their own could try others' without end if it freed their address as well.
    """
    table = sign_in_failures
    with transaction(engine) as connection:
        connection.execute(
            update(table).where(table.c.subject == address).values(failures=func.greatest(table.c.failures - 1, 0))
        )
        connection.execute(delete(table).where(table.c.subject == name))
