"""Conversations put into the search as the pipeline puts them, without the rest of an archive."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from strongroom.canonical import sha256_hex
from strongroom.house import House
from strongroom.ledger.conversations import Decided, archived, begin_capturing, take_captured, take_discovered
from strongroom.ledger.discovering import Found, discover
from strongroom.ledger.objects import ObjectRow
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.search_index import Entry, IndexedText, Term, index, take_unindexed
from strongroom.ledger.search_words import vectors
from strongroom.legal.access import Principal, Role
from strongroom.legal.search import FoundConversation, SearchQuery, find
from strongroom.times import format_instant
from strongroom.words import words

END = datetime(2025, 5, 14, 10, 0, tzinfo=UTC)
ANALYST = Principal("anna", frozenset({Role.ANALYST}), None, "192.0.2.1")
LONDON, PARIS = (Term("division", str(uuid4()), name) for name in ("London", "Paris"))
CLASS = Term("class", "default")
DECIDED = Decided("default", "GOVERNANCE", END + timedelta(days=2_557), "p1", {})


def within(*divisions: Term) -> Principal:
    """An analyst of these divisions."""
    return replace(ANALYST, divisions=frozenset(one.value for one in divisions))


def archive(house: House, conversation_id: UUID | None = None, end: datetime = END) -> ConversationRef:
    """An archived revision that is due to be indexed."""
    conversation_id = conversation_id or uuid4()
    start = end - timedelta(minutes=10)
    record = {
        "conversationId": str(conversation_id),
        "conversationStart": format_instant(start),
        "conversationEnd": format_instant(end),
    }
    found = Found(conversation_id, start, end, end.date(), record)
    (ref,) = discover(house.engine, [found], quiet_s=0, deadline_s=60)
    held = take_discovered(house.engine, ref, house.holder)
    assert held is not None
    begin_capturing(house.engine, held, house.holder, record, DECIDED, {}, [], deadline_s=60)
    held = take_captured(house.engine, ref, house.holder)
    assert held is not None
    manifest = ObjectRow(
        "manifest", None, f"archive/{ref}", "v1", 1, "a" * 64, "application/json", None, "GOVERNANCE",
        DECIDED.retain_until, False, False,
    )  # fmt: skip
    archived(house.engine, held, house.holder, manifest, 1)
    return ref


def put(
    house: House,
    *terms: Term,
    conversation_id: UUID | None = None,
    end: datetime = END,
    texts: Sequence[str] = (),
    addresses: Sequence[str] = (),
    gap: str | None = None,
    **values: Any,
) -> UUID:
    """A conversation in the search; its id."""
    ref = archive(house, conversation_id, end)
    held = take_unindexed(house.engine, ref, house.holder)
    assert held is not None
    entry = Entry(
        ref=ref,
        conversation_start=end - timedelta(minutes=10),
        conversation_end=end,
        retain_until=DECIDED.retain_until,
        direction=values.get("direction", "inbound"),
        external_tag=values.get("external_tag"),
        terms=frozenset((*terms, CLASS)),
        addresses=frozenset(addresses),
        recordings=len(texts),
    )
    read = [
        IndexedText(f"r{number}", sha256_hex(ascii(text).encode()), list(vectors(words(text))))
        for number, text in enumerate(texts)
    ]
    index(house.engine, held, house.holder, entry, read, [one.recording_id for one in read], gap, 3_600)
    return ref.conversation_id


def rows_found(
    house: House, principal: Principal = ANALYST, page_size: int = 100, **query: Any
) -> list[FoundConversation]:
    """Everything that fits, through all pages, in order."""
    page = find(house, principal, SearchQuery(page_size=page_size, **query))
    rows = list(page.rows)
    while page.next_cursor is not None:
        assert len(page.rows) == page_size
        page = find(house, principal, SearchQuery(page_size=page_size, cursor=page.next_cursor, **query))
        rows += page.rows
    return rows


def ids_found(house: House, principal: Principal = ANALYST, **query: Any) -> set[UUID]:
    """Which conversations fit."""
    return {row.conversation_id for row in rows_found(house, principal, **query)}
