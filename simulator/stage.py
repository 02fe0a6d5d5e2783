"""Where a story is put together, by the courses conversations take."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from simulator.directory import QUEUE_DIVISIONS, USERS, WRAP_UP_CODES, Directory
from simulator.draws import identifier
from simulator.people import person
from simulator.population import Outline
from simulator.story import Participant, Recording, Segment, Session

TEXT_MEDIA = frozenset({"chat", "message", "email"})
SUBJECTS = ("Question about my statement", "Order confirmation", "Complaint – fees", "Re: appointment", "Überweisung")


@dataclass
class Stage:
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
        """A moment in milliseconds since the epoch."""
        return self.outline.start_ms + int((self.outline.end_ms - self.outline.start_ms) * moment)

    def new_id(self) -> str:
        """An id for the next thing on this stage."""
        return identifier(self.directory.seed, self.conversation_id, len(self.participants), self.draw.random())

    def queue(self, names: tuple[str, ...]) -> str:
        """The id of one of some queues; its division becomes the conversation's."""
        name = self.draw.choice(names)
        self.division_ids.add(self.directory.division_id(QUEUE_DIVISIONS[name]))
        return self.directory.queue_id(name)

    def session(self, media_type: str, *segments: Segment, recorded: bool = False) -> Session:
        """A session in the conversation's direction."""
        return Session(self.new_id(), media_type, self.direction, segments, recorded)

    def join(self, purpose: str, name: str, *sessions: Session, user_id: str | None = None) -> None:
        """Somebody, or something, takes part."""
        flagged = purpose == "agent" and self.draw.random() < 0.02
        self.participants.append(Participant(self.new_id(), purpose, name, sessions, user_id, flagged))

    def customer_on(self, *media_types: str) -> None:
        """The customer takes part from start to end."""
        whole = Segment("interact", self.at(0), self.at(1), disconnect_type="peer")
        self.join("customer", self.customer.name, *(self.session(media, whole) for media in media_types))

    def ivr(self, end: float, *, recorded: bool = False) -> Session:
        """The menu, from the start."""
        disconnect_type = "client" if recorded else "transfer"
        session = self.session(
            "voice", Segment("ivr", self.at(0), self.at(end), disconnect_type=disconnect_type), recorded=recorded
        )
        self.join("ivr", "Main Menu", session)
        return session

    def wait(self, media_type: str, queue_id: str, start: float, end: float, disconnect_type: str = "transfer") -> None:
        """The wait in a queue."""
        segment = Segment("interact", self.at(start), self.at(end), queue_id, disconnect_type=disconnect_type)
        self.join("acd", "Queue", self.session(media_type, segment))

    def agent(self, media_type: str, queue_id: str | None, start: float, end: float, *extra: Session) -> Session:
        """An agent's leg, which says that it is recorded unless it is text.

        The wrap-up follows it, and may run on after the conversation has ended.
        """
        subject = self.subject if media_type == "email" else None
        code = self.directory.wrap_up_code_id(self.draw.choice(WRAP_UP_CODES))
        wrapped_ms = self.at(end) + self.draw.randrange(5_000, 90_000)
        session = self.session(
            media_type,
            Segment("interact", self.at(start), self.at(end), queue_id, disconnect_type="peer", subject=subject),
            Segment("wrapup", self.at(end), wrapped_ms, queue_id, wrap_up_code=code),
            # the flag is about audio
            recorded=media_type not in TEXT_MEDIA,
        )
        number = self.draw.randrange(USERS)
        name, user_id = self.directory.user_name(number), self.directory.user_id(number)
        self.join("agent", name, *extra, session, user_id=user_id)
        return session

    def record(self, session: Session, media: str, start: float, end: float, subtype: str | None = None) -> None:
        """Record a session."""
        self.recordings.append(Recording(self.new_id(), session.id, media, self.at(start), self.at(end), subtype))

    def recast(self, change: Callable[[Participant], Participant]) -> None:
        """Change those who take part."""
        self.participants = [change(who) for who in self.participants]

    def change_sessions(self, change: Callable[[Session], Session]) -> None:
        """Change the sessions of all who take part."""
        self.recast(lambda who: replace(who, sessions=tuple(change(session) for session in who.sessions)))

    def change_segments(self, change: Callable[[Segment], Segment]) -> None:
        """Change the segments of all sessions."""
        self.change_sessions(lambda session: replace(session, segments=tuple(map(change, session.segments))))

    def change_recording(self, number: int, **changes: Any) -> None:
        """Change one recording, counted from 0, field by field."""
        self.recordings[number] = replace(self.recordings[number], **changes)
