"""Task: tell people what they must know."""

from celery import Task, shared_task

from strongroom.pipeline.notices import tell


@shared_task(bind=True, name="send_notices")  # type: ignore[untyped-decorator]
def send_notices(self: Task) -> None:
    """Find what is to be told, and send what is due."""
    tell(self.app.house)
