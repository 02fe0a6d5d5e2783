"""The tables of the end of records: lists of what may go and who decided, and the certificates of what went."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from strongroom.ledger.columns import metadata, one_of, state

ENDING_KINDS = ("disposition", "erasure")
ENDING_STATES = ("listed", "proposed", "approved", "ended", "refused")
ENDING_RECORD_STATES = ("listed", "held", "kept", "refused", "deleting", "deleted", "certified", "ended")

OPEN_ENDING_STATES = ("listed", "proposed", "approved")
"""What can still end a record: no second list has it meanwhile."""
OPEN_RECORD_STATES = ("listed", "deleting", "deleted", "certified")
"""What a run still has to do something about."""

certificates = Table(
    "certificates",
    metadata,
    # without a gap, and for good: it is named in the log
    Column("number", BigInteger, CheckConstraint("number >= 1", name="number"), primary_key=True, autoincrement=False),
    Column("kind", Text, CheckConstraint(one_of("kind", ENDING_KINDS), name="kind"), nullable=False),
    # the list it belongs to; none in a ledger that was made anew from the vault
    Column("ending_id", BigInteger, ForeignKey("endings.ending_id")),
    # exactly what stands in the vault: committed before it is put
    Column("document", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("records", Integer, CheckConstraint("records >= 1", name="records"), nullable=False),
    Index("ix_certificates_ending_id", "ending_id"),
)

endings = Table(
    "endings",
    metadata,
    Column("ending_id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, CheckConstraint(one_of("kind", ENDING_KINDS), name="kind"), nullable=False),
    # the first day of the month whose list it is; none of a list that somebody asked for
    Column("month", Date),
    # the case that an erasure belongs to, by its number: never whom it is about
    Column("reference", Text),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("proposer", Text),
    Column("proposed_at", DateTime(timezone=True)),
    Column("approver", Text),
    Column("approved_at", DateTime(timezone=True)),
    *state(ENDING_STATES),
    UniqueConstraint("month"),
    Index("ix_endings_kind", "kind", "ending_id"),
)

ending_records = Table(
    "ending_records",
    metadata,
    Column("ending_id", BigInteger, ForeignKey("endings.ending_id"), primary_key=True, autoincrement=False),
    Column("conversation_id", Uuid, primary_key=True),
    Column("retention_class", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("lock_mode", Text, nullable=False),
    Column("retain_until", DateTime(timezone=True), nullable=False),
    Column("objects", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    # what a cold tier bills for the rest of its minimum time, by the tiers file
    Column("early_usd", Numeric(12, 6), nullable=False, server_default="0"),
    # of the GDPR, on which a record stays that somebody wants erased
    Column("article", Text),
    *state(ENDING_RECORD_STATES),
    # whose run began to delete it: another's may have finished
    Column("begun_by", Text),
    Column("certificate", BigInteger, ForeignKey("certificates.number")),
    Index("ix_ending_records_conversation_id", "conversation_id"),
    Index("ix_ending_records_certificate", "certificate", postgresql_where=text("certificate IS NOT NULL")),
    Index(
        "ix_ending_records_open",
        "ending_id",
        "conversation_id",
        postgresql_where=text(one_of("state", OPEN_RECORD_STATES)),
    ),
)
