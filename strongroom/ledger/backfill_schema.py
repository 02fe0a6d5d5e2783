"""The table of back-fills: ranges of old days that are read one by one and archived in the background."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Identity, Integer, Table, Text

from strongroom.ledger.columns import metadata, state, work

BACKFILL_STATES = ("running", "stopped", "finished")

backfills = Table(
    "backfills",
    metadata,
    Column("backfill_id", BigInteger, Identity(), primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("newest_first", Boolean, nullable=False),
    # what the policy would have let go is archived with a lock of so many days; none: it is listed as expired
    Column("shortest_lock_days", Integer),
    # the day whose pages are read; none: all of them are
    Column("reading_day", Date),
    Column("job_id", Text),
    # where in the job's results the next page begins
    Column("cursor", Text),
    *state(BACKFILL_STATES),
    *work(),
    CheckConstraint("first_day <= last_day", name="days"),
)
