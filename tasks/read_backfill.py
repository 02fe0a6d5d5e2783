"""Task: read on in a back-fill."""

from celery import Task, shared_task

from config.celery import READING_TIME_LIMIT_S
from strongroom.pipeline.backfill import read_backfill as read
from tasks.window import top_up


@shared_task(  # type: ignore[untyped-decorator]
    bind=True, name="read_backfill", time_limit=READING_TIME_LIMIT_S, soft_time_limit=READING_TIME_LIMIT_S - 300
)
def read_backfill(self: Task, backfill_id: int) -> None:
    """Take the next step of a back-fill; what it found waits in the ledger until there is room."""
    read(self.app.house, backfill_id)
    top_up(self.app)
