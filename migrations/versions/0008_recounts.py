"""The recount of a day: what was read of Genesys's own extract, its result, and objects that no longer stand."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_STATE = "ck_activity_reads_state"


def upgrade() -> None:
    # days that were read before have no recount: `strongroom reconcile DAY` asks for one
    op.add_column("activity_reads", sa.Column("number", sa.Integer(), server_default="1", nullable=False))
    op.drop_constraint(op.f(_STATE), "activity_reads", type_="check")
    op.create_check_constraint(op.f(_STATE), "activity_reads", "state IN ('wanted', 'submitted', 'counted', 'read')")
    op.add_column("objects", sa.Column("vanished_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "recount_lines",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("conversation_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("difference", sa.Text(), nullable=True),
        sa.Column("record", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sessions", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "difference IN ('missed', 'broughtBack', 'endedLater', 'otherEnd', 'seemsChanged', 'changed')",
            name=op.f("ck_recount_lines_difference"),
        ),
        sa.PrimaryKeyConstraint("day", "conversation_id", name=op.f("pk_recount_lines")),
    )
    op.create_table(
        "recounts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_recounts_number")),
        sa.PrimaryKeyConstraint("day", "number", name=op.f("pk_recounts")),
    )


def downgrade() -> None:
    op.drop_table("recounts")
    op.drop_table("recount_lines")
    op.drop_column("objects", "vanished_at")
    op.execute("UPDATE activity_reads SET state = 'read' WHERE state = 'counted'")
    op.drop_constraint(op.f(_STATE), "activity_reads", type_="check")
    op.create_check_constraint(op.f(_STATE), "activity_reads", "state IN ('wanted', 'submitted', 'read')")
    op.drop_column("activity_reads", "number")
