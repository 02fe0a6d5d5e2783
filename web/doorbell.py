"""What a new request needs at once: a small one is prepared while the requester waits, for others a worker is rung."""

from uuid import UUID

import structlog

from strongroom.legal.preparing import prepare, prepares_inline
from tasks.fleet import BrokerUnreachable, send
from web.desk import Desk

_log = structlog.get_logger()


def begin_preparing(desk: Desk, request_id: UUID) -> None:
    """Prepare a request here or ring for it; without a broker Beat finds it. One that waits for approval is left.

    Raises LedgerUnreachable.
    """
    if prepares_inline(desk.house, request_id):
        prepare(desk.house, request_id)
    elif desk.fleet is not None:
        try:
            send(desk.fleet, "prepare_request", [(str(request_id),)])
        except BrokerUnreachable as error:
            _log.warning("left to the sweep", task="prepare_request", reason=str(error))


def ring_for_holds(desk: Desk) -> None:
    """Have the store told of legal holds by a worker that may, as this process may not; without a broker Beat rings."""
    if desk.fleet is None:
        return
    try:
        send(desk.fleet, "apply_holds", [()])
    except BrokerUnreachable as error:
        _log.warning("left to the sweep", task="apply_holds", reason=str(error))
