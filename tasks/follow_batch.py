"""Task: see what a batch has given so far."""

from celery import Task, shared_task

from strongroom.pipeline.batch_following import follow_batch as follow
from tasks.following import send_next


@shared_task(bind=True, name="follow_batch")  # type: ignore[untyped-decorator]
def follow_batch(self: Task, batch_id: int) -> None:
    """Follow one batch."""
    send_next(self.app, follow(self.app.house, batch_id))
