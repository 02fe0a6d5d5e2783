"""The tables of the archive itself. Migrations create them; a test holds the two together."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
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

from strongroom.ledger.columns import background, metadata, one_of, state, work

RUN_STATES = ("enumerating", "capturing", "settled")
CONVERSATION_STATES = ("discovered", "capturing", "archived", "review", "expired", "ending", "ended")
ACTIVITY_READ_STATES = ("wanted", "submitted", "counted", "read")
RECORDING_STATES = ("expected", "waiting", "stored", "absent", "review")

AWAITED = ("batch", "listing")
"""What a capturing revision waits for until all its recordings are known: a batch's results, or to be listed."""

OPEN_CONVERSATION_STATES = ("discovered", "capturing")
OPEN_RECORDING_STATES = ("expected", "waiting")
OPEN_ACTIVITY_READ_STATES = ("wanted", "submitted", "counted")

runs = Table(
    "runs",
    metadata,
    Column("run_id", BigInteger, Identity(), primary_key=True),
    Column("day", Date, nullable=False),
    *state(RUN_STATES),
    *work(),
    background(),
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
    # until this is null no manifest is written: see AWAITED
    Column("awaits", Text, CheckConstraint(one_of("awaits", AWAITED), name="awaits")),
    # the batch it is in, null while it waits to be gathered into one; how many batches it has been in
    Column("batch_id", BigInteger),
    Column("batch_asks", Integer, nullable=False, server_default="0"),
    background(),
    # asked for by a back-fill: what the policy would have let go by now is locked for so many days all the same
    Column("shortest_lock_days", Integer),
    # the number of the certificate under which it ended; no foreign key: a rebuilt ledger may lack the certificate
    Column("certificate", BigInteger),
    Index("ix_conversations_day_state", "day", "state"),
    # apart, because each is looked through several times a second, and the other may have a whole day's rows
    Index("ix_conversations_discovered_due_at", "background", "due_at", postgresql_where=text("state = 'discovered'")),
    Index("ix_conversations_capturing_due_at", "background", "due_at", postgresql_where=text("state = 'capturing'")),
    Index("ix_conversations_expired_day", "day", postgresql_where=text("state = 'expired'")),
    Index(
        "ix_conversations_unindexed_due_at",
        "due_at",
        postgresql_where=text("state = 'archived' AND indexed_at IS NULL"),
    ),
    Index("ix_conversations_batch_id", "batch_id", postgresql_where=text("awaits = 'batch'")),
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
    # how long it lasts by its own structure, where that was measured
    Column("duration_s", Float),
    # the state as the revision's manifest tells it; differs from `state` when a recording is found later
    Column("manifest_state", Text),
    background(),
    ForeignKeyConstraint(["conversation_id", "revision"], ["conversations.conversation_id", "conversations.revision"]),
    Index(
        "ix_recordings_open_due_at",
        "background",
        "due_at",
        postgresql_where=text(one_of("state", OPEN_RECORDING_STATES)),
    ),
    Index("ix_recordings_review", "conversation_id", postgresql_where=text("state = 'review'")),
)

activity_reads = Table(
    "activity_reads",
    metadata,
    Column("day", Date, primary_key=True),
    Column("job_id", Text),
    *state(ACTIVITY_READ_STATES),
    *work(),
    # which recount of the day it is
    Column("number", Integer, nullable=False, server_default="1"),
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
    # when a recount saw that its version does not stand any more; no later revision refers to it
    Column("vanished_at", DateTime(timezone=True)),
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
