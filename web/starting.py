"""Getting a request going: what is small is prepared while the requester waits, the rest is the workers' business."""

import structlog

from strongroom.legal.preparing import prepare, prepares_inline
from strongroom.legal.requests import Request
from tasks.fleet import BrokerUnreachable, send
from web.desk import Desk

_log = structlog.get_logger("desk")


def set_going(desk: Desk, request: Request) -> None:
    """Prepare it, or ring for a worker; without a broker Beat finds it. Raises what preparing raises."""
    if request.state != "preparing":
        return
    if prepares_inline(desk.house, request.request_id):
        prepare(desk.house, request.request_id)
    elif desk.fleet is not None:
        try:
            send(desk.fleet, "prepare_request", [(str(request.request_id),)])
        except BrokerUnreachable as error:
            _log.warning("left to the sweeper", task="prepare_request", reason=str(error))
