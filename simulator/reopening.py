"""What a re-opened conversation gains: more in the recording it has, or another recording beside it."""

from dataclasses import replace

from simulator.draws import digest, identifier
from simulator.population import Stretch
from simulator.stage import Stage
from simulator.story import Participant, Recording, Segment, Session


def reopen(stage: Stage, number: int, stretch: Stretch) -> None:
    """Play the `number`-th re-opening, from 0, of a conversation whose course is over."""
    first = stage.recordings[0]
    if first.media != "audio" and _grows(stage):
        _grow(stage, first, stretch)
    else:
        _add(stage, first, number, stretch)


def _grows(stage: Stage) -> bool:
    """Of an awkward one its first variant does; of others one in two."""
    part = stage.outline.part
    if part:
        return part.variant == 0
    return digest(stage.directory.seed, stage.conversation_id, "grows")[0] % 2 == 0


def _grow(stage: Stage, recording: Recording, stretch: Stretch) -> None:
    """The same session and the same recording go on."""

    def go_on(session: Session) -> Session:
        if session.id != recording.session_id:
            return session
        return replace(session, segments=(*session.segments, _interact(stretch, session.segments[0].queue_id)))

    stage.change_sessions(go_on)
    stage.change_recording(0, end_ms=stretch.end_ms, stretches=(*recording.written(), stretch))


def _add(stage: Stage, recording: Recording, number: int, stretch: Stretch) -> None:
    """The same agent takes part once more, on a session of its own with a recording of its own."""
    agent = next(who for who in stage.participants if any(each.id == recording.session_id for each in who.sessions))
    before = next(session for session in agent.sessions if session.id == recording.session_id)
    session = Session(
        _id(stage, number, "session"),
        before.media_type,
        before.direction,
        (_interact(stretch, before.segments[0].queue_id),),
        recorded=before.recorded,
    )
    stage.participants.append(
        Participant(_id(stage, number, "participant"), agent.purpose, agent.name, (session,), agent.user_id)
    )
    stage.recordings.append(
        Recording(
            _id(stage, number, "recording"),
            session.id,
            recording.media,
            stretch.start_ms,
            stretch.end_ms,
            recording.media_subtype,
        )
    )


def _interact(stretch: Stretch, queue_id: str | None) -> Segment:
    return Segment("interact", stretch.start_ms, stretch.end_ms, queue_id, disconnect_type="peer")


def _id(stage: Stage, number: int, what: str) -> str:
    return identifier(stage.directory.seed, stage.conversation_id, "re-opened", number, what)
