"""What a step leaves to be done next; the task that ran it sends the messages."""

from dataclasses import dataclass, field

from strongroom.ledger.references import ConversationRef, RecordingRef


@dataclass(frozen=True)
class Next:
    """What is next after a step. Nothing at all: another worker has it, or it is done.

    `complete` and `captured` are revisions whose manifest is due, `unlisted` those that are captured one by one.
    `again_in_s`: the step is due again then. The ledger knows, and feeds it when it is: no message waits for it.
    """

    recordings: list[RecordingRef] = field(default_factory=list)
    complete: ConversationRef | None = None
    captured: list[ConversationRef] = field(default_factory=list)
    unlisted: list[ConversationRef] = field(default_factory=list)
    again_in_s: float | None = None


NOTHING = Next()
