"""The search: what conversations are found by, and the words of their texts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_UNINDEXED = "state = 'archived' AND indexed_at IS NULL"


def upgrade() -> None:
    # what is archived already has none: the sweep indexes it
    op.add_column("conversations", sa.Column("indexed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_conversations_unindexed_due_at", "conversations", ["due_at"], postgresql_where=sa.text(_UNINDEXED)
    )
    op.create_table(
        "search_records",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("conversation_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conversation_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retain_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("external_tag", sa.Text(), nullable=True),
        sa.Column("terms", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("addresses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("indexed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("text_gap", sa.Text(), nullable=True),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_search_records_revision")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_search_records")),
    )
    op.create_index("ix_search_records_end", "search_records", ["conversation_end", "conversation_id"])
    op.create_index("ix_search_records_start", "search_records", ["conversation_start"])
    op.create_index("ix_search_records_addresses", "search_records", ["addresses"], postgresql_using="gin")
    op.create_index(
        "ix_search_records_external_tag",
        "search_records",
        ["external_tag", "conversation_end", "conversation_id"],
        postgresql_where=sa.text("external_tag IS NOT NULL"),
    )
    op.create_index(
        "ix_search_records_held",
        "search_records",
        ["conversation_end", "conversation_id"],
        postgresql_where=sa.text("held"),
    )
    op.create_table(
        "search_terms",
        sa.Column("term_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('queue', 'agent', 'division', 'media', 'class')", name=op.f("ck_search_terms_kind")
        ),
        sa.PrimaryKeyConstraint("term_id", name=op.f("pk_search_terms")),
        sa.UniqueConstraint("kind", "value", "name", name=op.f("uq_search_terms_kind_value_name")),
    )
    op.create_table(
        "search_postings",
        sa.Column("term_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("conversation_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("term_id >= 1", name=op.f("ck_search_postings_term_id")),
        sa.ForeignKeyConstraint(["term_id"], ["search_terms.term_id"], name=op.f("fk_search_postings_search_terms")),
        sa.PrimaryKeyConstraint("term_id", "conversation_end", "conversation_id", name=op.f("pk_search_postings")),
    )
    op.create_table(
        "search_texts",
        sa.Column("text_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("conversation_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_search_texts_sha256")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["search_records.conversation_id"],
            name=op.f("fk_search_texts_search_records"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("text_id", name=op.f("pk_search_texts")),
    )
    op.create_index("ix_search_texts_conversation", "search_texts", ["conversation_id"])
    op.create_index("ix_search_texts_end", "search_texts", ["conversation_end", "conversation_id"])
    op.create_index("ix_search_texts_words", "search_texts", ["words"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("search_texts")
    op.drop_table("search_postings")
    op.drop_table("search_terms")
    op.drop_table("search_records")
    op.drop_index("ix_conversations_unindexed_due_at", "conversations")
    op.drop_column("conversations", "indexed_at")
