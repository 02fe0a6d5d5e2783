"""The Legal desk's requests: what was asked for and why, its files, the links to them; two more acts of custody."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_ACTS = (
    "'archived', 'adopted', 'verified', {}'viewed', 'requested', 'approved', {}'cancelled', 'downloaded', 'restored', "
    "'held', 'released', 're-queued', 'sent to review', 'disposed', 'erased'"
)


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("justification", sa.Text(), nullable=False),
        sa.Column("needed_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'preparing', 'ready', 'damaged', 'refused', 'cancelled', 'closed')",
            name=op.f("ck_requests_state"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_requests")),
    )
    op.create_index("ix_requests_requester", "requests", ["requester", "first_seen_at"], unique=False)
    op.create_index("ix_requests_first_seen_at", "requests", ["first_seen_at"], unique=False)
    op.create_index(
        "ix_requests_preparing_due_at",
        "requests",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'preparing'"),
    )
    op.create_index(
        "ix_requests_open_until",
        "requests",
        ["open_until"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'preparing', 'ready', 'damaged')"),
    )
    op.create_table(
        "request_conversations",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("restore_id", sa.BigInteger(), nullable=True),
        sa.Column("ready_by", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('preparing', 'restoring', 'verifying', 'ready', 'damaged', 'missing')",
            name=op.f("ck_request_conversations_state"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name=op.f("fk_request_conversations_requests")
        ),
        sa.ForeignKeyConstraint(
            ["restore_id"], ["restores.restore_id"], name=op.f("fk_request_conversations_restores")
        ),
        sa.PrimaryKeyConstraint("request_id", "conversation_id", name=op.f("pk_request_conversations")),
    )
    op.create_index(
        "ix_request_conversations_conversation_id", "request_conversations", ["conversation_id"], unique=False
    )
    op.create_table(
        "request_files",
        sa.Column("file_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("file_name", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_request_files_sha256")),
        sa.CheckConstraint(
            "state IN ('waiting', 'verified', 'damaged', 'missing')", name=op.f("ck_request_files_state")
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "conversation_id"],
            ["request_conversations.request_id", "request_conversations.conversation_id"],
            name=op.f("fk_request_files_request_conversations"),
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_request_files")),
        sa.UniqueConstraint("request_id", "key", name=op.f("uq_request_files_request_id_key")),
    )
    op.create_table(
        "request_links",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("token_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_request_links_token_sha256")),
        sa.ForeignKeyConstraint(["file_id"], ["request_files.file_id"], name=op.f("fk_request_links_request_files")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_request_links")),
    )
    op.create_index("ix_request_links_file_id", "request_links", ["file_id"], unique=False)
    op.create_index("ix_request_links_expires_at", "request_links", ["expires_at"], unique=False)
    _acts(_ACTS.format("'found damaged', ", "'refused', "))


def downgrade() -> None:
    for table in ("request_links", "request_files", "request_conversations", "requests"):
        op.drop_table(table)
    # what is on the chain stays: the old check holds for what comes
    _acts(_ACTS.format("", ""), validated=False)


def _acts(acts: str, *, validated: bool = True) -> None:
    op.drop_constraint(op.f("ck_custody_events_act"), "custody_events", type_="check")
    unvalidated = "" if validated else " NOT VALID"
    op.execute(f"ALTER TABLE custody_events ADD CONSTRAINT ck_custody_events_act CHECK (act IN ({acts})){unvalidated}")
