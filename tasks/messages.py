"""Task messages carry ids and nothing else; what a step leaves to be done next becomes messages here."""

from collections.abc import Iterable, Sequence

import structlog
from celery import Celery

from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.pipeline.outcomes import Next
from tasks.fleet import BrokerUnreachable, send

_log = structlog.get_logger()


def conversation_arguments(ref: ConversationRef) -> tuple[str, int]:
    """A conversation revision as a message names it."""
    return str(ref.conversation_id), ref.revision


def recording_arguments(ref: RecordingRef) -> tuple[str, int, str]:
    """A recording as a message names it."""
    return str(ref.conversation_id), ref.revision, ref.recording_id


def send_next(fleet: Celery, task: str, own_arguments: tuple[object, ...], following: Next) -> None:
    """Send what is next. The ledger has it already, so without a broker nothing is lost: the sweeper sends it later."""
    try:
        send(fleet, "archive_recording", map(recording_arguments, following.recordings))
        if following.complete is not None:
            send(fleet, "complete_conversation", [conversation_arguments(following.complete)])
        send(fleet, "complete_conversation", map(conversation_arguments, following.captured))
        send(fleet, "archive_conversation", map(conversation_arguments, following.unlisted))
        if following.batch is not None:
            batch_id, due_in_s = following.batch
            send(fleet, "follow_batch", [(batch_id,)], countdown_s=due_in_s)
        if following.again_in_s is not None:
            send(fleet, task, [own_arguments], countdown_s=following.again_in_s)
    except BrokerUnreachable as error:
        _log.warning("left to the sweeper", task=task, reason=str(error))


def send_discovered(fleet: Celery, refs: Iterable[ConversationRef]) -> int:
    """Send for what can't wait to be gathered into a batch; how many can. Raises BrokerUnreachable.

    A conversation's first revision is gathered; where there are no batches, and for every later one, it is a message
    a conversation.
    """
    singly: list[ConversationRef] = []
    gathered = 0
    for ref in refs:
        if fleet.house.settings.batch_size > 0 and ref.revision == 1:
            gathered += 1
        else:
            singly.append(ref)
    send(fleet, "archive_conversation", map(conversation_arguments, singly))
    return gathered


def send_gathering(fleet: Celery, conversations: int) -> int:
    """Send to gather so many conversations, a message a batch. Raises BrokerUnreachable."""
    size = fleet.house.settings.batch_size
    return send(fleet, "gather_batch", [()] * -(-conversations // size)) if conversations else 0


def send_pages(fleet: Celery, pages: Iterable[Sequence[ConversationRef]]) -> None:
    """Send for each page's conversations once it is recorded; whole batches at once, the rest at the end.

    Raises BrokerUnreachable.
    """
    size = fleet.house.settings.batch_size
    waiting = 0
    for page in pages:
        waiting += send_discovered(fleet, page)
        if size and waiting >= size:
            send_gathering(fleet, waiting - waiting % size)
            waiting %= size
    send_gathering(fleet, waiting)
