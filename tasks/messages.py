"""Task messages carry ids and nothing else; what a step leaves to be done next becomes messages here."""

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
        if following.again_in_s is not None:
            send(fleet, task, [own_arguments], countdown_s=following.again_in_s)
    except BrokerUnreachable as error:
        _log.warning("left to the sweeper", task=task, reason=str(error))
