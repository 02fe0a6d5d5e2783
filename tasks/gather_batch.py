"""Task: ask Genesys for the recordings of up to a hundred conversations at once."""

from celery import Task, shared_task

from strongroom.pipeline.batching import gather_batch as gather
from tasks.messages import send_next


@shared_task(bind=True, name="gather_batch")  # type: ignore[untyped-decorator]
def gather_batch(self: Task) -> None:
    """Gather what is due into one batch; nothing where nothing is."""
    send_next(self.app, self.name, (), gather(self.app.house))
