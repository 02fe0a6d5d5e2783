"""The tables of restores: what must be readable by when, and how far each object is."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from strongroom.ledger.columns import metadata, one_of, state, work

RESTORE_STATES = ("open", "ready", "ended", "failed")
RESTORE_OBJECT_STATES = ("needed", "asked", "readable", "failed")

FOLLOWED_RESTORE_STATES = ("open", "ready")
"""What is ready is followed as well, while it is needed: a restored copy lasts for some days only."""

restores = Table(
    "restores",
    metadata,
    Column("restore_id", BigInteger, Identity(), primary_key=True),
    Column("conversation_id", Uuid, nullable=False),
    # the time by which Legal must have the files, the earliest where several asked
    Column("needed_by", DateTime(timezone=True), nullable=False),
    # how long they must stay readable
    Column("needed_until", DateTime(timezone=True), nullable=False),
    # who asked first, and why; the custody chain has them all
    Column("requester", Text, nullable=False),
    Column("reason", Text),
    *state(RESTORE_STATES),
    *work(),
    # since when it is said to be late, none while it isn't
    Column("warned_at", DateTime(timezone=True)),
    # "one restore under way a conversation" is what joins two requests into one
    Index(
        "uq_restores_followed_conversation_id",
        "conversation_id",
        unique=True,
        postgresql_where=text(one_of("state", FOLLOWED_RESTORE_STATES)),
    ),
    Index("ix_restores_conversation_id", "conversation_id"),
    Index("ix_restores_followed_due_at", "due_at", postgresql_where=text(one_of("state", FOLLOWED_RESTORE_STATES))),
)

restore_objects = Table(
    "restore_objects",
    metadata,
    Column("restore_id", BigInteger, ForeignKey("restores.restore_id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version_id", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    # as the store said it last; none before it was asked
    Column("storage_class", Text),
    *state(RESTORE_OBJECT_STATES),
    # S3's retrieval tier and for how many days, none for what is in an instant storage class
    Column("tier", Text),
    Column("days", Integer),
    Column("asks", Integer, CheckConstraint("asks >= 0", name="asks"), nullable=False, server_default="0"),
    Column("asked_at", DateTime(timezone=True)),
    Column("expected_at", DateTime(timezone=True)),
    Column("readable_at", DateTime(timezone=True)),
    Column("readable_until", DateTime(timezone=True)),
)
