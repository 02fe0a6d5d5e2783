"""The tables of a day's recount: what was read of Genesys's extract while it is compared, and the results."""

from sqlalchemy import JSON, CheckConstraint, Column, Date, DateTime, Integer, Table, Text, Uuid, func

from strongroom.ledger.columns import metadata, one_of

DIFFERENCES = ("missed", "broughtBack", "endedLater", "otherEnd", "seemsChanged", "changed")
"""How Genesys's extract can differ from the ledger in a conversation that it holds."""

recount_lines = Table(
    "recount_lines",
    metadata,
    Column("day", Date, primary_key=True),
    Column("conversation_id", Uuid, primary_key=True),
    # the job whose results held it last: what an earlier job of the same recount alone held counts no more
    Column("job_id", Text, nullable=False),
    # none: it was open
    Column("conversation_end", DateTime(timezone=True)),
    # what it was when it was first read: a recount that is run again finds the ledger mended already
    Column("difference", Text, CheckConstraint(one_of("difference", DIFFERENCES), name="difference")),
    # of those that differ alone
    Column("record", JSON(none_as_null=True)),
    # the sessions that say they were recorded, of those that ended on the day
    Column("sessions", JSON(none_as_null=True)),
)

recounts = Table(
    "recounts",
    metadata,
    Column("day", Date, primary_key=True),
    Column("number", Integer, CheckConstraint("number >= 1", name="number"), primary_key=True),
    Column("counted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("conversations", Integer, nullable=False),
    Column("differences", Integer, nullable=False),
    # the result exactly as it stands in the vault: committed before it is put
    Column("document", Text, nullable=False),
    # when it stood in the vault: the day's mark
    Column("reconciled_at", DateTime(timezone=True)),
)
