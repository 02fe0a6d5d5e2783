"""Watching a day being archived: a live bar on a terminal, plain lines anywhere else."""

import time
from collections.abc import Callable
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from embedded.fleet import Fleet
from strongroom.ledger.engine import Engine
from strongroom.ledger.progress import DayProgress, day_progress

_LOOK_EVERY_S = 0.5
_LINE_EVERY_S = 5.0


def watch(engine: Engine, day: date, fleet: Fleet, console: Console, *, deadline_s: float) -> bool:
    """Show a day's progress until it is finished; whether it was, before the deadline.

    Raises NotStarted when a process of the fleet ends meanwhile.
    """
    show = _show_bar if console.is_terminal else _show_lines
    return show(lambda: _look(engine, day, fleet), console, time.monotonic() + deadline_s)


def _look(engine: Engine, day: date, fleet: Fleet) -> DayProgress:
    fleet.require_alive()
    return day_progress(engine, day)


def _show_bar(look: Callable[[], DayProgress], console: Console, deadline: float) -> bool:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f}/s"),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("waiting {task.fields[waiting]}  review {task.fields[review]}"),
        TimeElapsedColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("enumerating", total=None, rate=0.0, waiting=0, review=0)
        while time.monotonic() < deadline:
            progress = look()
            done = _done(progress)
            bar.update(
                task,
                description=progress.run_state or "waiting for Beat",
                completed=done,
                total=_total(progress),
                rate=done / (time.monotonic() - started),
                waiting=progress.recordings.get("waiting", 0),
                review=progress.recordings.get("review", 0),
            )
            if progress.finished:
                return True
            time.sleep(_LOOK_EVERY_S)
    return False


def _show_lines(look: Callable[[], DayProgress], console: Console, deadline: float) -> bool:
    started = time.monotonic()
    next_line = started
    while (now := time.monotonic()) < deadline:
        progress = look()
        if progress.finished or now >= next_line:
            next_line = now + _LINE_EVERY_S
            done, total = _done(progress), _total(progress)
            rate = done / (now - started) if now > started else 0.0
            left = f"{(total - done) / rate:.0f} s left" if total and rate else "time left unknown"
            console.print(
                f"  {progress.run_state or 'waiting for Beat'}: {done} of {total or '?'} conversations, "
                f"{rate:.1f}/s, {left}, waiting {progress.recordings.get('waiting', 0)}, "
                f"review {progress.recordings.get('review', 0)}"
            )
        if progress.finished:
            return True
        time.sleep(_LOOK_EVERY_S)
    return False


def _done(progress: DayProgress) -> int:
    return progress.conversations.get("archived", 0) + progress.conversations.get("review", 0)


def _total(progress: DayProgress) -> int | None:
    """All conversations of the day; unknown until the enumeration has ended."""
    if progress.run_state in (None, "enumerating"):
        return None
    return sum(progress.conversations.values())
