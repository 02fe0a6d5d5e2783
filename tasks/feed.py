"""Task: feed what came due to the broker, and ring for the back-fills."""

import structlog
from celery import Task, shared_task

from strongroom.ledger.due import claim_backfills
from tasks.fleet import send
from tasks.window import feed as fill

_log = structlog.get_logger()


@shared_task(bind=True, name="feed")  # type: ignore[untyped-decorator]
def feed(self: Task) -> None:
    """Fill the window; draining workers do so too, this is for what comes due by the clock."""
    house = self.app.house
    if sent := fill(self.app):
        _log.debug("fed", messages=sent)
    due = claim_backfills(house.engine, house.settings.enqueue_grace_s, house.settings.sweep_batch)
    send(self.app, "read_backfill", [(backfill_id,) for backfill_id in due])
