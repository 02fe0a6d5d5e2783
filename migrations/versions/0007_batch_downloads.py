"""Batch downloads: the batches under way, what they gave, and which conversations wait for them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
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
        sa.CheckConstraint("state IN ('submitted', 'done', 'given up')", name=op.f("ck_batches_state")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batches")),
    )
    op.create_index(
        "ix_batches_submitted_due_at",
        "batches",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'submitted'"),
    )
    op.create_table(
        "batch_results",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("result_count", sa.Integer(), nullable=False),
        sa.Column("results", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("result_count > 0", name=op.f("ck_batch_results_result_count")),
        sa.ForeignKeyConstraint(
            ["conversation_id", "revision", "recording_id"],
            ["recordings.conversation_id", "recordings.revision", "recordings.recording_id"],
            name=op.f("fk_batch_results_recordings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name=op.f("fk_batch_results_batches")),
        sa.PrimaryKeyConstraint("conversation_id", "revision", "recording_id", name=op.f("pk_batch_results")),
    )
    op.create_index("ix_batch_results_batch_id", "batch_results", ["batch_id"], unique=False)
    op.add_column("conversations", sa.Column("awaits", sa.Text(), nullable=True))
    op.add_column("conversations", sa.Column("batch_id", sa.BigInteger(), nullable=True))
    op.add_column("conversations", sa.Column("batch_asks", sa.Integer(), server_default="0", nullable=False))
    op.add_column("recordings", sa.Column("duration_s", sa.Float(), nullable=True))
    op.create_check_constraint(op.f("ck_conversations_awaits"), "conversations", "awaits IN ('batch', 'listing')")
    op.create_index(
        "ix_conversations_batch_id",
        "conversations",
        ["batch_id"],
        unique=False,
        postgresql_where=sa.text("awaits = 'batch'"),
    )


def downgrade() -> None:
    # what waited for a batch begins again; what it has stored by then is adopted
    op.drop_index("ix_conversations_batch_id", table_name="conversations")
    op.drop_constraint(op.f("ck_conversations_awaits"), "conversations", type_="check")
    op.drop_column("recordings", "duration_s")
    for column in ("batch_asks", "batch_id", "awaits"):
        op.drop_column("conversations", column)
    op.drop_table("batch_results")
    op.drop_table("batches")
