"""A day is archived, and Legal finds each conversation of it: by a number in any spelling, by a word.

What the search should say is worked out here from the analytics records and the vault's own transcripts.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import archives
import pytest
from archives import Archive, StartArchive, wait_until

from config.environment import load_settings
from strongroom.house import House
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.search_index import forget
from strongroom.legal.access import Principal, Role
from strongroom.legal.search import FoundConversation, SearchQuery, find, look_up
from strongroom.pipeline import complete, indexing
from strongroom.pipeline.outcomes import NOTHING
from strongroom.vault.errors import VaultRefused, VaultUnreachable
from tasks.fleet import Fleet as FleetApp
from tasks.fleet import send

ANALYST = Principal("anna", frozenset({Role.ANALYST}), None, "192.0.2.1")
UNINDEXED = "SELECT conversation_id FROM conversations WHERE state = 'archived' AND indexed_at IS NULL"


def found(house: House, principal: Principal = ANALYST, **query: Any) -> dict[UUID, FoundConversation]:
    """Everything that fits, through all pages."""
    page = find(house, principal, SearchQuery(page_size=7, **query))
    rows = list(page.rows)
    while page.next_cursor is not None:
        page = find(house, principal, SearchQuery(page_size=7, cursor=page.next_cursor, **query))
        rows += page.rows
    assert len({row.conversation_id for row in rows}) == len(rows)
    return {row.conversation_id: row for row in rows}


def records(archive: Archive) -> dict[UUID, dict[str, Any]]:
    """The analytics records of what is archived, in the latest revision."""
    statement = "SELECT conversation_id, record FROM conversations WHERE state = 'archived' ORDER BY revision"
    return {row.conversation_id: row.record for row in archive.rows(statement)}


def having(archive: Archive, condition: Callable[[dict[str, Any]], bool]) -> set[UUID]:
    """The conversations whose record meets a condition."""
    return {conversation_id for conversation_id, record in records(archive).items() if condition(record)}


def sessions(record: dict[str, Any]) -> list[dict[str, Any]]:
    """All sessions of a record."""
    return [session for participant in record["participants"] for session in participant["sessions"]]


def transcripts(archive: Archive) -> dict[UUID, str]:
    """What the vault's transcripts say, by conversation, as one text."""
    said: dict[UUID, str] = {}
    statement = (
        "SELECT conversation_id, key, version_id FROM objects"
        " WHERE content_type = 'application/json' AND recording_id IS NOT NULL"
    )
    for row in archive.rows(statement):
        document = json.loads(b"".join(archive.house.store.read(row.key, row.version_id)))
        lines = [line.get("body") or "" for line in document.get("transcript") or []]
        lines += [line.get("messageText") or "" for line in document.get("messagingTranscript") or []]
        for email in document.get("emailTranscript") or []:
            lines += [email.get("subject") or "", email.get("textBody") or ""]
        said[row.conversation_id] = said.get(row.conversation_id, "") + "\n".join(lines)
    return said


def answers(house: House, archive: Archive) -> dict[str, Any]:
    """What the search says to many questions, to be compared with what it says later."""
    numbers = {
        session["ani"] for record in records(archive).values() for session in sessions(record) if "ani" in session
    }
    questions: list[dict[str, Any]] = [{}, {"text": "account"}, {"text": "bitte"}, {"media": "voice"}]
    questions += [{"address": number} for number in sorted(numbers)]
    return {str(question): found(house, **question) for question in questions}


