"""The tables of who may use the Legal desk: users, sessions, keys of machines, attempts to sign in, what was done."""

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from strongroom.ledger.columns import metadata, one_of


def _access() -> tuple[Column[object], ...]:
    return (
        Column("roles", ARRAY(Text), nullable=False),
        # ids of Genesys divisions; none: all of them
        Column("divisions", ARRAY(Text)),
    )


def _sha256(name: str, *, primary_key: bool = False) -> Column[str]:
    is_one = CheckConstraint(f"{name} ~ '^[0-9a-f]{{64}}$'", name=name)
    return Column(name, Text, is_one, nullable=False, primary_key=primary_key)


ACCESS_ACTS = (
    "signed in",
    "sign-in refused",
    "signed out",
    "user added",
    "user enabled",
    "user disabled",
    "password changed",
    "access changed",
    "key added",
    "key revoked",
)

access_events = Table(
    "access_events",
    metadata,
    Column("event_id", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("act", Text, CheckConstraint(one_of("act", ACCESS_ACTS), name="act"), nullable=False),
    # the user or the key that it is about
    Column("subject", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Index("ix_access_events_at", "at"),
    Index("ix_access_events_subject", "subject", "event_id"),
)

users = Table(
    "users",
    metadata,
    Column("user_id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, CheckConstraint("name = lower(name) AND name <> ''", name="name"), nullable=False),
    # Argon2id in PHC form, of a local user; who comes by OpenID Connect is an issuer's subject
    Column("password_hash", Text),
    Column("issuer", Text),
    Column("subject", Text),
    *_access(),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("disabled_at", DateTime(timezone=True)),
    Column("last_signed_in_at", DateTime(timezone=True)),
    UniqueConstraint("name"),
    UniqueConstraint("issuer", "subject"),
    CheckConstraint(
        "(password_hash IS NOT NULL AND issuer IS NULL AND subject IS NULL)"
        " OR (password_hash IS NULL AND issuer IS NOT NULL AND subject IS NOT NULL)",
        name="credential",
    ),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", BigInteger, Identity(), primary_key=True),
    _sha256("token_sha256"),
    Column("user_id", BigInteger, ForeignKey("users.user_id"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    # whether the identity provider says that a second factor was used; none: there is no provider
    Column("second_factor", Boolean),
    UniqueConstraint("token_sha256"),
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_ends_at", "ends_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, CheckConstraint("name = lower(name) AND name <> ''", name="name"), nullable=False),
    _sha256("key_sha256"),
    *_access(),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
    # for good: the custody chain names it
    UniqueConstraint("name"),
    UniqueConstraint("key_sha256"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    # the SHA-256 of a name, or an address: people type passwords into the field for the name
    Column("subject", Text, primary_key=True),
    Column("failures", Integer, CheckConstraint("failures >= 0", name="failures"), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("blocked_until", DateTime(timezone=True), nullable=False),
    Index("ix_sign_in_failures_last_at", "last_at"),
)

oidc_sign_ins = Table(
    "oidc_sign_ins",
    metadata,
    _sha256("state_sha256", primary_key=True),
    # the browser that set out: nobody else may come back with its code
    _sha256("browser_sha256"),
    Column("nonce", Text, nullable=False),
    Column("code_verifier", Text, nullable=False),
    Column("next_path", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_oidc_sign_ins_started_at", "started_at"),
)
