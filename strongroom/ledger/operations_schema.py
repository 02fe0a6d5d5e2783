"""The tables of running the archive: signs of life, notices, drained workers."""

from sqlalchemy import JSON, CheckConstraint, Column, DateTime, Index, Table, Text, func, text

from strongroom.ledger.columns import metadata, one_of, state, work

SIGNS_OF_LIFE = ("sweep", "restores")
NOTICE_KINDS = ("unsettled", "review", "check", "late")
NOTICE_STATES = ("waiting", "sent", "failed")
NOTICE_CHANNELS = ("webhook", "email")

signs_of_life = Table(
    "signs_of_life",
    metadata,
    # what is done over and over while all that it takes is running: "sweep", "restores"
    Column("sign", Text, CheckConstraint(one_of("sign", SIGNS_OF_LIFE), name="sign"), primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

notices = Table(
    "notices",
    metadata,
    # kind and subject are the cause; the key is what tells it once on each channel, whoever finds it how often
    Column("kind", Text, CheckConstraint(one_of("kind", NOTICE_KINDS), name="kind"), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("channel", Text, CheckConstraint(one_of("channel", NOTICE_CHANNELS), name="channel"), primary_key=True),
    Column("message", Text, nullable=False),
    *state(NOTICE_STATES),
    *work(),
    Index("ix_notices_waiting_due_at", "due_at", postgresql_where=text(one_of("state", ("waiting",)))),
)

drained_workers = Table(
    "drained_workers",
    metadata,
    Column("node", Text, CheckConstraint("node <> ''", name="node"), primary_key=True),
    Column("queues", JSON, nullable=False),
    Column("drained_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
