"""The bytes behind a media link, whatever they are: their type, their length, and an iterator that makes them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from simulator.attachments import attachments_of
from simulator.audio.formats import FORMATS, ORIGINAL
from simulator.documents import eml_of, zip_of
from simulator.story import Recording, Story

EML, ZIP = "EML", "ZIP"
ATTACHMENT = "ATTACHMENT"
_DOCUMENTS = {"chat": (ZIP, "application/zip"), "message": (ZIP, "application/zip"), "email": (EML, "message/rfc822")}


@dataclass(frozen=True)
class Content:
    """A file: `part` is what a link calls it (an audio format, ZIP, EML or an attachment's id)."""

    part: str
    format: str
    name: str
    content_type: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]


def document_format(media: str) -> str | None:
    """The one format a text recording can be downloaded in; None for audio."""
    return _DOCUMENTS[media][0] if media in _DOCUMENTS else None


def duration_s(recording: Recording) -> int:
    """Whole seconds of a recording, at least one."""
    return max(1, round((recording.end_ms - recording.start_ms) / 1000))


def audio(recording: Recording, format_id: str, audio_bytes: int | None, nonce: str) -> Content:
    """A recording's audio. `audio_bytes` overrides the length its seconds give; transcodes differ with the nonce."""
    form = FORMATS[format_id]
    seconds = form.seconds_in(audio_bytes) if audio_bytes else duration_s(recording)
    title = recording.id if format_id == ORIGINAL else recording.id + nonce
    return Content(
        part=format_id,
        format=format_id,
        name=f"{recording.id}.{form.extension}",
        content_type=form.content_type,
        size_bytes=form.size_bytes(title, seconds),
        chunks=partial(form.chunks, title, seconds),
    )


def document(story: Story, recording: Recording, nonce: str) -> Content:
    """The ZIP or the EML of a text recording."""
    form, content_type = _DOCUMENTS[recording.media]
    data = (eml_of if form == EML else zip_of)(story, recording, nonce)
    name = f"{recording.id}.{form.lower()}"
    return Content(form, form, name, content_type, len(data), partial(_whole, data))


def attached(story: Story, recording: Recording) -> list[Content]:
    """The attachments of a text recording."""
    return [
        Content(held.id, ATTACHMENT, held.name, held.content_type, len(held.data), partial(_whole, held.data))
        for held in attachments_of(story, recording)
    ]


def find(story: Story, recording: Recording, part: str, audio_bytes: int | None, nonce: str) -> Content | None:
    """What a link's last word stands for; None where the recording has no such thing."""
    if recording.media == "audio":
        return audio(recording, part, audio_bytes, nonce) if part in FORMATS else None
    if part == document_format(recording.media):
        return document(story, recording, nonce)
    return next((content for content in attached(story, recording) if content.part == part), None)


def _whole(data: bytes) -> Iterator[bytes]:
    yield data
