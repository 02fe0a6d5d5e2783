"""The end of records: lists of what may go, certificates of what went, and revisions that have ended."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_STATES = "'discovered', 'capturing', 'archived', 'review', 'expired'"
_ACTS = (
    "'archived', 'adopted', 'verified', 'found damaged', 'viewed', 'requested', {}'approved', 'refused', 'cancelled', "
    "'downloaded', 'restored', 'held', 'released', 're-queued', 'sent to review', 'disposed', 'erased'"
)


def upgrade() -> None:
    op.create_table(
        "endings",
        sa.Column("ending_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("proposer", sa.Text(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('disposition', 'erasure')", name=op.f("ck_endings_kind")),
        sa.CheckConstraint(
            "state IN ('listed', 'proposed', 'approved', 'ended', 'refused')", name=op.f("ck_endings_state")
        ),
        sa.PrimaryKeyConstraint("ending_id", name=op.f("pk_endings")),
        sa.UniqueConstraint("month", name=op.f("uq_endings_month")),
    )
    op.create_index("ix_endings_kind", "endings", ["kind", "ending_id"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ending_id", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_certificates_number")),
        sa.CheckConstraint("kind IN ('disposition', 'erasure')", name=op.f("ck_certificates_kind")),
        sa.CheckConstraint("records >= 1", name=op.f("ck_certificates_records")),
        sa.ForeignKeyConstraint(["ending_id"], ["endings.ending_id"], name=op.f("fk_certificates_endings")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_certificates")),
    )
    op.create_index("ix_certificates_ending_id", "certificates", ["ending_id"], unique=False)
    op.create_table(
        "ending_records",
        sa.Column("ending_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("retention_class", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("lock_mode", sa.Text(), nullable=False),
        sa.Column("retain_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("early_usd", sa.Numeric(precision=12, scale=6), server_default="0", nullable=False),
        sa.Column("article", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("certificate", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('listed', 'held', 'kept', 'refused', 'deleting', 'deleted', 'certified', 'ended')",
            name=op.f("ck_ending_records_state"),
        ),
        sa.ForeignKeyConstraint(["ending_id"], ["endings.ending_id"], name=op.f("fk_ending_records_endings")),
        sa.ForeignKeyConstraint(["certificate"], ["certificates.number"], name=op.f("fk_ending_records_certificates")),
        sa.PrimaryKeyConstraint("ending_id", "conversation_id", name=op.f("pk_ending_records")),
    )
    op.create_index("ix_ending_records_conversation_id", "ending_records", ["conversation_id"], unique=False)
    op.create_index(
        "ix_ending_records_certificate",
        "ending_records",
        ["certificate"],
        unique=False,
        postgresql_where=sa.text("certificate IS NOT NULL"),
    )
    op.create_index(
        "ix_ending_records_open",
        "ending_records",
        ["ending_id", "conversation_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('listed', 'deleting', 'deleted', 'certified')"),
    )
    op.add_column("sessions", sa.Column("second_factor", sa.Boolean(), nullable=True))
    op.add_column("conversations", sa.Column("certificate", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_conversations_archived_retain_until",
        "conversations",
        ["retain_until"],
        unique=False,
        postgresql_where=sa.text("state = 'archived'"),
    )
    _check("conversations", "state", f"{_STATES}, 'ending', 'ended'")
    _check("custody_events", "act", _ACTS.format("'listed', 'proposed', "))


def downgrade() -> None:
    # what has ended and what is on the chain stays as it is: the old checks hold for what comes
    _check("custody_events", "act", _ACTS.format(""), validated=False)
    _check("conversations", "state", _STATES, validated=False)
    op.drop_index("ix_conversations_archived_retain_until", table_name="conversations")
    op.drop_column("conversations", "certificate")
    op.drop_column("sessions", "second_factor")
    for table in ("ending_records", "certificates", "endings"):
        op.drop_table(table)


def _check(table: str, column: str, values: str, *, validated: bool = True) -> None:
    name = f"ck_{table}_{column}"
    op.drop_constraint(op.f(name), table, type_="check")
    unvalidated = "" if validated else " NOT VALID"
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({values})){unvalidated}")
