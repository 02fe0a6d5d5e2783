"""What a step leaves to be done next; the task that ran it sends the messages."""

from dataclasses import dataclass, field

from strongroom.ledger.references import ConversationRef, RecordingRef


@dataclass(frozen=True)
class Next:
    """What is next after a step. Nothing at all: another worker has it, or it is done.

    `complete` and `captured` are revisions whose manifest is due, `unlisted` those that are captured one by one.
    What is put off is not among it: the ledger knows when it is due, and feeds it then.
    """

    recordings: list[RecordingRef] = field(default_factory=list)
    complete: ConversationRef | None = None
    captured: list[ConversationRef] = field(default_factory=list)
    unlisted: list[ConversationRef] = field(default_factory=list)


NOTHING = Next()
