"""Task messages carry ids and nothing else."""

from strongroom.ledger.references import ConversationRef, RecordingRef


def conversation_arguments(ref: ConversationRef) -> tuple[str, int]:
    """A conversation revision as a message names it."""
    return str(ref.conversation_id), ref.revision


def recording_arguments(ref: RecordingRef) -> tuple[str, int, str]:
    """A recording as a message names it."""
    return str(ref.conversation_id), ref.revision, ref.recording_id
