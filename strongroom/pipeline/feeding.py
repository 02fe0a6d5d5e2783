"""What is fed to the broker when it has room: the ledger keeps the day, Redis a window of it."""

from dataclasses import dataclass

from strongroom.house import House
from strongroom.ledger.due import claim_captured, claim_discovered, claim_recordings, claim_unindexed
from strongroom.ledger.references import ConversationRef, RecordingRef


@dataclass(frozen=True)
class Work:
    """Due, held by nobody and marked as enqueued: messages must be sent for all of it."""

    captured: list[ConversationRef]
    recordings: list[RecordingRef]
    discovered: list[ConversationRef]
    unindexed: list[ConversationRef]


def work_for(house: House, room: int, manifests: int) -> Work:
    """The longest due, at most `room` for the bulk queue and `manifests` conversations to complete.

    A conversation that is begun is finished before another is begun; all that a night or Legal waits for goes before
    what a back-fill found.
    """
    engine, grace_s = house.engine, house.settings.enqueue_grace_s
    recordings: list[RecordingRef] = []
    discovered: list[ConversationRef] = []
    unindexed: list[ConversationRef] = []
    for background in (False, True):
        if room > 0:
            more = claim_recordings(engine, grace_s, room, background=background)
            recordings += more
            room -= len(more)
        if room > 0:
            begun = claim_discovered(engine, grace_s, room, background=background)
            discovered += begun
            room -= len(begun)
    if room > 0:
        unindexed = claim_unindexed(engine, grace_s, room)
    captured = claim_captured(engine, grace_s, manifests) if manifests > 0 else []
    return Work(captured, recordings, discovered, unindexed)
