"""What a step leaves to be done next; the task that ran it sends the messages."""

from dataclasses import dataclass, field

from strongroom.ledger.references import ConversationRef, RecordingRef


@dataclass(frozen=True)
class Next:
    """What is next after a step. Nothing at all: another worker has it, or it is done.

    `again_in_s`: the same step, that many seconds from now. Of a batch: the `captured` whose manifest is due, the
    `unlisted` that are captured one by one, and a `batch` that was submitted, to be looked at so many seconds from now.
    """

    recordings: list[RecordingRef] = field(default_factory=list)
    complete: ConversationRef | None = None
    again_in_s: float | None = None
    captured: list[ConversationRef] = field(default_factory=list)
    unlisted: list[ConversationRef] = field(default_factory=list)
    batch: tuple[int, float] | None = None


NOTHING = Next()
