"""A recording: asked for, checked, put once part by part; or tried again later; or given to a person."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from strongroom.errors import StrongroomError
from strongroom.evidence.manifest import sha256_hex
from strongroom.genesys.containers import check_whole, identify
from strongroom.genesys.errors import GenesysAnswerInvalid, NotReady
from strongroom.genesys.media import fetch_media
from strongroom.genesys.recordings import Recording, recording_metadata, recording_with_media
from strongroom.house import House
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_recording
from strongroom.ledger.objects import PartRef
from strongroom.ledger.recordings import (
    HeldRecording,
    Settled,
    known_recordings,
    postpone_recording,
    refresh_listing,
    replace_placeholder,
    settle_recording,
    take_recording,
)
from strongroom.ledger.references import RecordingRef
from strongroom.pipeline.capture import PLACEHOLDER, expected_of
from strongroom.pipeline.failures import Review, verdict
from strongroom.pipeline.outcomes import NOTHING, Next
from strongroom.pipeline.parts import Content, Placement, store, stored_already
from strongroom.vault.keys import attachment_key, recording_key
from strongroom.vault.lock import Lock, LockMode

_log = structlog.get_logger()

TEXT_MEDIA = frozenset({"chat", "message", "email"})
"""Channels whose recording is its transcript: the answer itself is archived, as received."""


@dataclass(frozen=True)
class _Link:
    """One file of a recording that is to be fetched. `number` counts its parts, None for an attachment."""

    part: str
    number: int | None
    attachment_id: str | None
    url: str
    file_name: str | None
    declared_type: str | None
    length: int | None


def archive_recording(house: House, ref: RecordingRef) -> Next:
    """Fetch and store one recording; next is its conversation's manifest when this was the last to settle."""
    held = take_recording(house.engine, ref, house.holder)
    if held is None:
        return NOTHING
    try:
        with kept_recording(house.engine, ref, house.holder):
            if ref.recording_id.startswith(PLACEHOLDER):
                return _look_for_session(house, held)
            return _archive(house, held)
    except LeaseLost:
        return NOTHING
    except StrongroomError as error:
        return _put_off(house, held, error)


def _put_off(house: House, held: HeldRecording, error: StrongroomError) -> Next:
    _log.info("recording put off", recording=str(held.ref), reason=str(error))
    decided = verdict(error, attempts=held.attempts, retry_interval_s=house.settings.retry_interval_s)
    try:
        if isinstance(decided, Review):
            return _settle(house, held, "review", error.reason)
        if held.taken_at >= held.deadline_at and not decided.ours:
            tried = _in_words(house.settings.retry_deadline_s)
            return _settle(house, held, "review", f"given up after {tried}: {error.reason}")
        postpone_recording(
            house.engine, held.ref, house.holder, decided.due_in_s, error.reason, past_deadline=decided.ours
        )
    except LeaseLost:
        return NOTHING
    return Next(again_in_s=decided.due_in_s)


def _in_words(duration_s: float) -> str:
    return f"{duration_s / 3600:g} hours" if duration_s >= 3600 else f"{duration_s:g} seconds"


def _settle(house: House, held: HeldRecording, state: Settled, cause: str) -> Next:
    return Next(complete=settle_recording(house.engine, held.ref, house.holder, state, cause))


def _look_for_session(house: House, held: HeldRecording) -> Next:
    """Ask again what Genesys lists for a session that was recorded."""
    known = {recording.recording_id for recording in known_recordings(house.engine, held.ref.conversation)}
    listed = [
        expected_of(recording)
        for recording in recording_metadata(house.genesys, str(held.ref.conversation_id))
        if recording.session_id == held.session_id and recording.recording_id not in known
    ]
    if not listed:
        raise NotReady(
            "Genesys lists no recording for a session that was recorded",
            where=f"session {held.session_id} of conversation {held.ref.conversation_id}",
            todo="look the conversation up in Genesys; re-queue when the recording is there",
            estimate_s=None,
        )
    return Next(recordings=replace_placeholder(house.engine, held.ref, house.holder, listed))


