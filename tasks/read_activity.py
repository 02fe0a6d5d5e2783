"""Task: recount a day from Genesys's own extract, and enqueue what must be archived, or archived once more."""

from datetime import date

from celery import Task, shared_task

from config.celery import READING_TIME_LIMIT_S
from strongroom.pipeline.activity import read_activity as read_pages
from tasks.window import offer_pages


@shared_task(  # type: ignore[untyped-decorator]
    bind=True, name="read_activity", time_limit=READING_TIME_LIMIT_S, soft_time_limit=READING_TIME_LIMIT_S - 300
)
def read_activity(self: Task, day: str) -> None:
    """Take the next step of a day's recount (`YYYY-MM-DD`, UTC); the sweep rings for the one after."""
    offer_pages(self.app, read_pages(self.app.house, date.fromisoformat(day)))
