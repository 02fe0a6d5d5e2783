"""The window of messages that Redis holds: what doesn't fit stays in the ledger, and is fed as the queue drains.

Each sender looks at the queue's length first. Two that look at the same moment both find the room, so a queue may hold
as many more as there are processes that send, times the recordings of a conversation.
"""

from collections.abc import Iterable, Sequence

from celery import Celery

from config.celery import BULK, CONTROL
from strongroom import spans
from strongroom.ledger.due import unsent_conversations, unsent_recordings
from strongroom.ledger.feeding import feeding_alone
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.pipeline.feeding import Work, batches_of, gathered, work_for
from tasks.fan_out import send_many
from tasks.fleet import redis_of, waiting_messages
from tasks.messages import conversation_arguments, recording_arguments

_FED_LATELY = "strongroom:fed"
_FEED_EVERY_MS = 250
"""How often draining workers feed at most."""
_NOTHING_FOR_MS = 2_000
"""How long they don't look again when nothing was due: at the end of a day every task finds the queue low."""


def room_in(fleet: Celery, queue: str) -> int:
    """How many more messages the queue may hold. Raises BrokerUnreachable."""
    window: int = fleet.house.settings.window_messages
    return max(0, window - waiting_messages(fleet, queue))


def send_gathering(fleet: Celery, conversations: int, *, background: bool) -> int:
    """Send to gather so many conversations, a message a batch; how many. Raises BrokerUnreachable."""
    return send_many(fleet, "gather_batch", [(background,)] * batches_of(fleet.house, conversations))


def offer_singly(fleet: Celery, refs: Sequence[ConversationRef]) -> None:
    """Send for conversations that are captured one by one, as far as there is room. Raises BrokerUnreachable."""
    if not refs:
        return
    room = room_in(fleet, BULK)
    # before those that fit are sent: a worker that is through with them feeds what is unsent
    unsent_conversations(fleet.house.engine, refs[room:])
    send_many(fleet, "archive_conversation", map(conversation_arguments, refs[:room]))


def offer_pages(fleet: Celery, pages: Iterable[Sequence[ConversationRef]]) -> None:
    """Send for each page's conversations once it is recorded: whole batches at once, the rest of them at the end.

    Raises BrokerUnreachable.
    """
    waiting = 0
    for page in pages:
        offer_singly(fleet, [ref for ref in page if not gathered(fleet.house, ref)])
        waiting += sum(gathered(fleet.house, ref) for ref in page)
        whole = waiting - waiting % fleet.house.settings.batch_size if waiting else 0
        send_gathering(fleet, whole, background=False)
        waiting -= whole
    send_gathering(fleet, waiting, background=False)


def offer_recordings(fleet: Celery, refs: list[RecordingRef]) -> None:
    """Send for a conversation's recordings if there is room for all of them. Raises BrokerUnreachable."""
    if not refs:
        return
    if room_in(fleet, BULK) < len(refs):
        unsent_recordings(fleet.house.engine, refs)
    else:
        send_many(fleet, "archive_recording", map(recording_arguments, refs))


def offer_manifests(fleet: Celery, refs: Sequence[ConversationRef]) -> None:
    """Send for conversations that can be completed, as far as there is room. Raises BrokerUnreachable."""
    if not refs:
        return
    room = room_in(fleet, CONTROL)
    unsent_conversations(fleet.house.engine, refs[room:])
    send_many(fleet, "complete_conversation", map(conversation_arguments, refs[:room]))


def top_up(fleet: Celery) -> None:
    """Feed the broker when less than half of the window waits: whoever drains the queue fills it.

    Raises BrokerUnreachable.
    """
    if room_in(fleet, BULK) * 2 < fleet.house.settings.window_messages:
        return
    if not redis_of(fleet, lambda client: client.set(_FED_LATELY, "1", nx=True, px=_FEED_EVERY_MS)):
        return
    if feed(fleet) == 0:
        redis_of(fleet, lambda client: client.set(_FED_LATELY, "1", px=_NOTHING_FOR_MS))


def feed(fleet: Celery) -> int:
    """Fill the window from the ledger; how many messages. Another process at it: nothing. Raises BrokerUnreachable."""
    house = fleet.house
    # what is due in the ledger follows from no task that happens to feed it
    with spans.apart(), feeding_alone(house.engine) as alone:
        if not alone:
            return 0
        return send_work(fleet, work_for(house, room_in(fleet, BULK), room_in(fleet, CONTROL)))


def send_work(fleet: Celery, work: Work) -> int:
    """Send for what was claimed from the ledger; how many messages. Raises BrokerUnreachable."""
    return (
        send_many(fleet, "complete_conversation", map(conversation_arguments, work.captured))
        + send_many(fleet, "archive_recording", map(recording_arguments, work.recordings))
        + send_many(fleet, "archive_conversation", map(conversation_arguments, work.singly))
        + send_many(fleet, "follow_batch", [(batch_id,) for batch_id in work.batches])
        + sum(send_gathering(fleet, number, background=which) for which, number in work.gather.items())
        + send_many(fleet, "index_conversation", map(conversation_arguments, work.unindexed))
    )
