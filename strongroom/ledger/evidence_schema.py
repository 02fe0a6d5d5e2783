"""The tables of evidence: the custody chain, the log and its checkpoints, what stands under `evidence/`, checks."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from strongroom.ledger.columns import metadata, one_of

ACTS = (
    "archived",
    "adopted",
    "verified",
    "found damaged",
    "viewed",
    "requested",
    "listed",
    "proposed",
    "approved",
    "refused",
    "cancelled",
    "downloaded",
    "restored",
    "held",
    "released",
    "re-queued",
    "sent to review",
    "disposed",
    "erased",
    "policy applied",
    "retention changed",
)
"""What can be done to a record; each is one event of the custody chain."""
CHECKS = ("vault", "listed", "hashed", "proven")
"""What is checked by itself or by command: the bucket and its locks, and the three depths of `strongroom verify`."""

_SHA256 = "~ '^[0-9a-f]{64}$'"

custody_events = Table(
    "custody_events",
    metadata,
    # without a gap: a chain's numbers are part of what is hashed
    Column("position", BigInteger, CheckConstraint("position >= 1", name="position"), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("act", Text, CheckConstraint(one_of("act", ACTS), name="act"), nullable=False),
    Column("actor", Text, nullable=False),
    Column("conversation_id", Uuid),
    Column("revision", Integer),
    # the line exactly as it is hashed and as it goes to the vault; every other column is read from it
    Column("document", Text, nullable=False),
    Column("hash", Text, CheckConstraint(f"hash {_SHA256}", name="hash"), nullable=False),
    UniqueConstraint("hash"),
    Index("ix_custody_events_conversation_id", "conversation_id", "position"),
    Index("ix_custody_events_at", "at"),
)

custody_days = Table(
    "custody_days",
    metadata,
    # closed: no event will ever be of this day again, so its lines can be put into the vault
    Column("day", Date, primary_key=True),
    Column("first_position", BigInteger, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    # the hash of its last line
    Column("head", Text, CheckConstraint(f"head {_SHA256}", name="head"), nullable=False),
    CheckConstraint("last_position >= first_position", name="positions"),
)

log_entries = Table(
    "log_entries",
    metadata,
    Column("leaf_index", BigInteger, CheckConstraint("leaf_index >= 0", name="leaf_index"), primary_key=True),
    Column("kind", Text, nullable=False),
    # what the entry is about: whatever appends it, it is in the log once
    Column("ref", Text, nullable=False),
    # the UTC day the entry belongs to; none for a key or a policy
    Column("day", Date),
    Column("document", Text, nullable=False),
    Column("appended_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("ref"),
    Index("ix_log_entries_day", "day"),
    # of all other kinds there are few
    Index("ix_log_entries_kind", "kind", postgresql_where=text("kind <> 'manifest'")),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, CheckConstraint("size >= 1", name="size"), primary_key=True),
    Column("root", Text, CheckConstraint(f"root {_SHA256}", name="root"), nullable=False),
    # the signed note as it stands in the vault: committed before it is put
    Column("note", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # the RFC 3161 response, and the certificates it was verified with: committed before they are put
    Column("timestamp_token", LargeBinary),
    Column("timestamp_chain", Text),
    Column("timestamp_at", DateTime(timezone=True)),
    Column("timestamp_stored_at", DateTime(timezone=True)),
    Column("timestamp_error", Text),
    Column("witnessed_at", DateTime(timezone=True)),
    Column("witness_error", Text),
)

evidence_objects = Table(
    "evidence_objects",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, CheckConstraint(f"sha256 {_SHA256}", name="sha256"), nullable=False),
    Column("content_type", Text, nullable=False),
    Column("lock_mode", Text, nullable=False),
    Column("retain_until", DateTime(timezone=True), nullable=False),
    # none: intended, and not known to stand
    Column("version_id", Text),
    # the leaves whose proof rests on it, first and last; none: every leaf's
    Column("first_leaf", BigInteger),
    Column("last_leaf", BigInteger),
    Column("day", Date),
    Column("intended_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("stored_at", DateTime(timezone=True)),
    Index("ix_evidence_objects_kind", "kind"),
    Index("ix_evidence_objects_retain_until", "retain_until"),
)

sealed_days = Table(
    "sealed_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("sealed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # the first checkpoint that holds the day, and how many of its manifests
    Column("checkpoint_size", BigInteger, ForeignKey("checkpoints.size"), nullable=False),
    Column("manifests", Integer, CheckConstraint("manifests >= 0", name="manifests"), nullable=False),
    # what came after that, and the last checkpoint that took some of it
    Column("late_manifests", Integer, nullable=False, server_default="0"),
    Column("late_checkpoint_size", BigInteger),
)

checks = Table(
    "checks",
    metadata,
    Column("check_id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, CheckConstraint(one_of("kind", CHECKS), name="kind"), nullable=False),
    # what of: a day, a conversation, "all", "a share"
    Column("scope", Text, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("examined", BigInteger, nullable=False),
    Column("findings", JSON, nullable=False),
    Index("ix_checks_kind_ended_at", "kind", "ended_at"),
)

verifications = Table(
    "verifications",
    metadata,
    # the rolling share takes those first that were hashed longest ago
    Column("conversation_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("hashed_at", DateTime(timezone=True), nullable=False),
    Column("findings", Integer, CheckConstraint("findings >= 0", name="findings"), nullable=False),
    Index("ix_verifications_hashed_at", "hashed_at"),
)
