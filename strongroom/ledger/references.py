"""How rows are named in task messages: by ids and nothing else."""

from typing import NamedTuple, Self
from uuid import UUID


class ConversationRef(NamedTuple):
    """One revision of a conversation."""

    conversation_id: UUID
    revision: int

    @classmethod
    def parse(cls, conversation_id: str, revision: int) -> Self:
        """From a task message. Raises ValueError when the id is not a UUID."""
        return cls(UUID(conversation_id), revision)

    def __str__(self) -> str:
        return f"conversation {self.conversation_id} revision {self.revision}"


class RecordingRef(NamedTuple):
    """One recording of one revision of a conversation; a session whose recording isn't listed yet is `session:{id}`."""

    conversation_id: UUID
    revision: int
    recording_id: str

    @property
    def conversation(self) -> ConversationRef:
        """The revision it belongs to."""
        return ConversationRef(self.conversation_id, self.revision)

    @classmethod
    def parse(cls, conversation_id: str, revision: int, recording_id: str) -> Self:
        """From a task message. Raises ValueError when the conversation's id is not a UUID."""
        return cls(UUID(conversation_id), revision, recording_id)

    def __str__(self) -> str:
        return f"recording {self.recording_id} of conversation {self.conversation_id} revision {self.revision}"
