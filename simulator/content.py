"""The bytes behind a media link, whatever they are: their type, their length, and an iterator that makes them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from simulator import video
from simulator.attachments import attachments_of
from simulator.audio.formats import FORMATS, ORIGINAL
from simulator.documents import eml_of, zip_of
from simulator.draws import digest
from simulator.story import Recording, Story

EML, ZIP = "EML", "ZIP"
ATTACHMENT = "ATTACHMENT"
VIDEO_FORMAT = "WEBM"
UNKNOWN_FORMAT = "UNKNOWN"
JSON, JSON_TYPE = "JSON", "application/json"
_DOCUMENTS = {"chat": (ZIP, "application/zip"), "message": (ZIP, "application/zip"), "email": (EML, "message/rfc822")}


@dataclass(frozen=True)
class Content:
    """A file: `part` is what a link calls it (an audio format, ZIP, EML or an attachment's id). Channels from 0."""

    part: str
    format: str
    name: str
    content_type: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]
    channel: int = 0


def document_format(media: str) -> str | None:
    """The one format a text recording can be downloaded in; None for what is no text."""
    return _DOCUMENTS[media][0] if media in _DOCUMENTS else None


def duration_s(recording: Recording) -> int:
    """Whole seconds of a recording, at least one."""
    return max(1, round((recording.end_ms - recording.start_ms) / 1000))


def media_files(recording: Recording, format_id: str, audio_bytes: int | None, nonce: str) -> list[Content]:
    """The files of a recording that is not text, one for each channel.

    `audio_bytes` overrides the length its seconds give; transcodes differ with the nonce.
    """
    if recording.media == "screen":
        seconds = duration_s(recording)
        size, chunks = video.size_bytes(recording.id, seconds), partial(video.chunks, recording.id, seconds)
        return [Content(VIDEO_FORMAT, VIDEO_FORMAT, f"{recording.id}.webm", video.CONTENT_TYPE, size, chunks)]
    if recording.media != "audio":
        data = b"hologram\0" + digest(0, recording.id, size=64) * 512
        name = f"{recording.id}.bin"
        return [
            Content(UNKNOWN_FORMAT, UNKNOWN_FORMAT, name, "application/octet-stream", len(data), partial(_whole, data))
        ]
    return [_audio(recording, format_id, channel, audio_bytes, nonce) for channel in range(recording.channels)]


def _audio(recording: Recording, format_id: str, channel: int, audio_bytes: int | None, nonce: str) -> Content:
    form = FORMATS[format_id]
    seconds = form.seconds_in(audio_bytes) if audio_bytes else duration_s(recording)
    heard = f"{recording.id} channel {channel}" if recording.channels > 1 else recording.id
    title = heard if format_id == ORIGINAL else heard + nonce
    return Content(
        part=_part(format_id, channel),
        format=format_id,
        name=f"{_part(recording.id, channel)}.{form.extension}",
        content_type=form.content_type,
        size_bytes=form.size_bytes(title, seconds),
        chunks=partial(form.chunks, title, seconds),
        channel=channel,
    )


def _part(name: str, channel: int) -> str:
    return f"{name}.{channel + 1}" if channel else name


def document(story: Story, recording: Recording, nonce: str) -> Content:
    """The ZIP or the EML of a text recording."""
    form, content_type = _DOCUMENTS[recording.media]
    name = f"{recording.id}.{form.lower()}"
    if form == EML:
        eml = eml_of(story, recording, nonce)
        return Content(form, form, name, content_type, eml.size_bytes(), eml.chunks)
    data = zip_of(story, recording, nonce)
    return Content(form, form, name, content_type, len(data), partial(_whole, data))


def attached(story: Story, recording: Recording) -> list[Content]:
    """The attachments of a text recording."""
    return [
        Content(held.id, ATTACHMENT, held.name, held.content_type, held.size_bytes, held.chunks)
        for held in attachments_of(story, recording)
    ]


def find(story: Story, recording: Recording, part: str, audio_bytes: int | None, nonce: str) -> Content | None:
    """What a link's last word stands for; None where the recording has no such thing."""
    if recording.media not in _DOCUMENTS:
        format_id = part.partition(".")[0]
        files = media_files(recording, format_id if format_id in FORMATS else ORIGINAL, audio_bytes, nonce)
        return next((content for content in files if content.part == part), None)
    if part == document_format(recording.media):
        return document(story, recording, nonce)
    return next((content for content in attached(story, recording) if content.part == part), None)


def _whole(data: bytes) -> Iterator[bytes]:
    yield data
