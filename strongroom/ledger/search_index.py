"""Filling the search: what an archived conversation is found by, and the words of its texts."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, any_, cast, delete, exists, func, insert, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import Integer

from strongroom.ledger import leases
from strongroom.ledger.conversations import HeldConversation, held_of
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.hold_order import keep_holds
from strongroom.ledger.leases import Holder
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.schema import conversations
from strongroom.ledger.search_schema import search_postings, search_records, search_terms, search_texts
from strongroom.words import folded

LONGEST_VALUE = 500
"""Characters of an id, a name or a tag that are kept; an index takes no more than 2,700 bytes."""


@dataclass(frozen=True, order=True)
class Term:
    """A queue, an agent, a division, a medium or a class, by id and by its name on the day; no name: the empty text."""

    kind: str
    value: str
    name: str = ""


@dataclass(frozen=True)
class Entry:
    """What one revision of a conversation is found by. `recordings` counts those that are stored."""

    ref: ConversationRef
    conversation_start: datetime
    conversation_end: datetime
    retain_until: datetime
    direction: str | None
    external_tag: str | None
    terms: frozenset[Term]
    addresses: frozenset[str]
    recordings: int


@dataclass(frozen=True)
class IndexedText:
    """The words of a recording that is text, as `search_words.vectors` gives them, and the hash of what was read."""

    recording_id: str
    sha256: str
    vectors: Sequence[str]


def take_unindexed(engine: Engine, ref: ConversationRef, holder: Holder) -> HeldConversation | None:
    """Take an archived revision that the search does not have all of; None: another has it, or it is done."""
    with transaction(engine) as connection:
        missing = conversations.c.indexed_at.is_(None)
        row = leases.take(connection, conversations, ref._asdict(), ["archived"], holder, missing)
        return None if row is None else held_of(row)


def postpone_indexing(engine: Engine, held: HeldConversation, holder: Holder, due_in_s: float) -> None:
    """It did not work out this time; due again in `due_in_s`. Raises LeaseLost."""
    with transaction(engine) as connection:
        due_at = leases.seconds_from_now(due_in_s)
        ids = held.ref._asdict()
        leases.postpone(connection, conversations, ids, ["archived"], holder, due_at)


def texts_indexed(engine: Engine, conversation_id: UUID) -> dict[str, str]:
    """The recordings whose words the search has, and the SHA-256 of what they were read from."""
    statement = (
        select(search_texts.c.recording_id, search_texts.c.sha256)
        .where(search_texts.c.conversation_id == conversation_id)
        .distinct()
    )
    with transaction(engine) as connection:
        return {row.recording_id: row.sha256 for row in connection.execute(statement)}


def index(
    engine: Engine,
    held: HeldConversation,
    holder: Holder,
    entry: Entry,
    texts: Sequence[IndexedText],
    text_recordings: Collection[str],
    gap: str | None,
    due_in_s: float,
    then: Callable[[Connection], None] | None = None,
) -> None:
    """Put a revision we hold into the search, in place of any earlier one; of a later one it changes nothing.

    `texts` are those read anew, `text_recordings` all that it has: the words of any other go. With a `gap`, some text
    could not be read: what is known is found, and the rest is due again in `due_in_s`. `then` ends the transaction:
    the matters that look for such a conversation hold it from the moment on that it can be found. Raises LeaseLost,
    also when the conversation was forgotten meanwhile.
    """
    ids = held.ref._asdict()
    term_ids = _term_ids(engine, entry.terms)
    with transaction(engine) as connection:
        keep_holds(connection)
        # before the search, as `forget` does: who has the conversation's row may change the search
        if gap is None:
            now = func.clock_timestamp()
            leases.change(connection, conversations, ids, ["archived"], holder, indexed_at=now)
        else:
            due_at = leases.seconds_from_now(due_in_s)
            leases.postpone(connection, conversations, ids, ["archived"], holder, due_at)
        if _replace_record(connection, entry, term_ids, gap):
            _replace_texts(connection, entry, texts, text_recordings)
        if then is not None:
            then(connection)


def _term_ids(engine: Engine, terms: Collection[Term]) -> list[int]:
    """The ids of these terms; new ones are added, in a transaction of their own so that nobody waits for it."""
    if not terms:
        return []
    key = (search_terms.c.kind, search_terms.c.value, search_terms.c.name)
    wanted = sorted(terms)
    statement = select(search_terms.c.term_id, *key).where(
        tuple_(*key).in_([(one.kind, one.value, one.name) for one in wanted])
    )
    with transaction(engine) as connection:
        known = {Term(*row[1:]) for row in connection.execute(statement)}
        if new := [one for one in wanted if one not in known]:
            values = [
                {"kind": one.kind, "value": one.value, "name": one.name, "folded": folded(one.name)} for one in new
            ]
            connection.execute(postgresql_insert(search_terms).values(values).on_conflict_do_nothing())
        return sorted(connection.scalars(statement.with_only_columns(search_terms.c.term_id)))


def _replace_record(connection: Connection, entry: Entry, term_ids: list[int], gap: str | None) -> bool:
    """Write the record and its postings; False when a later revision stands."""
    values = {
        "revision": entry.ref.revision,
        "conversation_start": entry.conversation_start,
        "conversation_end": entry.conversation_end,
        "retain_until": entry.retain_until,
        "recordings": entry.recordings,
        "direction": entry.direction,
        "external_tag": entry.external_tag,
        "terms": term_ids,
        "addresses": sorted(entry.addresses),
        "text_gap": gap,
    }
    conversation_id = entry.ref.conversation_id
    new = postgresql_insert(search_records).values(conversation_id=conversation_id, **values).on_conflict_do_nothing()
    if connection.execute(new).rowcount == 0:
        itself = search_records.c.conversation_id == conversation_id
        columns = (search_records.c.revision, search_records.c.conversation_end, search_records.c.terms)
        standing = connection.execute(select(*columns).where(itself).with_for_update()).one()
        if standing.revision > entry.ref.revision:
            return False
        _remove_postings(connection, conversation_id, standing.conversation_end, standing.terms)
        connection.execute(update(search_records).where(itself).values(**values, indexed_at=func.clock_timestamp()))
    postings = [
        {"term_id": term_id, "conversation_end": entry.conversation_end, "conversation_id": conversation_id}
        for term_id in term_ids
    ]
    if postings:
        connection.execute(insert(search_postings).values(postings))
    return True


def _remove_postings(connection: Connection, conversation_id: UUID, end: datetime, term_ids: Sequence[int]) -> None:
    # by the whole key: there is no index by conversation, and none is needed
    of_record = (
        search_postings.c.term_id == any_(cast(list(term_ids), ARRAY(Integer))),
        search_postings.c.conversation_end == end,
        search_postings.c.conversation_id == conversation_id,
    )
    connection.execute(delete(search_postings).where(*of_record))


def _replace_texts(
    connection: Connection, entry: Entry, texts: Sequence[IndexedText], text_recordings: Collection[str]
) -> None:
    of_record = search_texts.c.conversation_id == entry.ref.conversation_id
    kept = set(text_recordings) - {one.recording_id for one in texts}
    connection.execute(delete(search_texts).where(of_record, search_texts.c.recording_id.not_in(kept)))
    end = entry.conversation_end
    moved = search_texts.c.conversation_end != end
    connection.execute(update(search_texts).where(of_record, moved).values(conversation_end=end))
    for one in texts:
        for vector in one.vectors:
            connection.execute(
                insert(search_texts).values(
                    conversation_id=entry.ref.conversation_id,
                    recording_id=one.recording_id,
                    conversation_end=end,
                    sha256=one.sha256,
                    words=cast(literal(vector), TSVECTOR),
                )
            )


def forget(connection: Connection, conversation_id: UUID) -> None:
    """Take a conversation out of the search, words and all, in the caller's transaction. What it is done to stays out.

    The names that only it had go too. A revision that is archived later is indexed again.
    """
    connection.execute(
        update(conversations)
        .where(conversations.c.conversation_id == conversation_id, conversations.c.state == "archived")
        .values(indexed_at=func.clock_timestamp(), lease_owner=None, lease_until=None)
    )
    removed = connection.execute(
        delete(search_records)
        .where(search_records.c.conversation_id == conversation_id)
        .returning(search_records.c.conversation_end, search_records.c.terms)
    ).one_or_none()
    if removed is None:
        return
    _remove_postings(connection, conversation_id, removed.conversation_end, removed.terms)
    for term_id in removed.terms:
        _remove_unused_term(connection, term_id)


def _remove_unused_term(connection: Connection, term_id: int) -> None:
    used = exists(select(search_postings.c.term_id).where(search_postings.c.term_id == term_id))
    try:
        with connection.begin_nested():
            connection.execute(delete(search_terms).where(search_terms.c.term_id == term_id, ~used))
    except IntegrityError:
        # used by a conversation that is being indexed just now
        return
