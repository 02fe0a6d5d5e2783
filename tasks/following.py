"""What a step leaves to be done next becomes messages here."""

import structlog
from celery import Celery

from strongroom.pipeline.outcomes import Next
from tasks.fleet import BrokerUnreachable
from tasks.window import offer_manifests, offer_recordings, offer_singly, top_up

_log = structlog.get_logger()


def send_next(fleet: Celery, following: Next) -> None:
    """Send what is next, and feed the queue if it is low. What comes due later is in the ledger, and fed from there.

    Without a broker nothing is lost: the sweeper sends it later.
    """
    try:
        offer_recordings(fleet, following.recordings)
        offer_singly(fleet, following.unlisted)
        offer_manifests(fleet, following.captured + ([following.complete] if following.complete else []))
        top_up(fleet)
    except BrokerUnreachable as error:
        _log.warning("left to the sweeper", reason=str(error))
