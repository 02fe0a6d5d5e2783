"""Running the archive: signs of life, notices that are told once, workers that were drained."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "signs_of_life",
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("sign IN ('sweep', 'restores')", name=op.f("ck_signs_of_life_sign")),
        sa.PrimaryKeyConstraint("sign", name=op.f("pk_signs_of_life")),
    )
    op.create_table(
        "notices",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name=op.f("ck_notices_state")),
        sa.CheckConstraint("kind IN ('unsettled', 'review', 'check', 'late')", name=op.f("ck_notices_kind")),
        sa.CheckConstraint("channel IN ('webhook', 'email')", name=op.f("ck_notices_channel")),
        sa.PrimaryKeyConstraint("kind", "subject", "channel", name=op.f("pk_notices")),
    )
    op.create_index(
        "ix_notices_waiting_due_at",
        "notices",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting')"),
    )
    op.create_table(
        "drained_workers",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("drained_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("node <> ''", name=op.f("ck_drained_workers_node")),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_drained_workers")),
    )


def downgrade() -> None:
    op.drop_table("drained_workers")
    op.drop_index("ix_notices_waiting_due_at", table_name="notices")
    op.drop_table("notices")
    op.drop_table("signs_of_life")
