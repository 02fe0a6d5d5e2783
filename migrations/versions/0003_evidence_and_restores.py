"""Evidence and restores: the custody chain, the log with its checkpoints, checks, and what is brought back by when."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_REFUSE = """
CREATE FUNCTION refuse_custody_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'custody events are only ever appended' USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("timestamp_token", sa.LargeBinary(), nullable=True),
        sa.Column("timestamp_chain", sa.Text(), nullable=True),
        sa.Column("timestamp_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timestamp_stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timestamp_error", sa.Text(), nullable=True),
        sa.Column("witnessed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("witness_error", sa.Text(), nullable=True),
        sa.CheckConstraint("root ~ '^[0-9a-f]{64}$'", name=op.f("ck_checkpoints_root")),
        sa.CheckConstraint("size >= 1", name=op.f("ck_checkpoints_size")),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "checks",
        sa.Column("check_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("examined", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('vault', 'listed', 'hashed', 'proven')", name=op.f("ck_checks_kind")),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_checks")),
    )
    op.create_index("ix_checks_kind_ended_at", "checks", ["kind", "ended_at"], unique=False)
    op.create_table(
        "custody_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_position", sa.BigInteger(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.CheckConstraint("head ~ '^[0-9a-f]{64}$'", name=op.f("ck_custody_days_head")),
        sa.CheckConstraint("last_position >= first_position", name=op.f("ck_custody_days_positions")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_custody_days")),
    )
    op.create_table(
        "custody_events",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "act IN ('archived', 'adopted', 'verified', 'viewed', 'requested', 'approved', 'cancelled', "
            "'downloaded', 'restored', 'held', 'released', 're-queued', 'sent to review', 'disposed', 'erased')",
            name=op.f("ck_custody_events_act"),
        ),
        sa.CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name=op.f("ck_custody_events_hash")),
        sa.CheckConstraint("position >= 1", name=op.f("ck_custody_events_position")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_custody_events")),
        sa.UniqueConstraint("hash", name=op.f("uq_custody_events_hash")),
    )
    op.create_index("ix_custody_events_at", "custody_events", ["at"], unique=False)
    op.create_index(
        "ix_custody_events_conversation_id", "custody_events", ["conversation_id", "position"], unique=False
    )
    op.create_table(
        "evidence_objects",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("lock_mode", sa.Text(), nullable=False),
        sa.Column("retain_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=True),
        sa.Column("first_leaf", sa.BigInteger(), nullable=True),
        sa.Column("last_leaf", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("intended_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_evidence_objects_sha256")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_evidence_objects")),
    )
    op.create_index("ix_evidence_objects_kind", "evidence_objects", ["kind"], unique=False)
    op.create_index("ix_evidence_objects_retain_until", "evidence_objects", ["retain_until"], unique=False)
    op.create_table(
        "log_entries",
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("appended_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("leaf_index >= 0", name=op.f("ck_log_entries_leaf_index")),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_log_entries")),
        sa.UniqueConstraint("ref", name=op.f("uq_log_entries_ref")),
    )
    op.create_index("ix_log_entries_day", "log_entries", ["day"], unique=False)
    op.create_index(
        "ix_log_entries_kind", "log_entries", ["kind"], unique=False, postgresql_where=sa.text("kind <> 'manifest'")
    )
    op.create_table(
        "restores",
        sa.Column("restore_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("needed_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("needed_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'ready', 'ended', 'failed')", name=op.f("ck_restores_state")),
        sa.PrimaryKeyConstraint("restore_id", name=op.f("pk_restores")),
    )
    op.create_index("ix_restores_conversation_id", "restores", ["conversation_id"], unique=False)
    op.create_index(
        "ix_restores_followed_due_at",
        "restores",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'ready')"),
    )
    op.create_index(
        "uq_restores_followed_conversation_id",
        "restores",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'ready')"),
    )
    op.create_table(
        "verifications",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("hashed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.CheckConstraint("findings >= 0", name=op.f("ck_verifications_findings")),
        sa.PrimaryKeyConstraint("conversation_id", "revision", name=op.f("pk_verifications")),
    )
    op.create_index("ix_verifications_hashed_at", "verifications", ["hashed_at"], unique=False)
    op.create_table(
        "restore_objects",
        sa.Column("restore_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("storage_class", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("asks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("readable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("readable_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('needed', 'asked', 'readable', 'failed')", name=op.f("ck_restore_objects_state")),
        sa.CheckConstraint("asks >= 0", name=op.f("ck_restore_objects_asks")),
        sa.ForeignKeyConstraint(["restore_id"], ["restores.restore_id"], name=op.f("fk_restore_objects_restores")),
        sa.PrimaryKeyConstraint("restore_id", "key", name=op.f("pk_restore_objects")),
    )
    op.create_table(
        "sealed_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("checkpoint_size", sa.BigInteger(), nullable=False),
        sa.Column("manifests", sa.Integer(), nullable=False),
        sa.Column("late_manifests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("late_checkpoint_size", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("manifests >= 0", name=op.f("ck_sealed_days_manifests")),
        sa.ForeignKeyConstraint(["checkpoint_size"], ["checkpoints.size"], name=op.f("fk_sealed_days_checkpoints")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_sealed_days")),
    )
    op.add_column("objects", sa.Column("leaf_index", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_objects_unsealed_manifests",
        "objects",
        ["conversation_id", "revision"],
        unique=False,
        postgresql_where=sa.text("part = 'manifest' AND leaf_index IS NULL"),
    )
    op.create_index(
        "uq_objects_leaf_index",
        "objects",
        ["leaf_index"],
        unique=True,
        postgresql_where=sa.text("leaf_index IS NOT NULL"),
    )
    op.execute(_REFUSE)
    op.execute(
        "CREATE TRIGGER custody_events_are_kept BEFORE UPDATE OR DELETE ON custody_events"
        " FOR EACH ROW EXECUTE FUNCTION refuse_custody_change()"
    )
    op.execute(
        "CREATE TRIGGER custody_events_stay BEFORE TRUNCATE ON custody_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_custody_change()"
    )


def downgrade() -> None:
    for table in (
        "restore_objects",
        "restores",
        "verifications",
        "checks",
        "sealed_days",
        "evidence_objects",
        "checkpoints",
        "log_entries",
        "custody_days",
        "custody_events",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_custody_change()")
    op.drop_index("uq_objects_leaf_index", table_name="objects")
    op.drop_index("ix_objects_unsealed_manifests", table_name="objects")
    op.drop_column("objects", "leaf_index")
