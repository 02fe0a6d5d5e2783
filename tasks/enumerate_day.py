"""Task: find the conversations that ended on a day, and enqueue each page's as soon as it is recorded."""

from datetime import date

from celery import Task, shared_task

from config.celery import READING_TIME_LIMIT_S
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.runs import open_first_run
from strongroom.pipeline.days import last_ended_day, settle_days
from strongroom.pipeline.enumerate import enumerate_day as enumerate_pages
from tasks.window import offer_pages


@shared_task(  # type: ignore[untyped-decorator]
    bind=True, name="enumerate_day", time_limit=READING_TIME_LIMIT_S, soft_time_limit=READING_TIME_LIMIT_S - 300
)
def enumerate_day(self: Task, day: str | None = None) -> None:
    """Enumerate a day (`YYYY-MM-DD`, UTC); without one, as Beat sends it, the day that ended last."""
    house = self.app.house
    if day is None:
        wanted = last_ended_day(house.settings, database_clock(house.engine))
        open_first_run(house.engine, wanted, "enqueued by Beat")
    else:
        wanted = date.fromisoformat(day)
    offer_pages(self.app, enumerate_pages(house, wanted))
    # a day of which nothing is new has nothing to wait for, not even the next sweep
    settle_days(house)
