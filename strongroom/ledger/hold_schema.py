"""The tables of legal holds: matters, what each holds, what it looks for, and the work of telling the store."""

from sqlalchemy import (
    JSON,
    BigInteger,
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
from sqlalchemy.dialects.postgresql import ARRAY

from strongroom.ledger.columns import metadata, state, work

MATTER_STATES = ("open", "release asked", "released")
IN_FORCE = ("open", "release asked")
"""A matter holds until a second person has approved its release."""
HOLD_RECORD_STATES = ("placed", "applied", "released")
MATTER_SEARCH_STATES = ("wanted", "looked")
HOLD_WORK_STATES = ("wanted", "settled")

matters = Table(
    "matters",
    metadata,
    Column("matter_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    # the name as it is compared: two matters must not differ by case or space alone
    Column("name_key", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # on whose request it holds, and who placed it
    Column("requester", Text, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    *state(MATTER_STATES),
    Column("release_asked_by", Text),
    Column("release_asked_at", DateTime(timezone=True)),
    Column("release_reason", Text),
    Column("released_by", Text),
    Column("released_at", DateTime(timezone=True)),
    UniqueConstraint("name_key"),
)

# a conversation that a matter holds, all revisions of it; also one that is not archived yet
hold_records = Table(
    "hold_records",
    metadata,
    Column("matter_id", Uuid, ForeignKey("matters.matter_id"), primary_key=True),
    Column("conversation_id", Uuid, primary_key=True),
    # named, found by a search when it was placed, or archived later and found by it
    Column("found_by", Text, nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # applied: every object of it that stands carries the hold in the store
    *state(HOLD_RECORD_STATES),
    Index("ix_hold_records_conversation_id", "conversation_id"),
)

matter_searches = Table(
    "matter_searches",
    metadata,
    Column("search_id", BigInteger, Identity(), primary_key=True),
    Column("matter_id", Uuid, ForeignKey("matters.matter_id"), nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("origin", Text, nullable=False),
    # what is looked for; emptied with the release, since it may name a customer
    Column("criteria", JSON(none_as_null=True)),
    # of whoever placed it: what others' divisions have it must not find; none: all
    Column("divisions", ARRAY(Text)),
    # what is archived already is looked through once, from the latest end on; what comes later when it is indexed
    *state(MATTER_SEARCH_STATES),
    *work(),
    Column("after_end", DateTime(timezone=True)),
    Column("after_id", Uuid),
    Index("ix_matter_searches_matter_id", "matter_id"),
    Index("ix_matter_searches_wanted_due_at", "due_at", postgresql_where=text("state = 'wanted'")),
)

# one row a conversation that is or was held: the store is made to agree with the matters
conversation_holds = Table(
    "conversation_holds",
    metadata,
    Column("conversation_id", Uuid, primary_key=True),
    *state(HOLD_WORK_STATES),
    *work(),
    # counts up with whatever changes what must be: who settles must have seen the last of it
    Column("asked", Integer, nullable=False, server_default="1"),
    # how many objects the custody chain was last told that the store holds
    Column("told", Integer, nullable=False, server_default="0"),
    Index("ix_conversation_holds_wanted_due_at", "due_at", postgresql_where=text("state = 'wanted'")),
)
