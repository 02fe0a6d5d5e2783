"""A worker's start and end: it refuses to start where it could do harm, and hands back what it holds."""

import sys
from typing import Any

import structlog
from celery.signals import setup_logging, worker_init, worker_shutdown

from config.celery import RECORDS, RESTORE
from strongroom.errors import StrongroomError
from strongroom.house import open_house, require_ready, require_ready_without_putting
from strongroom.ledger.engine import connect
from strongroom.ledger.leases import hand_back
from tasks.fleet import Fleet, waiting_messages

_log = structlog.get_logger()


def attach(fleet: Fleet) -> None:
    """Connect a worker's start-up and shutdown to the fleet's app."""

    def check_before_start(sender: Any, **_: Any) -> None:
        try:
            house = open_house(fleet.settings, fleet.instance)
            if set(sender.app.amqp.queues.consume_from) <= {RESTORE, RECORDS}:
                require_ready_without_putting(house)
            else:
                require_ready(house)
            waiting_messages(fleet)  # raises when Redis doesn't answer
            cleared = house.spool.clear_abandoned()
            # no connection may be shared with the processes that are forked from here
            house.engine.dispose()
        except StrongroomError as error:
            print(f"strongroom: {error}", file=sys.stderr)  # noqa: T201  # an operator's one line
            raise SystemExit(error.exit_code) from None
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
