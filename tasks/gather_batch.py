"""Task: ask Genesys for the recordings of up to a hundred conversations at once."""

from celery import Task, shared_task

from strongroom.pipeline.batching import gather_batch as gather
from tasks.following import send_next


@shared_task(bind=True, name="gather_batch")  # type: ignore[untyped-decorator]
def gather_batch(self: Task, background: bool = False) -> None:
    """Gather what is due into one batch, of a night or of back-fills; nothing where nothing is."""
    send_next(self.app, gather(self.app.house, background=background))
