"""Revisions whose batch did not give all their recordings: these are listed one conversation at a time."""

from collections.abc import Sequence

from sqlalchemy import func, select, update

from strongroom.ledger import leases
from strongroom.ledger.conversations import ExpectedRecording, HeldConversation, expect_recordings, held_of
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.recordings import recordings_of
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.schema import OPEN_RECORDING_STATES, conversations, recordings


def take_unlisted(engine: Engine, ref: ConversationRef, holder: Holder) -> HeldConversation | None:
    """Take a revision whose recordings are to be listed, or None when it is held, not due, or has no need of it."""
    unlisted = conversations.c.awaits == "listing"
    with transaction(engine) as connection:
        row = leases.take(connection, conversations, ref._asdict(), ["capturing"], holder, unlisted)
    return None if row is None else held_of(row)


def record_listing(
    engine: Engine, held: HeldConversation, holder: Holder, listed: Sequence[ExpectedRecording]
) -> tuple[list[RecordingRef], bool]:
    """All recordings of a revision are known now; those new to us, and whether nothing is left to be waited for.

    What a batch gave already stays as it is, and gets its session. Of the others the time that was waited counts:
    their deadline is the conversation's. Raises LeaseLost.
    """
    with transaction(engine) as connection:
        now = func.clock_timestamp()
        leases.change(
            connection,
            conversations,
            held.ref._asdict(),
            ["capturing"],
            holder,
            awaits=None,
            cause=f"{len(listed)} recordings listed",
            due_at=now,
            enqueued_at=now,
        )
        known = {one.recording_id for one in recordings_of(connection, held.ref)}
        for one in listed:
            if one.recording_id in known:
                connection.execute(
                    update(recordings)
                    .where(leases.identified(recordings, RecordingRef(*held.ref, one.recording_id)._asdict()))
                    .values(session_id=one.session_id, media=one.media)
                )
        new = [one for one in listed if one.recording_id not in known]
        if new:
            deadline_at = select(conversations.c.deadline_at).where(
                leases.identified(conversations, held.ref._asdict())
            )
            to_fetch = expect_recordings(connection, held.ref, new, deadline_at.scalar_subquery())
            return to_fetch, False
        states = {one.state for one in recordings_of(connection, held.ref)}
        return [], not states & set(OPEN_RECORDING_STATES)
