"""Recordings as the API sends them, and when: listed or not, uploading, transcoding, ready, gone.

Names as in the vendor's SDK: RecordingMetadata, Recording.
"""

from collections.abc import Callable
from typing import Any

from simulator.attachments import Attachment
from simulator.audio.formats import FORMATS, ORIGINAL
from simulator.clock import Clock, instant
from simulator.content import audio, document_format, duration_s
from simulator.population import DAY_MS, Outcome
from simulator.story import Recording, Story
from simulator.transcripts import chat, emails, messages

REGION = "eu-west-1"
DELETED_AFTER_MS = DAY_MS // 2

Link = Callable[[str], str]


class Shelf:
    """What has become of each recording by now. Late ones and transcodes count from the first ask."""

    def __init__(self, clock: Clock, late_s: float, transcode_s: float) -> None:
        self._clock = clock
        self._late_s = late_s
        self._transcode_s = transcode_s
        self._first_asked: dict[tuple[str, str], float] = {}

    def listed(self, story: Story) -> list[Recording]:
        """The recordings that are listed now; asking starts the wait for the late ones."""
        return [
            recording
            for recording in story.recordings
            if recording.end_ms <= self._clock.now_ms() and not (self._late(recording) and recording.hidden_while_late)
        ]

    def file_state(self, recording: Recording) -> str:
        """Genesys's fileState."""
        if recording.outcome is Outcome.NEVER or self._late(recording):
            return "UPLOADING"
        if recording.outcome in {Outcome.DELETED, Outcome.ERROR}:
            return recording.outcome.name
        return "AVAILABLE"

    def transcode_left_s(self, recording: Recording, format_id: str) -> float:
        """Seconds until a format other than the original is ready; the first time it is asked for starts the work."""
        if format_id == ORIGINAL:
            return 0.0
        return max(0.0, self._transcode_s - self._since_first_asked(recording.id, format_id))

    def _late(self, recording: Recording) -> bool:
        return recording.outcome is Outcome.LATE and self._since_first_asked(recording.id, "late") < self._late_s

    def _since_first_asked(self, recording_id: str, what: str) -> float:
        now = self._clock.now_s()
        return now - self._first_asked.setdefault((recording_id, what), now)


def original_or(format_id: str) -> str | None:
    """The audio format a formatId asks for: NONE is the original. None where there is no such format."""
    if format_id in {"NONE", ORIGINAL}:
        return ORIGINAL
    return format_id if format_id in FORMATS else None


def metadata(story: Story, recording: Recording, file_state: str) -> dict[str, Any]:
    """A recording without its media."""
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
    }


def with_media(
    story: Story,
    recording: Recording,
    file_state: str,
    format_id: str,
    *,
    download: bool,
    audio_bytes: int | None,
    link: Link,
) -> dict[str, Any]:
    """A recording with its transcript and links to its media, as far as it is available.

    `format_id` is an audio format; of text, ZIP or EML are linked when they are to be downloaded.
    """
    shape = metadata(story, recording, file_state)
    del shape["region"]
    shape["creationTime"] = instant(recording.end_ms)
    shape["recordingFileRole"] = "CUSTOMER_EXPERIENCE"
    users = (who for who in story.participants if any(session.id == recording.session_id for session in who.sessions))
    shape["users"] = [{"id": who.user_id, "name": who.name} for who in users if who.user_id]
    if file_state != "AVAILABLE":
        return shape
    if recording.media == "audio":
        held = audio(recording, format_id, audio_bytes, "")
        shape["outputDurationMs"] = duration_s(recording) * 1000
        shape["outputSizeInBytes"] = held.size_bytes
        shape["mediaUris"] = {"S": {"mediaUri": link(format_id)}}
        return shape
    shape.update(_transcript(story, recording, link))
    if download and (form := document_format(recording.media)):
        shape["mediaUris"] = {"0": {"mediaUri": link(form)}}
    return shape


def _transcript(story: Story, recording: Recording, link: Link) -> dict[str, Any]:
    def attached(attachment: Attachment) -> str:
        return link(attachment.id)

    if recording.media == "chat":
        return {"transcript": chat(story, recording)}
    if recording.media == "message":
        return {"messagingTranscript": messages(story, recording, attached)}
    return {"emailTranscript": emails(story, recording, attached)}
