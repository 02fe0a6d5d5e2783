"""Task: see how one restore stands, and take its next step."""

from celery import Task, shared_task

from strongroom.pipeline.restore import follow_restore as follow


@shared_task(bind=True, name="follow_restore")  # type: ignore[untyped-decorator]
def follow_restore(self: Task, restore_id: int) -> None:
    """Follow a restore; what is due after this is found by `follow_restores`."""
    follow(self.app.house, restore_id)
