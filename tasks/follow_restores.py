"""Task: the sweep of the restores, on their own queue."""

from celery import Task, shared_task

from strongroom.ledger.gauges import show_sign_of_life
from strongroom.pipeline.restore import restores_due
from tasks.fleet import send


@shared_task(bind=True, name="follow_restores")  # type: ignore[untyped-decorator]
def follow_restores(self: Task) -> None:
    """Enqueue every restore that is due and that no one holds."""
    house = self.app.house
    show_sign_of_life(house.engine, "restores")
    send(self.app, "follow_restore", [(restore_id,) for restore_id in restores_due(house)])
