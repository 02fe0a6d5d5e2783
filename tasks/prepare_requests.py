"""Task: the sweep of the Legal desk's requests, on the queue of what Legal waits for."""

from celery import Task, shared_task

from strongroom.legal.preparing import requests_due
from tasks.fleet import send


@shared_task(bind=True, name="prepare_requests")  # type: ignore[untyped-decorator]
def prepare_requests(self: Task) -> None:
    """Close what is over, and enqueue every request that is due and that no one holds."""
    send(self.app, "prepare_request", [(str(request_id),) for request_id in requests_due(self.app.house)])