def test_a_day_is_found_by_everything_that_is_known_of_it(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=40, settings={"STRONGROOM_PHONE_REGION": "US"})
    archive.archive_here()
    everything = found(archive.house)
    assert set(everything) == set(records(archive))
    assert archive.rows(UNINDEXED) == []

    for conversation_id, record in records(archive).items():
        row = everything[conversation_id]
        assert look_up(archive.house, ANALYST, conversation_id) == row
        assert set(row.media) == {session["mediaType"] for session in sessions(record)}
        assert set(row.divisions) == set(record["divisionIds"])
        (customer, *_) = (one for one in record["participants"] if one["purpose"] == "customer")
        (session, *_) = customer["sessions"]
        if "ani" in session:
            number = session["ani" if session["direction"] == "inbound" else "dnis"].removeprefix("tel:")
            spelled = f"({number[2:5]}) {number[5:8]}-{number[8:]}" if number.startswith("+1") else number
            for spelling in (number, f"tel:{number}", number[1:], spelled):
                assert conversation_id in found(archive.house, address=spelling), spelling
        if "addressOther" in session:
            assert conversation_id in found(archive.house, address=session["addressOther"].upper())
    assert found(archive.house, address="+44 20 7946 0000") == {}, "the contact centre's own number is no customer's"

    (agent, *_) = (
        one["userId"] for record in records(archive).values() for one in record["participants"] if "userId" in one
    )
    served = having(archive, lambda record: any(one.get("userId") == agent for one in record["participants"]))
    assert set(found(archive.house, agent=agent)) == served
    (name,) = {
        row.names["users"][agent]
        for row in archive.rows("SELECT names FROM conversations")
        if agent in row.names["users"]
    }
    assert served <= set(found(archive.house, agent=name.split()[-1].upper()))
    queues = {queue for row in everything.values() for queue in row.queues}
    queued = having(
        archive, lambda record: any("queueId" in part for one in sessions(record) for part in one["segments"])
    )
    assert set().union(*(found(archive.house, queue=queue) for queue in queues)) == queued

    said = transcripts(archive)
    assert {"chat", "message", "email"} <= {media for one in said for media in everything[one].media}
    for word in ("account", "konnen", "SELBSTVERSTÄNDLICH", '"passed it to our complaints team"', "appointm*"):
        plain = word.strip('"*').lower().replace("konnen", "können")
        assert set(found(archive.house, text=word)) == {one for one, text in said.items() if plain in text.lower()}, (
            word
        )


def test_a_reopened_conversation_is_found_as_its_second_revision(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=10)
    archive.archive_here()
    before = found(archive.house)
    chosen = next(iter(transcripts(archive)))
    # as an enumeration that sees it end again, its transcript carried over
    with archive.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO conversations (conversation_id, revision, day, conversation_start, conversation_end, record,"
            " state, cause, deadline_at) SELECT conversation_id, 2, day, conversation_start, conversation_end"
            " + interval '1 second', record, 'discovered', 'a test', now() + interval '1 hour' FROM conversations"
            " WHERE conversation_id = %s",
            (str(chosen),),
        )
    while archive.sweep_once():
        pass
    after = found(archive.house)
    assert set(after) == set(before)
    assert {one for one in after if after[one] != before[one]} == {chosen}
    assert (after[chosen].revision, after[chosen].recordings) == (2, before[chosen].recordings)
    word = max((one for one in transcripts(archive)[chosen].split() if one.isalpha()), key=len)
    assert found(archive.house, text=word, conversation_id=str(chosen)) == {chosen: after[chosen]}


