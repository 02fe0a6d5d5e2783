"""What is fed to the broker when it has room: the ledger keeps the day, Redis a window of it."""

from dataclasses import dataclass, field

from strongroom.house import House
from strongroom.ledger.due import (
    claim_batches,
    claim_captured,
    claim_discovered,
    claim_for_batches,
    claim_recordings,
    claim_unindexed,
    claim_unlisted,
)
from strongroom.ledger.references import ConversationRef, RecordingRef


@dataclass
class Work:
    """Due, held by nobody and marked as enqueued: messages must be sent for all of it.

    `gather` says how many conversations are to be gathered into batches, of back-fills (True) and of all else (False);
    `singly` are captured one by one; `batches` are followed.
    """

    captured: list[ConversationRef] = field(default_factory=list)
    recordings: list[RecordingRef] = field(default_factory=list)
    singly: list[ConversationRef] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    unindexed: list[ConversationRef] = field(default_factory=list)
    gather: dict[bool, int] = field(default_factory=dict)


def work_for(house: House, room: int, manifests: int) -> Work:
    """The longest due, at most `room` for the bulk queue and `manifests` conversations to complete.

    A conversation that is begun is finished before another is begun; all that a night or Legal waits for goes before
    what a back-fill found. What is gathered takes a message a batch, and is bounded by the sweep's size alone.
    """
    engine, grace_s, most = house.engine, house.settings.enqueue_grace_s, house.settings.sweep_batch
    gathers = house.settings.batch_size > 0
    work = Work(batches=claim_batches(engine, grace_s, most))
    if room > 0:
        work.singly = claim_unlisted(engine, grace_s, room)
        room -= len(work.singly)
    for background in (False, True):
        if room > 0:
            more = claim_recordings(engine, grace_s, room, background=background)
            work.recordings += more
            room -= len(more)
        if room > 0:
            first_revision = 2 if gathers else 1
            begun = claim_discovered(engine, grace_s, room, background=background, first_revision=first_revision)
            work.singly += begun
            room -= len(begun)
        if room > 0 and gathers:
            work.gather[background] = len(claim_for_batches(engine, grace_s, most, background=background))
    if room > 0:
        work.unindexed = claim_unindexed(engine, grace_s, room)
    if manifests > 0:
        work.captured = claim_captured(engine, grace_s, manifests)
    return work


def gathered(house: House, ref: ConversationRef) -> bool:
    """Whether a new conversation is gathered into a batch: its first revision, where there are batches."""
    return house.settings.batch_size > 0 and ref.revision == 1


def batches_of(house: House, conversations: int) -> int:
    """How many batches so many conversations make."""
    return -(-conversations // house.settings.batch_size) if conversations else 0