def _archive(house: House, held: HeldRecording) -> Next:
    recording = recording_with_media(
        house.genesys, str(held.ref.conversation_id), held.ref.recording_id, house.settings.audio_format
    )
    refresh_listing(house.engine, held.ref, house.holder, recording.media, recording.raw)
    match recording.file_state:
        case "DELETED":
            return _settle(house, held, "absent", "deleted in Genesys before it was archived")
        case "ERROR":
            return _settle(house, held, "review", "Genesys says the recording failed (fileState ERROR)")
        case "ARCHIVED":
            return _settle(house, held, "review", "archived inside Genesys: restore it there, then re-queue")
    objects = 0
    if recording.media in TEXT_MEDIA and recording.body is not None:
        _store_transcript(house, held, recording.body)
        objects += 1
    for link in _links(recording):
        _store_file(house, held, link)
        objects += 1
    if objects == 0:
        raise GenesysAnswerInvalid(
            "Genesys says the recording is available but gives no media",
            where=f"recording {held.ref.recording_id} of conversation {held.ref.conversation_id}",
            todo="look the recording up in Genesys; re-queue when it plays there",
        )
    return _settle(
        house, held, "stored", f"{objects} {'object stands' if objects == 1 else 'objects stand'} in the vault"
    )


def _links(recording: Recording) -> Iterator[_Link]:
    """The files of a recording: its media, numbered after the transcript where there is one, and its attachments."""
    first = 2 if recording.media in TEXT_MEDIA else 1
    for number, (_, url) in enumerate(recording.media_uris, start=first):
        yield _Link(_part(recording.recording_id, number), number, None, url, None, None, None)
    times_seen: Counter[str] = Counter()
    for attachment in recording.attachments:
        if attachment.url is None:
            raise GenesysAnswerInvalid(
                "an attachment has no link",
                where=f"attachment {attachment.attachment_id} of recording {recording.recording_id}",
                todo="look the conversation up in Genesys; re-queue when the attachment opens there",
            )
        times_seen[attachment.attachment_id] += 1
        times = times_seen[attachment.attachment_id]
        # two different files under one id: both are kept, the later ones numbered
        attachment_id = attachment.attachment_id if times == 1 else f"{attachment.attachment_id}.{times}"
        yield _Link(
            part=f"recordings/{recording.recording_id}/attachments/{attachment_id}",
            number=None,
            attachment_id=attachment_id,
            url=attachment.url,
            file_name=attachment.name,
            declared_type=attachment.content_type,
            length=attachment.content_length,
        )


def _part(recording_id: str, number: int) -> str:
    return f"recordings/{recording_id}/{number}"


def _store_transcript(house: House, held: HeldRecording, body: bytes) -> None:
    """The answer itself, byte for byte as received, is part 1 of a text recording."""
    part = _part_ref(held, _part(held.ref.recording_id, 1))
    placement = _placement(held)
    if stored_already(house, placement, part) is None:
        content = Content(body, len(body), sha256_hex(body), "application/json")
        store(house, placement, held.ref, part, _recording_key(held, 1, "json"), content)


def _store_file(house: House, held: HeldRecording, link: _Link) -> None:
    """Fetch one file to the spool, check it, put it once. Extension and content type follow its bytes."""
    part = _part_ref(held, link.part)
    placement = _placement(held)
    if stored_already(house, placement, part) is not None:
        return
    with house.spool.file() as spooled:
        fetch_media(house.media, link.url, spooled.write, expected_length=link.length)
        container = identify(spooled.head, link.declared_type)
        if link.number is None:
            # what somebody sent along is archived as it was sent, broken or not; its length has been checked
            key = attachment_key(
                held.day,
                str(held.ref.conversation_id),
                held.objects_revision,
                held.ref.recording_id,
                str(link.attachment_id),
            )
        else:
            check_whole(spooled.path, container)
            key = _recording_key(held, link.number, container.extension)
        content = Content(spooled.path, spooled.size_bytes, spooled.sha256, container.content_type, link.file_name)
        store(house, placement, held.ref, part, key, content)


def _recording_key(held: HeldRecording, number: int, extension: str) -> str:
    return recording_key(
        held.day, str(held.ref.conversation_id), held.objects_revision, held.ref.recording_id, number, extension
    )


def _part_ref(held: HeldRecording, part: str) -> PartRef:
    return PartRef(held.ref.conversation_id, held.objects_revision, held.ref.recording_id, part)


def _placement(held: HeldRecording) -> Placement:
    lock = Lock(LockMode(held.lock_mode), held.retain_until)
    return Placement(held.ref.conversation, held.day, held.retention_class, lock, held.policy_version)
