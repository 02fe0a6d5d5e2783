"""Task: hash the night's share of the records."""

from celery import Task, shared_task

from config.celery import READING_TIME_LIMIT_S
from strongroom.pipeline.verify.share import verify_share as hash_share


@shared_task(  # type: ignore[untyped-decorator]
    bind=True, name="verify_share", time_limit=READING_TIME_LIMIT_S, soft_time_limit=READING_TIME_LIMIT_S - 300
)
def verify_share(self: Task) -> None:
    """Hash the share; what is found is in the ledger and the log."""
    hash_share(self.app.house)
