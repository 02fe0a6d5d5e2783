"""The tables of the archive itself. Migrations create them; a test holds the two together."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from strongroom.ledger.columns import metadata, one_of, state, work

RUN_STATES = ("enumerating", "capturing", "settled")
CONVERSATION_STATES = ("discovered", "capturing", "archived", "review", "ending", "ended")
ACTIVITY_READ_STATES = ("wanted", "submitted", "read")
RECORDING_STATES = ("expected", "waiting", "stored", "absent", "review")

OPEN_CONVERSATION_STATES = ("discovered", "capturing")
OPEN_RECORDING_STATES = ("expected", "waiting")
OPEN_ACTIVITY_READ_STATES = ("wanted", "submitted")

runs = Table(
    "runs",
    metadata,
    Column("run_id", BigInteger, Identity(), primary_key=True),
    Column("day", Date, nullable=False),
    *state(RUN_STATES),
    *work(),
    # "one open run a day" is what makes two enumerations at once one enumeration
    Index("uq_runs_open_day", "day", unique=True, postgresql_where=text("state <> 'settled'")),
    Index("ix_runs_day", "day"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("day", Date, nullable=False),
    Column("conversation_start", DateTime(timezone=True), nullable=False),
    Column("conversation_end", DateTime(timezone=True), nullable=False),
    Column("record", JSON, nullable=False),
    *state(CONVERSATION_STATES),
    *work(),
    Column("deadline_at", DateTime(timezone=True), nullable=False),
    Column("names", JSON),
    Column("decision", JSON),
    Column("retention_class", Text),
    Column("lock_mode", Text),
    Column("retain_until", DateTime(timezone=True)),
    Column("policy_version", Text),
    # when the search had all of it; an archived revision without is due to be indexed
    Column("indexed_at", DateTime(timezone=True)),
    # the number of the certificate under which it ended; no foreign key: a rebuilt ledger may lack the certificate
    Column("certificate", BigInteger),
    Index("ix_conversations_day_state", "day", "state"),
    Index("ix_conversations_open_due_at", "due_at", postgresql_where=text(one_of("state", OPEN_CONVERSATION_STATES))),
    Index(
        "ix_conversations_unindexed_due_at",
        "due_at",
        postgresql_where=text("state = 'archived' AND indexed_at IS NULL"),
    ),
    Index("ix_conversations_archived_retain_until", "retain_until", postgresql_where=text("state = 'archived'")),
)

recordings = Table(
    "recordings",
    metadata,
    Column("conversation_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("recording_id", Text, primary_key=True),
    Column("session_id", Text),
    Column("media", Text),
    Column("listed", JSON),
    *state(RECORDING_STATES),
    *work(),
    Column("deadline_at", DateTime(timezone=True), nullable=False),
    # the revision whose objects hold this recording: its own, or an earlier one that is referred to
    Column("objects_revision", Integer, nullable=False),
    # what the vendor says can't be had of it: [{"part", "reason"}]
    Column("unavailable", JSON),
    # when Genesys was asked to restore it from its own archive
    Column("restore_asked_at", DateTime(timezone=True)),
    # the state as the revision's manifest tells it; differs from `state` when a recording is found later
    Column("manifest_state", Text),
    ForeignKeyConstraint(["conversation_id", "revision"], ["conversations.conversation_id", "conversations.revision"]),
    Index("ix_recordings_open_due_at", "due_at", postgresql_where=text(one_of("state", OPEN_RECORDING_STATES))),
    Index("ix_recordings_review", "conversation_id", postgresql_where=text("state = 'review'")),
)

activity_reads = Table(
    "activity_reads",
    metadata,
    Column("day", Date, primary_key=True),
    Column("job_id", Text),
    *state(ACTIVITY_READ_STATES),
    *work(),
)


def _object_columns() -> tuple[Column[object], ...]:
    return (
        Column("conversation_id", Uuid, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("recording_id", Text),
        Column("part", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("size_bytes", BigInteger, nullable=False),
        Column("sha256", Text, CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"), nullable=False),
        Column("content_type", Text, nullable=False),
        # JSON, not text: it may hold what PostgreSQL's text can't
        Column("file_name", JSON(none_as_null=True)),
        Column("lock_mode", Text, nullable=False),
        Column("retain_until", DateTime(timezone=True), nullable=False),
    )


intents = Table(
    "intents",
    metadata,
    Column("intent_id", BigInteger, Identity(), primary_key=True),
    *_object_columns(),
    Column("metadata", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("conversation_id", "revision", "part", "key", "sha256"),
    ForeignKeyConstraint(["conversation_id", "revision"], ["conversations.conversation_id", "conversations.revision"]),
)

objects = Table(
    "objects",
    metadata,
    Column("object_id", BigInteger, Identity(), primary_key=True),
    *_object_columns(),
    Column("version_id", Text, nullable=False),
    Column("adopted", Boolean, nullable=False),
    Column("under_delete_marker", Boolean, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # whether the store says that it holds it, for a matter; none: it is being told, and may have been
    Column("held", Boolean, server_default=text("false")),
    # of a manifest: its leaf in the log, none while it waits to be sealed
    Column("leaf_index", BigInteger),
    # identity is (revision, part), not the key: a part is stored once under whatever key it has
    UniqueConstraint("conversation_id", "revision", "part"),
    UniqueConstraint("key"),
    ForeignKeyConstraint(["conversation_id", "revision"], ["conversations.conversation_id", "conversations.revision"]),
    Index(
        "ix_objects_unsealed_manifests",
        "conversation_id",
        "revision",
        postgresql_where=text("part = 'manifest' AND leaf_index IS NULL"),
    ),
    Index("uq_objects_leaf_index", "leaf_index", unique=True, postgresql_where=text("leaf_index IS NOT NULL")),
)
