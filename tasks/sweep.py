"""Task: enqueue again whatever is due and no one holds."""

import structlog
from celery import Task, shared_task

from strongroom.ledger.gauges import show_sign_of_life
from strongroom.ledger.lookup import database_clock
from strongroom.pipeline.sweep import sweep as find_due
from tasks.fleet import send, waiting_messages
from tasks.messages import conversation_arguments, recording_arguments

_log = structlog.get_logger()


@shared_task(bind=True, name="sweep")  # type: ignore[untyped-decorator]
def sweep(self: Task) -> None:
    """Sweep once. What still waits in the bulk queue is not enqueued a second time beside itself."""
    house = self.app.house
    show_sign_of_life(house.engine, "sweep")
    due = find_due(
        house, database_clock(house.engine), room=max(0, house.settings.sweep_batch - waiting_messages(self.app))
    )
    send(self.app, "enumerate_day", [(day.isoformat(),) for day in due.days])
    send(self.app, "read_activity", [(day.isoformat(),) for day in due.activity])
    send(self.app, "archive_conversation", map(conversation_arguments, due.discovered))
    send(self.app, "complete_conversation", map(conversation_arguments, due.captured))
    send(self.app, "archive_recording", map(recording_arguments, due.recordings))
    send(self.app, "index_conversation", map(conversation_arguments, due.unindexed))
    if due.seal:
        send(self.app, "seal", [()])
    for day in due.settled:
        _log.info("day settled", day=str(day))
