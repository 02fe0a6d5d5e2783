"""What is odd about the story of an awkward conversation: who took part, on what, and what was recorded."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from simulator.awkwardness import Awkwardness
from simulator.draws import identifier
from simulator.kinds import Outcome
from simulator.stage import Stage
from simulator.story import Participant, Segment, Session

LONG_SUBJECT_CHARACTERS = 10_000
SEGMENTS = 500
SKEW_MS = 3_000
_NAMES = (
    # right to left, combining, joined, an override of direction, four bytes
    "שלום 🧾 O\u0308zil\u202e\u0301 \u0639\u0628\u062f\u200d\u0627\u0644\u0644\u0647 𠮷野家",
    "👩\u200d👩\u200d👧\u200d👦 Z͑ͫ̓̾a̴͓̋lgo \ufeff\u2028",  # joined emoji, stacked marks, BOM, line separator
    "Nul\u0000l \u0001\u001f\u007f",
)
_CONTROL_CHARACTERS = "\u0000\u0001\b\t\n\r\u001b[31m\u007f\u0085"


def prepare(stage: Stage) -> None:
    """What is odd about the customer and the subject, before the course."""
    part = stage.outline.part
    if part and part.awkwardness is Awkwardness.UNICODE_NAMES:
        stage.customer = replace(stage.customer, name=_NAMES[part.variant])
    if part and part.awkwardness is Awkwardness.LONG_SUBJECT:
        words = f"{stage.subject} {_CONTROL_CHARACTERS} 🧾 "
        stage.subject = (words * LONG_SUBJECT_CHARACTERS)[:LONG_SUBJECT_CHARACTERS]


def perform(stage: Stage) -> None:
    """What is odd about the rest, after the course."""
    part = stage.outline.part
    if part and part.awkwardness in _ODDITIES:
        _ODDITIES[part.awkwardness](stage, part.variant)


def _nothing_behind(stage: Stage, _variant: int) -> None:
    stage.recordings.clear()


def _second_look(stage: Stage, _variant: int) -> None:
    stage.change_recording(1, listed_at_second_look=True)


def _file_state(stage: Stage, variant: int) -> None:
    outcomes = (
        Outcome.ARCHIVED, Outcome.LATE, Outcome.LATE, Outcome.ERROR, Outcome.DELETED, Outcome.ARCHIVED,
    )  # fmt: skip
    stage.change_recording(0, outcome=outcomes[variant], restoring_while_late=variant == 1)


def _slow_transcode(stage: Stage, _variant: int) -> None:
    stage.change_recording(0, transcodes_slowly=True)


def _dual_channel(stage: Stage, _variant: int) -> None:
    stage.change_recording(0, channels=2)


def _copies(stage: Stage, _variant: int) -> None:
    stage.recordings.append(replace(stage.recordings[0], id=stage.new_id(), media_subtype="Station"))


def _screen(stage: Stage, _variant: int) -> None:
    shared = stage.session("screenshare", Segment("sharing", stage.at(0.2), stage.at(1)), recorded=True)
    stage.recast(
        lambda who: replace(who, sessions=(*who.sessions, shared), screen_recorded=True) if _is_agent(who) else who
    )
    stage.record(shared, "screen", 0.2, 1, "Screen")


def _snippet(stage: Stage, _variant: int) -> None:
    spoken = stage.recordings[0].session_id
    stage.change_sessions(lambda session: replace(session, snippet_recorded=session.id == spoken))
    stage.recordings.append(
        replace(
            stage.recordings[0],
            id=stage.new_id(),
            media_subtype="Snippet",
            start_ms=stage.at(0.5),
            end_ms=stage.at(0.7),
        )
    )


def _voicemail(stage: Stage, _variant: int) -> None:
    session = stage.session("voice", Segment("voicemail", stage.at(0.7), stage.at(1)), recorded=True)
    stage.join("voicemail", "Voicemail", session)
    stage.record(session, "audio", 0.7, 1)


def _unknown_media_type(stage: Stage, _variant: int) -> None:
    session = stage.session("hologram", Segment("teleport", stage.at(0.5), stage.at(1)), recorded=True)
    stage.join("avatar", "Avatar", replace(session, direction="sideways"))
    stage.record(session, "hologram", 0.5, 1, "Volumetric")


def _no_purpose(stage: Stage, _variant: int) -> None:
    stage.recast(lambda who: replace(who, purpose=None) if who.purpose == "acd" else who)


def _many_segments(stage: Stage, _variant: int) -> None:
    edges = [stage.at(number / SEGMENTS) for number in range(SEGMENTS + 1)]
    pieces = tuple(
        Segment("hold" if number % 2 else "interact", start, end) for number, (start, end) in enumerate(pairwise(edges))
    )
    stage.recast(
        lambda who: (
            replace(who, sessions=tuple(replace(session, segments=pieces) for session in who.sessions))
            if who.purpose == "customer"
            else who
        )
    )


def _skewed(stage: Stage, _variant: int) -> None:
    """The clocks that segments are timed by are behind that of the conversation at its start, ahead at its end."""

    def skew(segment: Segment) -> Segment:
        starts_it, ends_it = segment.start_ms == stage.at(0), segment.end_ms == stage.at(1)
        return replace(
            segment,
            start_ms=segment.start_ms - SKEW_MS * starts_it,
            end_ms=segment.end_ms + SKEW_MS * ends_it,
        )

    stage.change_segments(skew)


def _id_as_queue_name(stage: Stage, _variant: int) -> None:
    _change_queue(stage, stage.directory.id_named_queue_id())


def _deleted_queue(stage: Stage, _variant: int) -> None:
    _change_queue(stage, identifier(stage.directory.seed, "deleted queue"))


def _deleted_user(stage: Stage, _variant: int) -> None:
    gone = identifier(stage.directory.seed, "deleted user")
    stage.recast(lambda who: replace(who, user_id=gone) if _is_agent(who) else who)


def _transcript_too_large(stage: Stage, _variant: int) -> None:
    """The first of two legs is too large; the other is whole."""
    queue_id = stage.participants[-1].sessions[0].segments[0].queue_id
    stage.change_recording(0, error_status="EMAIL_TRANSCRIPT_TOO_LARGE")
    stage.record(stage.agent("email", queue_id, 0.6, 1), "email", 0.6, 1)


def _change_queue(stage: Stage, queue_id: str) -> None:
    def change(session: Session) -> Session:
        segments = (replace(part, queue_id=queue_id if part.queue_id else None) for part in session.segments)
        return replace(session, segments=tuple(segments))

    stage.change_sessions(change)


def _is_agent(who: Participant) -> bool:
    return who.purpose == "agent"


_ODDITIES: dict[Awkwardness, Callable[[Stage, int], None]] = {
    Awkwardness.RECORDED_FLAG_NOTHING_BEHIND: _nothing_behind,
    Awkwardness.LISTED_AT_SECOND_LOOK: _second_look,
    Awkwardness.FILE_STATES: _file_state,
    Awkwardness.TRANSCODING_202: _slow_transcode,
    Awkwardness.DUAL_CHANNEL: _dual_channel,
    Awkwardness.STATION_AND_TRUNK_COPIES: _copies,
    Awkwardness.SCREEN_RECORDING: _screen,
    Awkwardness.SNIPPET: _snippet,
    Awkwardness.VOICEMAIL: _voicemail,
    Awkwardness.UNKNOWN_MEDIA_TYPE: _unknown_media_type,
    Awkwardness.TRANSCRIPT_TOO_LARGE: _transcript_too_large,
    Awkwardness.ID_AS_QUEUE_NAME: _id_as_queue_name,
    Awkwardness.NO_PURPOSE: _no_purpose,
    Awkwardness.MANY_SEGMENTS: _many_segments,
    Awkwardness.CLOCK_SKEW: _skewed,
    Awkwardness.DELETED_QUEUE: _deleted_queue,
    Awkwardness.DELETED_USER: _deleted_user,
}
