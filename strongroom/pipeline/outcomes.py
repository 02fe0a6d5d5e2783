"""What a step leaves to be done next; the task that ran it sends the messages."""

from dataclasses import dataclass, field

from strongroom.ledger.references import ConversationRef, RecordingRef


@dataclass(frozen=True)
class Next:
    """What is next after a step. Nothing at all: another worker has it, it is done, or due again by the ledger.

    `complete` and `captured` are revisions whose manifest is due, `unlisted` those that are captured one by one.
    """

    recordings: list[RecordingRef] = field(default_factory=list)
    complete: ConversationRef | None = None
    captured: list[ConversationRef] = field(default_factory=list)
    unlisted: list[ConversationRef] = field(default_factory=list)


NOTHING = Next()
