"""What each line of a worker's log says by itself: task and its id, what it is about, and what all of it began with."""

from collections.abc import Mapping, Sequence
from typing import Any

from celery.signals import task_postrun, task_prerun
from structlog.contextvars import bind_contextvars, clear_contextvars

_ABOUT: Mapping[str, Sequence[str]] = {
    "apply_hold": ("conversation",),
    "archive_conversation": ("conversation", "revision"),
    "archive_recording": ("conversation", "revision", "recording"),
    "complete_conversation": ("conversation", "revision"),
    "enumerate_day": ("day",),
    "follow_batch": ("batch",),
    "follow_restore": ("restore",),
    "gather_batch": ("background",),
    "index_conversation": ("conversation", "revision"),
    "look_through": ("search",),
    "prepare_request": ("request",),
    "read_activity": ("day",),
    "read_backfill": ("backfill",),
}
"""What the ids of a message are, in order; messages carry ids alone."""


def attach() -> None:
    """Bind them around each task."""
    task_prerun.connect(_begin, weak=False)
    task_postrun.connect(_end, weak=False)


def about(task: str, arguments: Sequence[object]) -> dict[str, object]:
    """What a task's message is about, by name."""
    return dict(zip(_ABOUT.get(task, ()), arguments, strict=False))


def _begin(task_id: str, task: Any, args: Sequence[object], **_: Any) -> None:
    clear_contextvars()
    # the sweep or the enumeration that all of it follows from
    correlation = task.request.root_id or task_id
    bind_contextvars(task=task.name, task_id=task_id, correlation=correlation, **about(task.name, args))


def _end(**_: Any) -> None:
    clear_contextvars()
