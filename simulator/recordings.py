"""Recordings as the API sends them. Names as in the vendor's SDK: RecordingMetadata, Recording."""

from collections.abc import Callable
from typing import Any

from simulator.attachments import Attachment
from simulator.audio.formats import FORMATS, ORIGINAL
from simulator.awkwardness import Awkwardness
from simulator.clock import instant
from simulator.content import document_format, duration_s, media_files
from simulator.new_fields import with_new_fields
from simulator.population import DAY_MS
from simulator.shelf import Shelf
from simulator.story import Recording, Story
from simulator.transcripts import chat, emails, messages

REGION = "eu-west-1"
DELETED_AFTER_MS = DAY_MS // 2
WITH_MEDIA = {"AVAILABLE", "RESTORED"}

Link = Callable[[str], str]


def original_or(format_id: str) -> str | None:
    """The audio format a formatId asks for: NONE is the original. None where there is no such format."""
    if format_id in {"NONE", ORIGINAL}:
        return ORIGINAL
    return format_id if format_id in FORMATS else None


def metadata(shelf: Shelf, story: Story, recording: Recording) -> dict[str, Any]:
    """A recording without its media."""
    shape = _facts(shelf, story, recording)
    return with_new_fields(shape) if story.plays(Awkwardness.NEW_FIELDS) else shape


def with_media(
    shelf: Shelf,
    story: Story,
    recording: Recording,
    format_id: str,
    *,
    download: bool,
    audio_bytes: int | None,
    link: Link,
) -> dict[str, Any]:
    """A recording with its transcript and links to its media, as far as it is available.

    `format_id` is an audio format; of text, ZIP or EML are linked when they are to be downloaded.
    """
    shape = _facts(shelf, story, recording)
    del shape["region"]
    shape["creationTime"] = instant(recording.end_ms)
    shape["recordingFileRole"] = "CUSTOMER_EXPERIENCE"
    users = (who for who in story.participants if any(session.id == recording.session_id for session in who.sessions))
    shape["users"] = [{"id": who.user_id, "name": who.name} for who in users if who.user_id]
    if recording.error_status:
        shape["recordingErrorStatus"] = recording.error_status
    elif shape["fileState"] in WITH_MEDIA and document_format(recording.media):
        shape |= _text(story, recording, link, download=download)
    elif shape["fileState"] in WITH_MEDIA:
        shape |= _media(recording, format_id, audio_bytes, link)
    return with_new_fields(shape) if story.plays(Awkwardness.NEW_FIELDS) else shape


def _text(story: Story, recording: Recording, link: Link, *, download: bool) -> dict[str, Any]:
    form = document_format(recording.media)
    document = {"mediaUris": {"0": {"mediaUri": link(form)}}} if download and form else {}
    return _transcript(story, recording, link) | document


def _media(recording: Recording, format_id: str, audio_bytes: int | None, link: Link) -> dict[str, Any]:
    files = media_files(recording, format_id, audio_bytes, "")
    names = ["S"] if recording.media == "audio" and recording.channels == 1 else map(str, range(len(files)))
    return {
        "outputDurationMs": duration_s(recording) * 1000,
        "outputSizeInBytes": sum(held.size_bytes for held in files),
        "mediaUris": {name: {"mediaUri": link(held.part)} for name, held in zip(names, files, strict=True)},
    }


def _facts(shelf: Shelf, story: Story, recording: Recording) -> dict[str, Any]:
    file_state = shelf.file_state(story, recording)
    optional = {
        "mediaSubtype": recording.media_subtype,
        "deleteDate": instant(recording.end_ms + DELETED_AFTER_MS) if file_state == "DELETED" else None,
    }
    return {
        "id": recording.id,
        "conversationId": story.id,
        "startTime": instant(recording.start_ms),
        "endTime": instant(recording.end_ms),
        "media": recording.media,
        "annotations": [],
        "fileState": file_state,
        "sessionId": recording.session_id,
        "region": REGION,
        "selfUri": f"/api/v2/conversations/{story.id}/recordings/{recording.id}",
        **{name: value for name, value in optional.items() if value is not None},
        **shelf.dates(story, recording),
    }


def _transcript(story: Story, recording: Recording, link: Link) -> dict[str, Any]:
    def attached(attachment: Attachment) -> str:
        return link(attachment.id)

    if recording.media == "chat":
        return {"transcript": chat(story, recording)}
    if recording.media == "message":
        return {"messagingTranscript": messages(story, recording, attached)}
    return {"emailTranscript": emails(story, recording, attached)}
