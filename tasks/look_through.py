"""Task: let a matter hold what is archived and found by one of its searches."""

from celery import Task, shared_task

from strongroom.legal.holding import look_through as look


@shared_task(bind=True, name="look_through")  # type: ignore[untyped-decorator]
def look_through(self: Task, search_id: int) -> None:
    """Look through what is archived; what is left after this is found by `apply_holds`."""
    look(self.app.house, search_id)
