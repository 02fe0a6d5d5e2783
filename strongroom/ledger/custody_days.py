"""The days of the custody chain. A closed day's lines are final: they go into the vault, their head into the log."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Date, cast, exists, func, insert, select

from strongroom.ledger.custody import append_alone
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import custody_days, custody_events, log_entries


@dataclass(frozen=True)
class CustodyDay:
    """A UTC day that is closed: it has these positions, first and last included. `head` is its last line's hash."""

    day: date
    first_position: int
    last_position: int
    head: str

    @property
    def events(self) -> int:
        """How many events it has."""
        return self.last_position - self.first_position + 1


def close_custody_days(engine: Engine) -> None:
    """Close every UTC day that is over by the database's clock and has events; done again, it does nothing.

    Nobody appends meanwhile, and whoever does afterwards dates its events after the closed days: so a day that is
    closed stays as it is, even when the clock goes back. Raises LedgerUnreachable.
    """
    columns = custody_events.c
    day = cast(func.timezone("UTC", columns.at), Date)
    today = cast(func.timezone("UTC", func.statement_timestamp()), Date)
    last_closed = select(func.coalesce(func.max(custody_days.c.last_position), 0)).scalar_subquery()
    over = (
        select(day.label("day"), func.min(columns.position).label("first"), func.max(columns.position).label("last"))
        .where(columns.position > last_closed, day < today)
        .group_by(day)
        .subquery()
    )
    with_head = select(over, columns.hash).join(custody_events, columns.position == over.c.last)
    with transaction(engine) as connection:
        append_alone(connection)
        connection.execute(
            insert(custody_days).from_select(["day", "first_position", "last_position", "head"], with_head)
        )


def custody_day(engine: Engine, day: date) -> CustodyDay | None:
    """A day, when it is closed. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        row = connection.execute(select(*custody_days.c).where(custody_days.c.day == day)).one_or_none()
    return None if row is None else CustodyDay(*row)


def custody_days_not_logged(engine: Engine) -> list[CustodyDay]:
    """The closed days whose head is not in the log yet, the first first. Raises LedgerUnreachable."""
    logged = exists().where(log_entries.c.kind == "custody", log_entries.c.day == custody_days.c.day)
    statement = select(*custody_days.c).where(~logged).order_by(custody_days.c.day)
    with transaction(engine) as connection:
        return [CustodyDay(*row) for row in connection.execute(statement)]
