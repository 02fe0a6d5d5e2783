"""Task: the sweep of legal holds, on the queue of the records manager's credentials."""

from celery import Task, shared_task

from strongroom.legal.holding import holds_due
from tasks.fleet import send


@shared_task(bind=True, name="apply_holds")  # type: ignore[untyped-decorator]
def apply_holds(self: Task) -> None:
    """Enqueue every search that is to be looked through and every conversation whose holds have changed."""
    due = holds_due(self.app.house)
    send(self.app, "look_through", [(search_id,) for search_id in due.searches])
    send(self.app, "apply_hold", [(str(conversation_id),) for conversation_id in due.conversations])
