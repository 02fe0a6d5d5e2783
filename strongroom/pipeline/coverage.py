"""Whether a conversation's audio lasts as long as was spoken in its recorded sessions.

A session may be recorded in several pieces, and a batch gives those that are ready, without a word about the others:
with one piece of two every session has a recording. That a piece is missing shows in the time it should cover.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from strongroom.genesys.fields import objects
from strongroom.ledger.recordings import KnownRecording
from strongroom.pipeline.expecting import given_by_batch
from strongroom.times import parse_instant

LEAST_SHARE = 0.9
"""Of what was spoken, how much must be there: recording begins a moment after the session, and is paused at times."""
_SPOKEN_MEDIA = frozenset({"voice", "callback"})
_SPOKEN_SEGMENTS = frozenset({"interact", "ivr", "voicemail"})


def covers_what_was_spoken(record: Mapping[str, Any], known: Sequence[KnownRecording]) -> bool:
    """False where a batch gave audio that is shorter than what was spoken, or whose length can't be told.

    What was learned from a listing is whole in any case.
    """
    audio = [one for one in known if one.media == "audio"]
    if not any(given_by_batch(one.listed) for one in audio):
        return True
    durations = [_duration_s(one) for one in audio]
    measured = [one for one in durations if one is not None]
    return len(measured) == len(durations) and sum(measured) >= LEAST_SHARE * spoken_s(record)


def spoken_s(record: Mapping[str, Any]) -> float:
    """Seconds that were spoken in the sessions that say `recording: true`, by their segments; holds are left out."""
    sessions = {
        session.get("sessionId"): session
        for participant in objects(record.get("participants"))
        for session in objects(participant.get("sessions"))
        if session.get("recording") is True and session.get("mediaType") in _SPOKEN_MEDIA
    }
    return sum(
        _between_s(segment.get("segmentStart"), segment.get("segmentEnd"))
        for session in sessions.values()
        for segment in objects(session.get("segments"))
        if segment.get("segmentType") in _SPOKEN_SEGMENTS
    )


def _duration_s(recording: KnownRecording) -> float | None:
    if recording.duration_s is not None:
        return recording.duration_s
    listed = recording.listed or {}
    return _between_s(listed.get("startTime"), listed.get("endTime")) or None


def _between_s(start: object, end: object) -> float:
    """Seconds between two instants; 0 where one is missing or unreadable."""
    try:
        return max(0.0, (parse_instant(str(end)) - parse_instant(str(start))).total_seconds())
    except (ValueError, OverflowError):
        return 0.0
