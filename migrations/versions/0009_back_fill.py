"""Back-fills: work in the background, what the policy would have let go by now, a shortest lock of its own."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_OPEN_RECORDINGS = "state IN ('expected', 'waiting')"
_OPEN_CONVERSATIONS = "state IN ('discovered', 'capturing')"


def upgrade() -> None:
    for table in ("runs", "conversations", "recordings"):
        # a constant default is not written into the rows that are there: at once, on a table of any size
        op.add_column(table, sa.Column("background", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("conversations", sa.Column("shortest_lock_days", sa.Integer(), nullable=True))
    _conversation_states("'discovered', 'capturing', 'archived', 'review', 'expired'")
    _index_due("recordings", "open", ["background", "due_at"], _OPEN_RECORDINGS, anew=True)
    op.drop_index("ix_conversations_open_due_at", table_name="conversations")
    for state in ("discovered", "capturing"):
        _index_due("conversations", state, ["background", "due_at"], f"state = '{state}'")
    op.create_index(
        "ix_conversations_expired_day",
        "conversations",
        ["day"],
        unique=False,
        postgresql_where=sa.text("state = 'expired'"),
    )
    op.create_table(
        "backfills",
        sa.Column("backfill_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("newest_first", sa.Boolean(), nullable=False),
        sa.Column("shortest_lock_days", sa.Integer(), nullable=True),
        sa.Column("reading_day", sa.Date(), nullable=True),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("state IN ('running', 'stopped', 'finished')", name=op.f("ck_backfills_state")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_backfills_days")),
        sa.PrimaryKeyConstraint("backfill_id", name=op.f("pk_backfills")),
    )


def downgrade() -> None:
    op.drop_table("backfills")
    op.drop_index("ix_conversations_expired_day", table_name="conversations")
    for state in ("discovered", "capturing"):
        op.drop_index(f"ix_conversations_{state}_due_at", table_name="conversations")
    _index_due("conversations", "open", ["due_at"], _OPEN_CONVERSATIONS)
    _index_due("recordings", "open", ["due_at"], _OPEN_RECORDINGS, anew=True)
    # before this revision they were in review, with the same cause
    op.execute("UPDATE conversations SET state = 'review' WHERE state = 'expired'")
    _conversation_states("'discovered', 'capturing', 'archived', 'review'")
    op.drop_column("conversations", "shortest_lock_days")
    for table in ("recordings", "conversations", "runs"):
        op.drop_column(table, "background")


def _conversation_states(states: str) -> None:
    op.drop_constraint(op.f("ck_conversations_state"), "conversations", type_="check")
    op.create_check_constraint(op.f("ck_conversations_state"), "conversations", f"state IN ({states})")


def _index_due(table: str, of: str, columns: list[str], rows: str, *, anew: bool = False) -> None:
    name = f"ix_{table}_{of}_due_at"
    if anew:
        op.drop_index(name, table_name=table)
    op.create_index(name, table, columns, unique=False, postgresql_where=sa.text(rows))
