"""A worker's start and end: it refuses to start where it could do harm, and hands back what it holds."""

import sys
import time
from typing import Any, NoReturn

import structlog
from celery.signals import setup_logging, worker_init, worker_shutdown

from config.celery import RECORDS, RESTORE
from strongroom.errors import StrongroomError, Unreachable
from strongroom.house import open_house, require_ready, require_ready_without_putting
from strongroom.ledger.engine import connect
from strongroom.ledger.leases import hand_back
from strongroom.pipeline.failures import Unexpected
from tasks.fleet import Fleet, waiting_messages

PATIENCE_S = 60.0
"""How long a start waits for a server that does not answer."""
PAUSE_S = 2.0
"""Between two tries of a start."""

_log = structlog.get_logger()


def attach(fleet: Fleet) -> None:
    """Connect a worker's start-up and shutdown to the fleet's app."""

    def check_before_start(sender: Any, **_: Any) -> None:
        try:
            cleared = _wait_until_ready(fleet, set(sender.app.amqp.queues.consume_from))
        except StrongroomError as error:
            _refuse(error)
        except Exception as error:  # noqa: BLE001  # Celery would log it, and start the worker unchecked
            found = Unexpected(error)
            _refuse(StrongroomError(found.what, where=found.where, todo="report it; this worker did not start"))
        _log.info("bucket and ledger are fit", abandoned_spool_files_cleared=cleared)

    def hand_back_leases(**_: Any) -> None:
        engine = connect(
            fleet.settings.database_url.get_secret_value(), connect_timeout_s=fleet.settings.connect_timeout_s
        )
        try:
            handed_back = hand_back(engine, f"{fleet.instance}/")
        except StrongroomError as error:
            _log.warning("leases not handed back, they run out by themselves", reason=str(error))
        else:
            _log.info("worker stopped", leases_handed_back=handed_back)
        finally:
            engine.dispose()

    def keep_our_logs(**_: Any) -> None:
        """Celery asks who sets up logging; that this is connected tells it that we did."""

    setup_logging.connect(keep_our_logs, weak=False)
    worker_init.connect(check_before_start, weak=False)
    worker_shutdown.connect(hand_back_leases, weak=False)


def _wait_until_ready(fleet: Fleet, queues: set[str]) -> int:
    """How many abandoned spool files were cleared, once all that this worker needs is there and fit.

    What doesn't answer is waited for: a worker that was restarted in an outage is at work as soon as that is over,
    however long what starts it would have paused. Raises Unreachable after PATIENCE_S, Misconfigured at once.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return _require_ready(fleet, queues)
        except Unreachable as error:
            if time.monotonic() > until:
                raise
            _log.warning("not started yet, tried again", reason=str(error), pause_s=PAUSE_S)
        time.sleep(PAUSE_S)


def _require_ready(fleet: Fleet, queues: set[str]) -> int:
    house = open_house(fleet.settings, fleet.instance)
    try:
        if queues <= {RESTORE, RECORDS}:
            require_ready_without_putting(house)
        else:
            require_ready(house)
        waiting_messages(fleet)  # raises when Redis doesn't answer
        return house.spool.clear_abandoned()
    finally:
        # no connection may be shared with the processes that are forked from here
        house.engine.dispose()


def _refuse(error: StrongroomError) -> NoReturn:
    print(f"strongroom: {error}", file=sys.stderr)  # noqa: T201  # an operator's one line
    raise SystemExit(error.exit_code) from None
