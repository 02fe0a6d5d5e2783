"""Task: look for what ended lately and must not wait for the night."""

import structlog
from celery import Task, shared_task

from strongroom.errors import StrongroomError
from strongroom.ledger.lookup import database_clock
from strongroom.pipeline.near_real_time import capture_recent as recent_pages
from strongroom.pipeline.near_real_time import wanted
from tasks.window import offer_pages

_log = structlog.get_logger()


@shared_task(bind=True, name="capture_recent")  # type: ignore[untyped-decorator]
def capture_recent(self: Task) -> None:
    """Look once, where a class of the policy asks for it; what is not due yet is fed when it is."""
    house = self.app.house
    if not wanted(house):
        return
    try:
        offer_pages(self.app, recent_pages(house, database_clock(house.engine)))
    except StrongroomError as error:
        _log.warning("not captured in near-real-time", reason=str(error))
