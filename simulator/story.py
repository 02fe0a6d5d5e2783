"""One conversation told in full: who took part, on which sessions, in which queues, and what was recorded.

Times are milliseconds since the epoch. The shapes the API sends are in `conversations` and `recordings`.
"""

import random
from dataclasses import dataclass

from simulator.awkwardness import Awkwardness, Part
from simulator.draws import generator, identifier
from simulator.kinds import Kind, Outcome
from simulator.people import Person
from simulator.population import Stretch


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
    snippet_recorded: bool = False


@dataclass(frozen=True)
class Participant:
    """Somebody, or something, that took part."""

    id: str
    purpose: str | None
    name: str
    sessions: tuple[Session, ...]
    user_id: str | None = None
    flagged: bool = False
    screen_recorded: bool = False


@dataclass(frozen=True)
class Recording:
    """What was recorded of a session, and how it turned out.

    `hidden_while_late`: not even listed while it is late. `restoring_while_late`: RESTORING, not UPLOADING.
    `stretches`: when it was written, if it was in more than one go.
    """

    id: str
    session_id: str
    media: str
    start_ms: int
    end_ms: int
    media_subtype: str | None = None
    outcome: Outcome = Outcome.AVAILABLE
    hidden_while_late: bool = False
    restoring_while_late: bool = False
    listed_at_second_look: bool = False
    transcodes_slowly: bool = False
    channels: int = 1
    error_status: str | None = None
    stretches: tuple[Stretch, ...] = ()

    def written(self) -> tuple[Stretch, ...]:
        """The stretches in which it was written, the first first."""
        return self.stretches or (Stretch(self.start_ms, self.end_ms),)


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
    part: Part | None = None

    def plays(self, awkwardness: Awkwardness) -> bool:
        """Whether this conversation shows an awkwardness."""
        return self.part is not None and self.part.awkwardness is awkwardness

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
