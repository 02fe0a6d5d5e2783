"""Restores asked of Genesys, what the vendor can't give, file names of any Unicode, the daily reading by activity."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("recordings", sa.Column("unavailable", sa.JSON(), nullable=True))
    op.add_column("recordings", sa.Column("restore_asked_at", sa.DateTime(timezone=True), nullable=True))
    for table in ("intents", "objects"):
        op.alter_column(table, "file_name", type_=sa.JSON(), postgresql_using="to_json(file_name)")
    op.create_table(
        "activity_reads",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("state IN ('wanted', 'submitted', 'read')", name=op.f("ck_activity_reads_state")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_activity_reads")),
    )


def downgrade() -> None:
    op.drop_table("activity_reads")
    for table in ("intents", "objects"):
        op.alter_column(table, "file_name", type_=sa.Text(), postgresql_using="file_name #>> '{}'")
    op.drop_column("recordings", "restore_asked_at")
    op.drop_column("recordings", "unavailable")
