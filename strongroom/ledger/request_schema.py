"""The tables of the Legal desk's requests: what was asked for, why, how far it is, and links to what was verified."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from strongroom.ledger.columns import metadata, one_of, state, work

REQUEST_STATES = ("waiting", "preparing", "ready", "damaged", "refused", "cancelled", "closed")
REQUESTED_CONVERSATION_STATES = ("preparing", "restoring", "verifying", "ready", "damaged", "missing")
REQUESTED_FILE_STATES = ("waiting", "verified", "damaged", "missing")

PREPARED_REQUEST_STATES = ("ready", "damaged")
HANDED_OUT_REQUEST_STATES = ("preparing", *PREPARED_REQUEST_STATES)
"""What was verified is handed over while the rest is still prepared, and when something else is damaged."""
OPEN_REQUEST_STATES = ("waiting", *HANDED_OUT_REQUEST_STATES)
"""What can still be cancelled, and is closed when its time is over."""

requests = Table(
    "requests",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    # who was signed in, and from where; whom the requester named as the one it is for
    Column("requester", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("on_behalf_of", Text),
    Column("justification", Text, nullable=False),
    # the time by which Legal must have the files, and until when they are handed over
    Column("needed_by", DateTime(timezone=True), nullable=False),
    Column("open_until", DateTime(timezone=True), nullable=False),
    Column("approver", Text),
    Column("approved_at", DateTime(timezone=True)),
    *state(REQUEST_STATES),
    *work(),
    Index("ix_requests_requester", "requester", "first_seen_at"),
    Index("ix_requests_first_seen_at", "first_seen_at"),
    Index("ix_requests_preparing_due_at", "due_at", postgresql_where=text("state = 'preparing'")),
    Index("ix_requests_open_until", "open_until", postgresql_where=text(one_of("state", OPEN_REQUEST_STATES))),
)

request_conversations = Table(
    "request_conversations",
    metadata,
    Column("request_id", Uuid, ForeignKey("requests.request_id"), primary_key=True),
    # what the ledger does not know, or the requester may not, is kept as it was asked for
    Column("conversation_id", Uuid, primary_key=True),
    *state(REQUESTED_CONVERSATION_STATES),
    Column("restore_id", BigInteger, ForeignKey("restores.restore_id")),
    # when it is expected to be ready, none where nobody can say
    Column("ready_by", DateTime(timezone=True)),
    Index("ix_request_conversations_conversation_id", "conversation_id"),
)

request_files = Table(
    "request_files",
    metadata,
    Column("file_id", BigInteger, Identity(), primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("conversation_id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("part", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version_id", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    # what was archived
    Column("sha256", Text, CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"), nullable=False),
    Column("content_type", Text, nullable=False),
    # JSON, not text: it may hold what PostgreSQL's text can't
    Column("file_name", JSON(none_as_null=True)),
    *state(REQUESTED_FILE_STATES),
    Column("verified_at", DateTime(timezone=True)),
    # when the look that is under way began: a player's many fetches are one
    Column("looked_at", DateTime(timezone=True)),
    UniqueConstraint("request_id", "key"),
    ForeignKeyConstraint(
        ["request_id", "conversation_id"],
        ["request_conversations.request_id", "request_conversations.conversation_id"],
    ),
)

request_links = Table(
    "request_links",
    metadata,
    # of the token, which nothing keeps
    Column(
        "token_sha256",
        Text,
        CheckConstraint("token_sha256 ~ '^[0-9a-f]{64}$'", name="token_sha256"),
        primary_key=True,
    ),
    Column("file_id", BigInteger, ForeignKey("request_files.file_id"), nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_request_links_file_id", "file_id"),
    Index("ix_request_links_expires_at", "expires_at"),
)
