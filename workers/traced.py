"""Traces of workers and Beat: a span for each task, in the trace of whoever sent its message.

Imported only where STRONGROOM_TRACES_ENDPOINT is set. A worker's pool is forked, and a thread is not: so each child
starts its own tracing, and the worker itself, which runs no task, has none.
"""

import atexit
import os
from collections.abc import Sequence
from typing import Any

from celery.signals import (
    beat_init,
    before_task_publish,
    task_postrun,
    task_prerun,
    worker_process_init,
    worker_process_shutdown,
)
from structlog.contextvars import get_contextvars

from strongroom import spans
from tasks import tracing
from tasks.fleet import Fleet
from workers.logged import about


def attach(fleet: Fleet, endpoint: str) -> None:
    """Trace each child of a worker's pool, and Beat. To be attached before `logged`: it looks at what that binds."""
    traced = _TracedProcess(fleet, endpoint)
    worker_process_init.connect(traced.start_child, weak=False)
    worker_process_shutdown.connect(traced.stop, weak=False)
    beat_init.connect(traced.start_beat, weak=False)
    task_prerun.connect(traced.begin, weak=False)
    task_postrun.connect(traced.end, weak=False)
    before_task_publish.connect(traced.publish, weak=False)


class _TracedProcess:
    """One process of the fleet; nothing of it is traced before it is started."""

    def __init__(self, fleet: Fleet, endpoint: str) -> None:
        self._fleet, self._endpoint = fleet, endpoint
        self._tracing: tracing.Tracing | None = None
        self._is_beat = False
        self._tasks: dict[str, tracing.Entered] = {}

    def start_child(self, **_: Any) -> None:
        """A child of the pool begins."""
        self._start("worker")

    def start_beat(self, **_: Any) -> None:
        """Beat begins."""
        self._is_beat = True
        self._start("beat")
        atexit.register(self.stop)

    def _start(self, process: str) -> None:
        self._tracing = tracing.start(self._endpoint, process, f"{self._fleet.instance}/{os.getpid()}")

    def stop(self, **_: Any) -> None:
        """This process ends."""
        if self._tracing is not None:
            self._tracing.close()

    def begin(self, task_id: str, task: Any, args: Sequence[object], **_: Any) -> None:
        """A task begins, within what its message's header says it follows from."""
        if self._tracing is not None:
            told = {f"strongroom.{name}": _plain(value) for name, value in about(task.name, args).items()}
            told["strongroom.task_id"] = task_id
            sender = getattr(task.request, spans.HEADER, None)
            self._tasks[task_id] = self._tracing.enter(task.name, tracing.CONSUMER, told, sender)

    def end(self, task_id: str, state: str | None, retval: object, **_: Any) -> None:
        """A task ended. Of what went wrong its kind is told; of what it is about also the day, which it found."""
        entered = self._tasks.pop(task_id, None)
        if entered is None:
            return
        known = get_contextvars()
        for name in ("day", "correlation"):
            if name in known:
                entered.span.tell(f"strongroom.{name}", str(known[name]))
        entered.leave(type(retval).__name__ if state == "FAILURE" else None)

    def publish(self, sender: str, headers: dict[str, Any], **_: Any) -> None:
        """A message is about to be sent. Beat, which is at nothing, begins a trace by sending it."""
        rings = None
        if self._is_beat and self._tracing is not None:
            rings = self._tracing.enter(f"send {sender}", tracing.PRODUCER, {})
        tracing.hand_on(headers)
        if rings is not None:
            rings.leave()


def _plain(value: object) -> str | int:
    return value if isinstance(value, int) else str(value)
