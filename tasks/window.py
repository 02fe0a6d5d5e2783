"""The window of messages that Redis holds: what doesn't fit stays in the ledger, and is fed as the queue drains.

Each sender looks at the queue's length first. Two that look at the same moment both find the room, so a queue may hold
as many more as there are processes that send, times the recordings of a conversation.
"""

from celery import Celery

from config.celery import BULK, CONTROL
from strongroom.ledger.due import unsent_conversations, unsent_recordings
from strongroom.ledger.feeding import feeding_alone
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.pipeline.feeding import Work, work_for
from tasks.fan_out import send_many
from tasks.fleet import redis_of, waiting_messages
from tasks.messages import conversation_arguments, recording_arguments

_FED_LATELY = "strongroom:fed"
_FEED_EVERY_MS = 250
"""How often draining workers feed at most: at the end of a day every task finds the queue low, and nothing to send."""


def room_in(fleet: Celery, queue: str) -> int:
    """How many more messages the queue may hold. Raises BrokerUnreachable."""
    window: int = fleet.house.settings.window_messages
    return max(0, window - waiting_messages(fleet, queue))


def send_discovered(fleet: Celery, refs: list[ConversationRef]) -> int:
    """Send for discovered conversations: what they become is decided here, for pages and for what is fed later."""
    return send_many(fleet, "archive_conversation", map(conversation_arguments, refs))


def offer_discovered(fleet: Celery, refs: list[ConversationRef]) -> None:
    """Send for a page's new conversations as far as there is room. Raises BrokerUnreachable."""
    room = room_in(fleet, BULK)
    # before those that fit are sent: a worker that is through with them feeds what is unsent
    unsent_conversations(fleet.house.engine, refs[room:])
    send_discovered(fleet, refs[:room])


def offer_recordings(fleet: Celery, refs: list[RecordingRef]) -> None:
    """Send for a conversation's recordings if there is room for all of them. Raises BrokerUnreachable."""
    if not refs:
        return
    if room_in(fleet, BULK) < len(refs):
        unsent_recordings(fleet.house.engine, refs)
    else:
        send_many(fleet, "archive_recording", map(recording_arguments, refs))


def offer_manifest(fleet: Celery, ref: ConversationRef) -> None:
    """Send for a conversation that can be completed, if there is room. Raises BrokerUnreachable."""
    if room_in(fleet, CONTROL):
        send_many(fleet, "complete_conversation", [conversation_arguments(ref)])
    else:
        unsent_conversations(fleet.house.engine, [ref])


def top_up(fleet: Celery) -> None:
    """Feed the broker when less than half of the window waits: whoever drains the queue fills it.

    Raises BrokerUnreachable.
    """
    if room_in(fleet, BULK) * 2 < fleet.house.settings.window_messages:
        return
    if redis_of(fleet, lambda client: client.set(_FED_LATELY, "1", nx=True, px=_FEED_EVERY_MS)):
        feed(fleet)


def feed(fleet: Celery) -> int:
    """Fill the window from the ledger; how many messages. Another process at it: nothing. Raises BrokerUnreachable."""
    house = fleet.house
    with feeding_alone(house.engine) as alone:
        if not alone:
            return 0
        return send_work(fleet, work_for(house, room_in(fleet, BULK), room_in(fleet, CONTROL)))


def send_work(fleet: Celery, work: Work) -> int:
    """Send for what was claimed from the ledger; how many messages. Raises BrokerUnreachable."""
    return (
        send_many(fleet, "complete_conversation", map(conversation_arguments, work.captured))
        + send_many(fleet, "archive_recording", map(recording_arguments, work.recordings))
        + send_discovered(fleet, work.discovered)
        + send_many(fleet, "index_conversation", map(conversation_arguments, work.unindexed))
    )
