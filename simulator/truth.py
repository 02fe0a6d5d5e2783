"""What ended on a day, and every byte sequence that may rightly be archived of it, worked out without the API."""

import hashlib
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

from simulator.audio.formats import FORMATS, ORIGINAL
from simulator.clock import instant
from simulator.content import Content, attached, document, document_format, media_files
from simulator.kinds import Outcome
from simulator.state import Simulator
from simulator.story import Recording, Story
from simulator.transcripts import lines

MOST_DIGESTS = 100_000
_ARCHIVABLE = {Outcome.AVAILABLE, Outcome.LATE, Outcome.ARCHIVED}


class Closed(Exception):
    """The simulator is stopping; the truth is not finished."""


class Truth:
    """Reads the world. Hashing takes time (a WAV is megabytes), so hashes are remembered, up to a bound."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._digests: dict[tuple[str, str, int, int], str] = {}
        self._closed = threading.Event()

    def close(self) -> None:
        """Give up hashing, so that the thread it runs in ends and the process can."""
        self._closed.set()

    def of(self, day: date, formats: frozenset[str]) -> Iterator[dict[str, Any]]:
        """Each conversation whose last end so far, by the simulator's clock, is on a day; with its earlier ends.

        Audio is listed in `formats` only.
        """
        world, now_ms = self._simulator.world, self._simulator.clock.now_ms()
        for row in world.ended(day, now_ms):
            story = self._simulator.story(world.place(row), now_ms)
            yield {
                "conversationId": story.id,
                "conversationStart": instant(story.start_ms),
                "conversationEnd": instant(story.end_ms),
                "earlierEnds": [instant(end_ms) for end_ms in world.ends_of(row, now_ms)[:-1]],
                "mediaTypes": story.media_types(),
                "queueIds": story.queue_ids(),
                "recordings": [self._recording(story, recording, formats) for recording in story.recordings],
            }

    def _recording(self, story: Story, recording: Recording, formats: frozenset[str]) -> dict[str, Any]:
        done = self._simulator.bulk.done_to(story, recording, self._simulator.clock.now_s())
        deleted = done is not None and done.action == "DELETE"
        return {
            "id": recording.id,
            "media": recording.media,
            "outcome": (Outcome.DELETED if deleted else recording.outcome).value,
            **({"errorStatus": recording.error_status} if recording.error_status else {}),
            **({"messages": len(lines(story, recording))} if document_format(recording.media) else {}),
            "files": [
                self._file(recording, content)
                for content in ([] if deleted else self._stable(story, recording, formats))
            ],
        }

    def _stable(self, story: Story, recording: Recording, formats: frozenset[str]) -> list[Content]:
        """What is served of a recording and is the same at every request; nothing where one of it isn't."""
        unstable = self._simulator.dice.faults.unstable_bytes
        if recording.outcome not in _ARCHIVABLE or recording.media == "chat" or recording.error_status:
            return []
        if recording.media == "message":  # a ZIP is the vendor's wrapping, not counted; what is attached is stable
            return attached(story, recording)
        if recording.media == "audio":
            served = [form for form in FORMATS if form in formats and not unstable]
            audio_bytes = self._simulator.audio_bytes
            return [file for form in served for file in media_files(recording, form, audio_bytes, "")]
        if recording.media != "email":
            return media_files(recording, ORIGINAL, None, "")
        return [] if unstable else [document(story, recording, ""), *attached(story, recording)]

    def _file(self, recording: Recording, content: Content) -> dict[str, Any]:
        return {
            "name": content.name,
            "format": content.format,
            "contentType": content.content_type,
            "size": content.size_bytes,
            "sha256": self._sha256(recording, content),
            **({"part": content.channel + 1} if recording.channels > 1 else {}),
        }

    def _sha256(self, recording: Recording, content: Content) -> str:
        key = (recording.id, content.part, content.size_bytes, recording.end_ms)
        if key not in self._digests:
            if len(self._digests) >= MOST_DIGESTS:
                self._digests.clear()
            self._digests[key] = self._hashed(content)
        return self._digests[key]

    def _hashed(self, content: Content) -> str:
        sha256 = hashlib.sha256()
        for chunk in content.chunks():
            if self._closed.is_set():
                raise Closed
            sha256.update(chunk)
        return sha256.hexdigest()