def test_what_was_cut_off_before_indexing_is_found_by_the_sweep(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=8)

    class Killed(BaseException):
        """As a process that is killed: nothing catches it."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as killing:
        # killed after the manifest; nor is there a sweep
        killing.setattr(complete, "index_conversation", lambda *_: NOTHING)
        killing.setattr(archives, "index_conversation", lambda *_: NOTHING)
        archive.archive_here()
    assert found(archive.house) == {}
    assert len(archive.rows(UNINDEXED)) == len(records(archive))

    with monkeypatch.context() as killing:
        killing.setattr(indexing, "index", kill)
        with pytest.raises(Killed):
            archive.sweep_once()
    assert found(archive.house) == {}
    archive.let_time_pass(10)
    while archive.sweep_once():
        archive.let_time_pass(10)
    assert set(found(archive.house)) == set(records(archive))
    assert archive.rows(UNINDEXED) == []


def test_indexing_again_or_beside_another_changes_nothing(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=8)
    archive.archive_here()
    before = answers(archive.house, archive)
    sizes = archive.rows("SELECT (SELECT count(*) FROM search_postings), (SELECT count(*) FROM search_texts)")
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET indexed_at = NULL")
    for conversation_id in records(archive):
        assert indexing.index_conversation(archive.house, ConversationRef(conversation_id, 1)) is NOTHING
        assert indexing.index_conversation(archive.house, ConversationRef(conversation_id, 1)) is NOTHING
    assert answers(archive.house, archive) == before
    assert archive.rows("SELECT (SELECT count(*) FROM search_postings), (SELECT count(*) FROM search_texts)") == sizes


@pytest.mark.parametrize(
    ("error", "again_s"),
    [
        (VaultUnreachable("the store does not answer", where="s3://x", todo="wait"), 60),
        (VaultRefused("it is in a cold class", where="s3://x", todo="restore it", code="InvalidObjectState"), 90_000),
    ],
    ids=["unreachable", "cold"],
)
def test_a_text_that_cannot_be_read_leaves_the_rest_found_and_is_tried_again(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch, error: Exception, again_s: float
) -> None:
    archive = start_archive(conversations=12)

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as failing:
        failing.setattr(indexing, "hash_version", fail)
        archive.archive_here()
        said = transcripts(archive)
        everything = found(archive.house)
        assert set(everything) == set(records(archive))
        assert {one for one, row in everything.items() if row.text_gap} == set(said) != set()
        assert error.what in everything[next(iter(said))].text_gap  # type: ignore[attr-defined,operator]
        assert found(archive.house, text="account") == {}
        assert archive.sweep_once() == 0 or isinstance(error, VaultUnreachable), "not before its time"
    archive.let_time_pass(again_s)
    archive.sweep_once()
    assert {row.text_gap for row in found(archive.house).values()} == {None}
    assert set(found(archive.house, text="account")) == {one for one, text in said.items() if "account" in text}
    assert archive.rows(UNINDEXED) == []


@pytest.mark.long
def test_a_text_that_is_not_what_was_archived_is_not_searched(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=12)
    archive.archive_here()
    said = transcripts(archive)
    chosen = next(one for one, text in said.items() if "account" in text)
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET indexed_at = NULL")
        connection.exec_driver_sql("DELETE FROM search_texts")
        connection.exec_driver_sql(
            "UPDATE objects SET sha256 = repeat('0', 64) WHERE conversation_id = %s AND recording_id IS NOT NULL",
            (str(chosen),),
        )
    archive.let_time_pass(10)
    archive.sweep_once()
    assert (
        found(archive.house)[chosen].text_gap
        == "the text is not what was archived: run `strongroom verify` for its day"
    )
    assert chosen not in found(archive.house, text="account")
    assert len(found(archive.house, text="account")) == sum("account" in text for text in said.values()) - 1


def test_what_was_forgotten_stays_out_whoever_was_just_indexing_it(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=6)
    archive.archive_here()
    chosen = next(iter(records(archive)))
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET indexed_at = NULL")
    index = indexing.index

    def forget_first(*arguments: Any) -> None:
        with archive.engine.begin() as connection:
            forget(connection, chosen)
        index(*arguments)

    monkeypatch.setattr(indexing, "index", forget_first)
    assert indexing.index_conversation(archive.house, ConversationRef(chosen, 1)) is NOTHING
    monkeypatch.undo()
    archive.let_time_pass(100_000)
    while archive.sweep_once():
        pass
    assert set(found(archive.house)) == set(records(archive)) - {chosen}


@pytest.mark.long
def test_the_fleet_indexes_what_the_sweep_finds_due(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=6)
    archive.archive_here()
    before = answers(archive.house, archive)
    with archive.engine.begin() as connection:
        # as in a ledger that was just migrated or rebuilt
        connection.exec_driver_sql("DELETE FROM search_postings")
        connection.exec_driver_sql("DELETE FROM search_records")
        connection.exec_driver_sql("UPDATE conversations SET indexed_at = NULL, enqueued_at = NULL")
    with archive.fleet():
        send(FleetApp(load_settings(archive.environment)), "sweep", [()])
        wait_until(lambda: archive.rows(UNINDEXED) == [], "all of it indexed", 60)
    assert answers(archive.house, archive) == before
