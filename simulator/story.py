"""One conversation told in full: who took part, on which sessions, in which queues, and what was recorded.

Times are milliseconds since the epoch. The shapes the API sends are in `conversations` and `recordings`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from simulator.directory import QUEUE_DIVISIONS, USERS, WRAP_UP_CODES, Directory
from simulator.draws import digest, generator, identifier
from simulator.people import Person, person
from simulator.population import Kind, Outcome, Outline, Place
from simulator.world import World

VOICE_QUEUES = ("Financial Advice – Equities", "Order Desk EU", "Patient Line", "Complaints UK", "Billing", "Sales")
CHAT_QUEUES = ("Complaints UK", "Billing", "Sales")
EMAIL_QUEUES = ("Customer Email", "Order Desk EU", "Complaints UK")
SUBJECTS = ("Question about my statement", "Order confirmation", "Complaint – fees", "Re: appointment", "Überweisung")


@dataclass(frozen=True)
class Segment:
    """A stretch of a session."""

    segment_type: str
    start_ms: int
    end_ms: int
    queue_id: str | None = None
    wrap_up_code: str | None = None
    disconnect_type: str | None = None
    subject: str | None = None


@dataclass(frozen=True)
class Session:
    """One participant on one medium."""

    id: str
    media_type: str
    direction: str
    segments: tuple[Segment, ...]
    recorded: bool = False


@dataclass(frozen=True)
class Participant:
    """Somebody, or something, that took part."""

    id: str
    purpose: str
    name: str
    sessions: tuple[Session, ...]
    user_id: str | None = None
    flagged: bool = False


@dataclass(frozen=True)
class Recording:
    """What was recorded of a session, and how it turned out. `hidden_while_late`: not even listed while it is late."""

    id: str
    session_id: str
    media: str
    start_ms: int
    end_ms: int
    media_subtype: str | None = None
    outcome: Outcome = Outcome.AVAILABLE
    hidden_while_late: bool = False


@dataclass(frozen=True)
class Story:
    """A whole conversation."""

    seed: int
    id: str
    kind: Kind
    start_ms: int
    end_ms: int
    direction: str
    customer: Person
    subject: str
    division_ids: tuple[str, ...]
    participants: tuple[Participant, ...]
    recordings: tuple[Recording, ...]

    def generator(self, *names: object) -> random.Random:
        """A generator of its own for one part of this conversation."""
        return generator(self.seed, self.id, *names)

    def identifier(self, *names: object) -> str:
        """An id for one part of this conversation."""
        return identifier(self.seed, self.id, *names)

    def media_types(self) -> list[str]:
        """The media of its sessions, each once."""
        return sorted({session.media_type for who in self.participants for session in who.sessions})

    def queue_ids(self) -> list[str]:
        """The queues its segments name, each once."""
        sessions = (session for who in self.participants for session in who.sessions)
        return sorted({part.queue_id for session in sessions for part in session.segments if part.queue_id})

    def recording(self, recording_id: str) -> Recording | None:
        """One of its recordings by id."""
        return next((recording for recording in self.recordings if recording.id == recording_id), None)


def tell(world: World, directory: Directory, place: Place) -> Story:
    """The conversation at a place."""
    outline = world.outline(place)
    conversation_id = world.conversation_id(place)
    stage = _Stage(directory, conversation_id, outline, generator(directory.seed, conversation_id, "stage"))
    _COURSES[outline.kind](stage)
    return Story(
        seed=directory.seed,
        id=conversation_id,
        kind=outline.kind,
        start_ms=outline.start_ms,
        end_ms=outline.end_ms,
        direction=stage.direction,
        customer=stage.customer,
        subject=stage.subject,
        division_ids=tuple(sorted(stage.division_ids)),
        participants=tuple(stage.participants),
        recordings=_with_outcome(stage.recordings, outline.outcome, stage.draw),
    )


def _with_outcome(recordings: list[Recording], outcome: Outcome, draw: random.Random) -> tuple[Recording, ...]:
    if recordings:
        chosen = draw.randrange(len(recordings))
        # beside a listed recording of the same session nothing would tell that one is to come
        alone = sum(recording.session_id == recordings[chosen].session_id for recording in recordings) == 1
        hidden = alone and digest(0, recordings[chosen].id)[0] % 2 == 0
        recordings[chosen] = replace(recordings[chosen], outcome=outcome, hidden_while_late=hidden)
    return tuple(recordings)


@dataclass
class _Stage:
    """Where a story is put together. Moments are fractions of the conversation, 0 its start and 1 its end."""

    directory: Directory
    conversation_id: str
    outline: Outline
    draw: random.Random
    direction: str = "inbound"
    participants: list[Participant] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    division_ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.customer = person(self.draw)
        self.subject = self.draw.choice(SUBJECTS)

    def at(self, moment: float) -> int:
        return self.outline.start_ms + int((self.outline.end_ms - self.outline.start_ms) * moment)

    def new_id(self) -> str:
        return identifier(self.directory.seed, self.conversation_id, len(self.participants), self.draw.random())

    def queue(self, names: tuple[str, ...]) -> str:
        name = self.draw.choice(names)
        self.division_ids.add(self.directory.division_id(QUEUE_DIVISIONS[name]))
        return self.directory.queue_id(name)

    def session(self, media_type: str, *segments: Segment, recorded: bool = False) -> Session:
        return Session(self.new_id(), media_type, self.direction, segments, recorded)

    def join(self, purpose: str, name: str, *sessions: Session, user_id: str | None = None) -> None:
        flagged = purpose == "agent" and self.draw.random() < 0.02
        self.participants.append(Participant(self.new_id(), purpose, name, sessions, user_id, flagged))

    def customer_on(self, *media_types: str) -> None:
        whole = Segment("interact", self.at(0), self.at(1), disconnect_type="peer")
        self.join("customer", self.customer.name, *(self.session(media, whole) for media in media_types))

    def ivr(self, end: float, *, recorded: bool = False) -> Session:
        disconnect_type = "client" if recorded else "transfer"
        session = self.session(
            "voice", Segment("ivr", self.at(0), self.at(end), disconnect_type=disconnect_type), recorded=recorded
        )
        self.join("ivr", "Main Menu", session)
        return session

    def wait(self, media_type: str, queue_id: str, start: float, end: float, disconnect_type: str = "transfer") -> None:
        segment = Segment("interact", self.at(start), self.at(end), queue_id, disconnect_type=disconnect_type)
        self.join("acd", "Queue", self.session(media_type, segment))

    def agent(self, media_type: str, queue_id: str | None, start: float, end: float, *extra: Session) -> Session:
        """An agent's leg, recorded; the wrap-up follows it, and may run on after the conversation has ended."""
        subject = self.subject if media_type == "email" else None
        code = self.directory.wrap_up_code_id(self.draw.choice(WRAP_UP_CODES))
        wrapped_ms = self.at(end) + self.draw.randrange(5_000, 90_000)
        session = self.session(
            media_type,
            Segment("interact", self.at(start), self.at(end), queue_id, disconnect_type="peer", subject=subject),
            Segment("wrapup", self.at(end), wrapped_ms, queue_id, wrap_up_code=code),
            recorded=True,
        )
        number = self.draw.randrange(USERS)
        name, user_id = self.directory.user_name(number), self.directory.user_id(number)
        self.join("agent", name, *extra, session, user_id=user_id)
        return session

    def record(self, session: Session, media: str, start: float, end: float, subtype: str | None = None) -> None:
        self.recordings.append(Recording(self.new_id(), session.id, media, self.at(start), self.at(end), subtype))


