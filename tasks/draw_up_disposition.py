"""Task: draw up the month's list of what need no longer be kept."""

from celery import Task, shared_task

from config.celery import READING_TIME_LIMIT_S
from strongroom.legal.disposition import draw_up_monthly


@shared_task(  # type: ignore[untyped-decorator]
    bind=True, name="draw_up_disposition", time_limit=READING_TIME_LIMIT_S, soft_time_limit=READING_TIME_LIMIT_S - 300
)
def draw_up_disposition(self: Task) -> None:
    """Draw it up, once a month whatever comes twice; nothing goes before two people have agreed."""
    draw_up_monthly(self.app.house)
