"""Task: prepare one request of the Legal desk."""

from uuid import UUID

from celery import Task, shared_task

from strongroom.legal.preparing import prepare


@shared_task(bind=True, name="prepare_request")  # type: ignore[untyped-decorator]
def prepare_request(self: Task, request_id: str) -> None:
    """Prepare a request; what is due after this is found by `prepare_requests`."""
    prepare(self.app.house, UUID(request_id))
