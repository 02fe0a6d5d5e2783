"""Task: read a day once more by activity, and enqueue what the nightly query could not see."""

from datetime import date

from celery import Task, shared_task

from strongroom.pipeline.activity import read_activity as read_pages
from tasks.fleet import send
from tasks.messages import conversation_arguments


@shared_task(bind=True, name="read_activity")  # type: ignore[untyped-decorator]
def read_activity(self: Task, day: str) -> None:
    """Take the next step of reading a day's activity (`YYYY-MM-DD`, UTC); the sweep rings for the one after."""
    for page in read_pages(self.app.house, date.fromisoformat(day)):
        send(self.app, "archive_conversation", map(conversation_arguments, page))
