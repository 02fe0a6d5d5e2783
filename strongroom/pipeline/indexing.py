"""The step that puts an archived conversation into the search; Legal finds it from then on.

It runs at the end of completing, and where that was cut off, or the ledger was rebuilt, when the sweep finds it due.
The words of texts are read back from the vault: what is searched is what is locked.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from strongroom.errors import StrongroomError, Unreachable
from strongroom.house import House
from strongroom.ledger.conversations import HeldConversation
from strongroom.ledger.due import claim_unindexed
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_conversation
from strongroom.ledger.hold_searches import look_at
from strongroom.ledger.objects import ObjectRow, objects_of_recordings
from strongroom.ledger.recordings import KnownRecording, known_recordings
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.search_index import IndexedText, index, postpone_indexing, take_unindexed, texts_indexed
from strongroom.ledger.search_words import vectors
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.failures import backoff_s
from strongroom.pipeline.files import TEXT_MEDIA
from strongroom.pipeline.found_by import entry_of
from strongroom.pipeline.outcomes import NOTHING, Next
from strongroom.pipeline.transcripts import texts
from strongroom.vault.hashing import hash_version
from strongroom.words import words

UNREADABLE_AGAIN_S = 86_400.0
"""What is cold or damaged is tried again so much later: it may be restored, or mended from a copy, by then."""
LONGEST_TRANSCRIPT_BYTES = 64 * 1024 * 1024
"""Of JSON that is read into memory at once; Genesys itself gives no e-mail thread of that length."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Gap:
    """A text that can't be searched, why, and whether that passes by itself."""

    reason: str
    passing: bool


class _NotAsArchived(StrongroomError):
    """The bytes that stand are not those that were put."""


class _NoTranscript(StrongroomError):
    """It is what was archived, and no transcript that we can read."""


def index_conversation(house: House, ref: ConversationRef) -> Next:
    """Put one archived revision into the search. Run again, or beside another, it changes nothing."""
    held = take_unindexed(house.engine, ref, house.holder)
    if held is None:
        return NOTHING
    lease = kept_conversation(house.engine, ref, house.holder)
    return attempt(lease, lambda: _index(house, held), lambda error: _put_off(house, held, error))


def index_all_due(house: House) -> int:
    """Index here and now whatever is due; how many revisions that was. What is cut off is found by the sweep."""
    done = 0
    while batch := claim_unindexed(house.engine, house.settings.enqueue_grace_s, house.settings.sweep_batch):
        for ref in batch:
            index_conversation(house, ref)
        done += len(batch)
    return done


def _index(house: House, held: HeldConversation) -> Next:
    recordings = known_recordings(house.engine, held.ref)
    transcripts = _transcripts(house, held.ref, recordings)
    indexed = texts_indexed(house.engine, held.ref.conversation_id)
    read: list[IndexedText] = []
    gaps: list[_Gap] = []
    for recording_id, row in transcripts:
        if indexed.get(recording_id) == row.sha256:
            continue
        outcome = _read(house, recording_id, row)
        if isinstance(outcome, _Gap):
            gaps.append(outcome)
        else:
            read.append(outcome)
    index(
        house.engine,
        held,
        house.holder,
        entry_of(held, recordings, house.settings.phone_region),
        read,
        [recording_id for recording_id, _ in transcripts],
        "; ".join(sorted({gap.reason for gap in gaps})) or None,
        backoff_s(held.attempts, house.settings.retry_interval_s)
        if any(gap.passing for gap in gaps)
        else UNREADABLE_AGAIN_S,
        lambda connection: look_at(connection, held.ref.conversation_id, house.actor),
    )
    return NOTHING


def _put_off(house: House, held: HeldConversation, error: StrongroomError) -> Next:
    _log.warning("indexing put off", conversation=str(held.ref), reason=str(error))
    due_in_s = backoff_s(held.attempts, house.settings.retry_interval_s)
    with suppress(LeaseLost):
        postpone_indexing(house.engine, held, house.holder, due_in_s)
    return NOTHING


def _transcripts(
    house: House, ref: ConversationRef, recordings: Sequence[KnownRecording]
) -> list[tuple[str, ObjectRow]]:
    """The transcripts of a revision's chats, messages and e-mails, wherever an earlier revision put them."""
    text = {one.recording_id for one in recordings if one.media in TEXT_MEDIA}
    found = objects_of_recordings(house.engine, ref, text)
    return [
        (row.recording_id, row)
        for _, row in found
        if row.recording_id is not None
        and row.part == f"recordings/{row.recording_id}/1"
        and row.content_type == "application/json"
    ]


def _read(house: House, recording_id: str, row: ObjectRow) -> IndexedText | _Gap:
    """A transcript's words, read back by version and held against the hash it was archived with."""
    try:
        if row.size_bytes > LONGEST_TRANSCRIPT_BYTES:
            raise _NoTranscript(
                f"a transcript of {row.size_bytes} bytes is too long to be searched",
                where=house.store.where(row.key),
                todo="find it by its number, its time or its agent",
            )
        chunks: list[bytes] = []
        hashed = hash_version(house.store, row.key, row.version_id, chunks.append)
        if (hashed.sha256, hashed.size_bytes) != (row.sha256, row.size_bytes):
            _log.error("a transcript is not what was archived", key=row.key, version=row.version_id)
            raise _NotAsArchived(
                "the text is not what was archived",
                where=house.store.where(row.key),
                todo="run `strongroom verify` for its day",
            )
        try:
            document = json.loads(b"".join(chunks))
        except (ValueError, RecursionError):
            raise _NoTranscript(
                "the text is no JSON", where=house.store.where(row.key), todo="read it from its file"
            ) from None
    except StrongroomError as error:
        _log.warning("a transcript is not searched", key=row.key, reason=str(error))
        return _Gap(error.reason, isinstance(error, Unreachable))
    found = (word for text in texts(document) for word in words(text))
    return IndexedText(recording_id, row.sha256, list(vectors(found)))
