"""A day is archived, and Legal finds each conversation of it: by a number in any spelling, by a word."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from archives import Archive, StartArchive

from strongroom.legal.access import Principal, Role
from strongroom.legal.search import FoundConversation, SearchQuery, find

ANALYST = Principal("anna", frozenset({Role.ANALYST}), None, "192.0.2.1")


def found(archive: Archive, principal: Principal = ANALYST, **query: Any) -> dict[UUID, FoundConversation]:
    """Everything that fits, through all pages."""
    rows: list[FoundConversation] = []
    page = find(archive.house, principal, SearchQuery(page_size=7, **query))
    rows += page.rows
    while page.next_cursor is not None:
        page = find(archive.house, principal, SearchQuery(page_size=7, cursor=page.next_cursor, **query))
        rows += page.rows
    assert len({row.conversation_id for row in rows}) == len(rows)
    return {row.conversation_id: row for row in rows}


def records(archive: Archive) -> dict[UUID, dict[str, Any]]:
    """The analytics records of what is archived, in the latest revision."""
    rows = archive.rows(
        "SELECT conversation_id, record, names FROM conversations WHERE state = 'archived' ORDER BY revision"
    )
    return {row.conversation_id: row.record | {"names": row.names} for row in rows}


def having(archive: Archive, condition: Callable[[dict[str, Any]], bool]) -> set[UUID]:
    """The conversations whose record meets a condition."""
    return {conversation_id for conversation_id, record in records(archive).items() if condition(record)}


def members(record: dict[str, Any], level: str, name: str) -> set[str]:
    """All values of a member of a record's participants, sessions or segments."""
    participants = record["participants"]
    sessions = [session for one in participants for session in one["sessions"]]
    segments = [segment for one in sessions for segment in one.get("segments", [])]
    level_records = {"participants": participants, "sessions": sessions, "segments": segments}[level]
    return {one[name] for one in level_records if name in one}


def test_every_archived_conversation_is_found_once(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=20)
    archive.archive_here()
    assert set(found(archive)) == set(records(archive))
    assert archive.rows("SELECT 1 FROM conversations WHERE state = 'archived' AND indexed_at IS NULL") == []
