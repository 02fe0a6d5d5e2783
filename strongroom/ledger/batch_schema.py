"""The tables of batch downloads. Migrations create them; a test holds the two together."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from strongroom.ledger.columns import metadata, state, work

BATCH_STATES = ("submitted", "done", "given up")

batches = Table(
    "batches",
    metadata,
    Column("batch_id", BigInteger, Identity(), primary_key=True),
    # only this OAuth client may read the results
    Column("client_id", Text, nullable=False),
    Column("job_id", Text, nullable=False),
    *state(BATCH_STATES),
    *work(),
    Column("deadline_at", DateTime(timezone=True), nullable=False),
    Index("ix_batches_submitted_due_at", "due_at", postgresql_where=text("state = 'submitted'")),
)

batch_results = Table(
    "batch_results",
    metadata,
    Column("conversation_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("recording_id", Text, primary_key=True),
    Column("batch_id", BigInteger, nullable=False),
    # of how many results the recording consists, as far as is known
    Column("result_count", Integer, CheckConstraint("result_count > 0", name="result_count"), nullable=False),
    # [{"identity", "url", "contentType"}], url null for an error; null once nobody needs the links: they are secrets
    Column("results", JSON(none_as_null=True)),
    ForeignKeyConstraint(
        ["conversation_id", "revision", "recording_id"],
        ["recordings.conversation_id", "recordings.revision", "recordings.recording_id"],
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(["batch_id"], ["batches.batch_id"]),
    Index("ix_batch_results_batch_id", "batch_id"),
)
