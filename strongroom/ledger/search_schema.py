"""The tables that Legal's search asks. They hold nothing that isn't in the vault: all of it can be made again.

A record's queues, agents, divisions, media and class are terms. A posting is a term's conversation at its end: postings
of one term lie in the order of the answer, so that a page costs the same for a queue of ten calls and of a million.
"""

from sqlalchemy import (
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
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from strongroom.ledger.columns import metadata, one_of

TERM_KINDS = ("queue", "agent", "division", "media", "class")

# one row a conversation: its latest archived revision
search_records = Table(
    "search_records",
    metadata,
    Column("conversation_id", Uuid, primary_key=True),
    Column("revision", Integer, CheckConstraint("revision >= 1", name="revision"), nullable=False),
    Column("conversation_start", DateTime(timezone=True), nullable=False),
    Column("conversation_end", DateTime(timezone=True), nullable=False),
    Column("retain_until", DateTime(timezone=True), nullable=False),
    Column("recordings", Integer, nullable=False),
    Column("held", Boolean, nullable=False, server_default=text("false")),
    Column("direction", Text),
    Column("external_tag", Text),
    Column("terms", ARRAY(Integer), nullable=False),
    # customers' numbers and addresses, normalised
    Column("addresses", ARRAY(Text), nullable=False),
    Column("indexed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # why the text of some recording can't be searched, in words; none when all of it can
    Column("text_gap", Text),
    Index("ix_search_records_end", "conversation_end", "conversation_id"),
    Index("ix_search_records_start", "conversation_start"),
    Index("ix_search_records_addresses", "addresses", postgresql_using="gin"),
    Index(
        "ix_search_records_external_tag",
        "external_tag",
        "conversation_end",
        "conversation_id",
        postgresql_where=text("external_tag IS NOT NULL"),
    ),
    Index("ix_search_records_held", "conversation_end", "conversation_id", postgresql_where=text("held")),
)

search_terms = Table(
    "search_terms",
    metadata,
    Column("term_id", Integer, Identity(), primary_key=True),
    Column("kind", Text, CheckConstraint(one_of("kind", TERM_KINDS), name="kind"), nullable=False),
    Column("value", Text, nullable=False),
    # as it was called on the day: one that was renamed since is two terms
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False),
    UniqueConstraint("kind", "value", "name"),
)

search_postings = Table(
    "search_postings",
    metadata,
    Column("term_id", Integer, ForeignKey("search_terms.term_id"), primary_key=True, autoincrement=False),
    Column("conversation_end", DateTime(timezone=True), primary_key=True),
    Column("conversation_id", Uuid, primary_key=True),
    CheckConstraint("term_id >= 1", name="term_id"),
)

# one row a recording that is text, more where it is very long; the words and their places, not the text
search_texts = Table(
    "search_texts",
    metadata,
    Column("text_id", BigInteger, Identity(), primary_key=True),
    Column("conversation_id", Uuid, ForeignKey("search_records.conversation_id", ondelete="CASCADE"), nullable=False),
    Column("recording_id", Text, nullable=False),
    Column("conversation_end", DateTime(timezone=True), nullable=False),
    # of the object that was read
    Column("sha256", Text, CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"), nullable=False),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_search_texts_conversation", "conversation_id"),
    Index("ix_search_texts_end", "conversation_end", "conversation_id"),
    Index("ix_search_texts_words", "words", postgresql_using="gin"),
)
