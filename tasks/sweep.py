"""Task: enqueue again whatever is due and no one holds."""

from celery import Task, shared_task

from strongroom.ledger.gauges import show_sign_of_life
from strongroom.ledger.lookup import database_clock
from strongroom.pipeline.sweep import sweep as find_due
from tasks.fleet import send
from tasks.window import feed


@shared_task(bind=True, name="sweep")  # type: ignore[untyped-decorator]
def sweep(self: Task) -> None:
    """Sweep once. Days and their readings are sent for as they are, what they consist of fills the window."""
    house = self.app.house
    show_sign_of_life(house.engine, "sweep")
    due = find_due(house, database_clock(house.engine))
    send(self.app, "enumerate_day", [(day.isoformat(),) for day in due.days])
    send(self.app, "read_activity", [(day.isoformat(),) for day in due.activity])
    send(self.app, "read_backfill", [(backfill_id,) for backfill_id in due.backfills])
    feed(self.app)
    if due.seal:
        send(self.app, "seal", [()])
