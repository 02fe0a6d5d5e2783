"""Task: keep the evidence locked as long as any record that rests on it."""

import structlog
from celery import Task, shared_task

from strongroom.ledger.lookup import database_clock
from strongroom.pipeline.keep_evidence import keep_evidence as extend

_log = structlog.get_logger()


@shared_task(bind=True, name="keep_evidence")  # type: ignore[untyped-decorator]
def keep_evidence(self: Task) -> None:
    """Extend what would run out too soon, so many objects a night."""
    house = self.app.house
    kept = extend(house, database_clock(house.engine))
    if kept.extended:
        _log.info("evidence kept longer", objects=kept.extended, more=kept.more)
