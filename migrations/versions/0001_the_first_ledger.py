"""The first ledger: runs, conversation revisions, recordings, intents, objects."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("conversation_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conversation_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("names", sa.JSON(), nullable=True),
        sa.Column("decision", sa.JSON(), nullable=True),
        sa.Column("retention_class", sa.Text(), nullable=True),
        sa.Column("lock_mode", sa.Text(), nullable=True),
        sa.Column("retain_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_version", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('discovered', 'capturing', 'archived', 'review')", name=op.f("ck_conversations_state")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "revision", name=op.f("pk_conversations")),
    )
    op.create_index("ix_conversations_day_state", "conversations", ["day", "state"], unique=False)
    op.create_index(
        "ix_conversations_open_due_at",
        "conversations",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('discovered', 'capturing')"),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("state IN ('enumerating', 'capturing', 'settled')", name=op.f("ck_runs_state")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_day", "runs", ["day"], unique=False)
    op.create_index("uq_runs_open_day", "runs", ["day"], unique=True, postgresql_where=sa.text("state <> 'settled'"))
    op.create_table(
        "intents",
        sa.Column("intent_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("lock_mode", sa.Text(), nullable=False),
        sa.Column("retain_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id", "revision"],
            ["conversations.conversation_id", "conversations.revision"],
            name=op.f("fk_intents_conversations"),
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_intents_sha256")),
        sa.PrimaryKeyConstraint("intent_id", name=op.f("pk_intents")),
        sa.UniqueConstraint(
            "conversation_id",
            "revision",
            "part",
            "key",
            "sha256",
            name=op.f("uq_intents_conversation_id_revision_part_key_sha256"),
        ),
    )
    op.create_table(
        "objects",
        sa.Column("object_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("lock_mode", sa.Text(), nullable=False),
        sa.Column("retain_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("under_delete_marker", sa.Boolean(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id", "revision"],
            ["conversations.conversation_id", "conversations.revision"],
            name=op.f("fk_objects_conversations"),
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_objects_sha256")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_objects")),
        sa.UniqueConstraint(
            "conversation_id", "revision", "part", name=op.f("uq_objects_conversation_id_revision_part")
        ),
        sa.UniqueConstraint("key", name=op.f("uq_objects_key")),
    )
    op.create_table(
        "recordings",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("media", sa.Text(), nullable=True),
        sa.Column("listed", sa.JSON(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("objects_revision", sa.Integer(), nullable=False),
        sa.Column("manifest_state", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id", "revision"],
            ["conversations.conversation_id", "conversations.revision"],
            name=op.f("fk_recordings_conversations"),
        ),
        sa.CheckConstraint(
            "state IN ('expected', 'waiting', 'stored', 'absent', 'review')", name=op.f("ck_recordings_state")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "revision", "recording_id", name=op.f("pk_recordings")),
    )
    op.create_index(
        "ix_recordings_open_due_at",
        "recordings",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('expected', 'waiting')"),
    )
    op.create_index(
        "ix_recordings_review",
        "recordings",
        ["conversation_id"],
        unique=False,
        postgresql_where=sa.text("state = 'review'"),
    )


def downgrade() -> None:
    for table in ("recordings", "objects", "intents", "runs", "conversations"):
        op.drop_table(table)
