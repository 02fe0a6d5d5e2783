"""Legal holds: matters, what they hold and look for, and what the store is still to be told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def _state(table: str, states: str) -> list[sa.Column[object] | sa.CheckConstraint]:
    return [
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.CheckConstraint(f"state IN ({states})", name=op.f(f"ck_{table}_state")),
    ]


def _work() -> list[sa.Column[object]]:
    return [
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
    ]


def upgrade() -> None:
    op.add_column("objects", sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=True))
    op.create_table(
        "matters",
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_state("matters", "'open', 'release asked', 'released'"),
        sa.Column("release_asked_by", sa.Text(), nullable=True),
        sa.Column("release_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("matter_id", name=op.f("pk_matters")),
        sa.UniqueConstraint("name_key", name=op.f("uq_matters_name_key")),
    )
    op.create_table(
        "hold_records",
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_state("hold_records", "'placed', 'applied', 'released'"),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.matter_id"], name=op.f("fk_hold_records_matters")),
        sa.PrimaryKeyConstraint("matter_id", "conversation_id", name=op.f("pk_hold_records")),
    )
    op.create_index("ix_hold_records_conversation_id", "hold_records", ["conversation_id"], unique=False)
    op.create_table(
        "matter_searches",
        sa.Column("search_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("criteria", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("divisions", postgresql.ARRAY(sa.Text()), nullable=True),
        *_state("matter_searches", "'wanted', 'looked'"),
        *_work(),
        sa.Column("after_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.matter_id"], name=op.f("fk_matter_searches_matters")),
        sa.PrimaryKeyConstraint("search_id", name=op.f("pk_matter_searches")),
    )
    op.create_index("ix_matter_searches_matter_id", "matter_searches", ["matter_id"], unique=False)
    op.create_index(
        "ix_matter_searches_wanted_due_at",
        "matter_searches",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'wanted'"),
    )
    op.create_table(
        "conversation_holds",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        *_state("conversation_holds", "'wanted', 'settled'"),
        *_work(),
        sa.Column("asked", sa.Integer(), server_default="1", nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_conversation_holds")),
    )
    op.create_index(
        "ix_conversation_holds_wanted_due_at",
        "conversation_holds",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'wanted'"),
    )


def downgrade() -> None:
    for table in ("conversation_holds", "matter_searches", "hold_records", "matters"):
        op.drop_table(table)
    op.drop_column("objects", "held")
