"""What a step leaves to be done next; the task that ran it sends the messages."""

from dataclasses import dataclass, field

from strongroom.ledger.references import ConversationRef, RecordingRef


@dataclass(frozen=True)
class Next:
    """What is next after a step. Nothing at all: another worker has it, or it is done.

    `again_in_s`: the step is due again then. The ledger knows, and feeds it when it is: no message waits for it.
    """

    recordings: list[RecordingRef] = field(default_factory=list)
    complete: ConversationRef | None = None
    again_in_s: float | None = None


NOTHING = Next()