def _voice(stage: _Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.ivr(0.1)
    stage.wait("voice", queue_id, 0.1, 0.2)
    stage.record(stage.agent("voice", queue_id, 0.2, 1), "audio", 0.2, 1, "Trunk")


def _voice_split(stage: _Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.wait("voice", queue_id, 0, 0.2)
    session = stage.agent("voice", queue_id, 0.2, 1)
    stage.record(session, "audio", 0.2, 0.6, "Trunk")
    stage.record(session, "audio", 0.6, 1, "Trunk")


def _transfer(stage: _Stage) -> None:
    first, second = stage.queue(VOICE_QUEUES), stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.ivr(0.1)
    stage.wait("voice", first, 0.1, 0.2)
    stage.record(stage.agent("voice", first, 0.2, 0.55), "audio", 0.2, 0.55, "Trunk")
    stage.wait("voice", second, 0.55, 0.6)
    stage.record(stage.agent("voice", second, 0.6, 1), "audio", 0.6, 1, "Trunk")


def _consult(stage: _Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.wait("voice", queue_id, 0, 0.15)
    stage.record(stage.agent("voice", queue_id, 0.15, 1), "audio", 0.15, 1, "Trunk")
    stage.record(stage.agent("voice", None, 0.4, 0.6), "audio", 0.4, 0.6, "Consult")


def _outbound(stage: _Stage) -> None:
    stage.direction = "outbound"
    stage.record(stage.agent("voice", stage.queue(VOICE_QUEUES), 0, 1), "audio", 0, 1, "Trunk")
    stage.customer_on("voice")


def _abandoned(stage: _Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice")
    stage.ivr(0.3)
    stage.wait("voice", queue_id, 0.3, 1, disconnect_type="peer")


def _ivr_only(stage: _Stage) -> None:
    stage.division_ids.add(stage.directory.division_id("Home"))
    stage.customer_on("voice")
    stage.record(stage.ivr(1, recorded=True), "audio", 0, 1, "Trunk")


def _callback(stage: _Stage) -> None:
    queue_id = stage.queue(VOICE_QUEUES)
    stage.customer_on("voice", "callback")
    stage.wait("callback", queue_id, 0, 0.95)
    prepared = stage.session("callback", Segment("interact", stage.at(0.95), stage.at(1), queue_id))
    stage.record(stage.agent("voice", queue_id, 0.96, 1, prepared), "audio", 0.96, 1, "Trunk")


def _text(media_type: str, queues: tuple[str, ...]) -> Callable[[_Stage], None]:
    def course(stage: _Stage) -> None:
        queue_id = stage.queue(queues)
        stage.customer_on(media_type)
        stage.wait(media_type, queue_id, 0, 0.1)
        stage.record(stage.agent(media_type, queue_id, 0.1, 1), media_type, 0, 1)

    return course


_COURSES: dict[Kind, Callable[[_Stage], None]] = {
    Kind.VOICE: _voice,
    Kind.VOICE_SPLIT: _voice_split,
    Kind.TRANSFER: _transfer,
    Kind.CONSULT: _consult,
    Kind.OUTBOUND: _outbound,
    Kind.ABANDONED: _abandoned,
    Kind.IVR_ONLY: _ivr_only,
    Kind.CALLBACK: _callback,
    Kind.CHAT: _text("chat", CHAT_QUEUES),
    Kind.MESSAGE: _text("message", CHAT_QUEUES),
    Kind.MESSAGE_ATTACHMENTS: _text("message", CHAT_QUEUES),
    Kind.EMAIL: _text("email", EMAIL_QUEUES),
    Kind.EMAIL_ATTACHMENTS: _text("email", EMAIL_QUEUES),
    Kind.EMAIL_DAYS: _text("email", EMAIL_QUEUES),
}
