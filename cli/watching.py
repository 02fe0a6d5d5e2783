"""Watching days being archived: a live bar a day on a terminal, plain lines or JSON lines anywhere else."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from time import monotonic, sleep

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from cli.day_report import DayReport, as_document
from cli.output import print_json
from cli.pace import Pace

_LOOK_EVERY_S = 1.0
_LINE_EVERY_S = 10.0
_BARS_SHOWN = 8
_BAR_WIDTH = 20

Look = Callable[[], list[DayReport]]
"""Reads the days that are watched, all at one time."""


def watch(look: Look, console: Console, *, as_json: bool) -> list[DayReport]:
    """Show days until none of them is under way; how they ended. No day at all: it waits for the first one."""
    if as_json:
        return _watch_json(look)
    return _watch_bars(look, console) if console.is_terminal else _watch_lines(look, console)


def until_finished(look: Look) -> list[DayReport]:
    """Wait without a word until none of the days is under way; how they ended."""
    *_, last = _looks(look)
    return last


def wait_for(finished: Callable[[], bool]) -> None:
    """Ask again and again until it is so."""
    while not finished():
        sleep(_LOOK_EVERY_S)


def _looks(look: Look) -> Iterator[list[DayReport]]:
    while True:
        reports = look()
        yield reports
        if reports and not any(report.under_way for report in reports):
            return
        sleep(_LOOK_EVERY_S)


def _watch_json(look: Look) -> list[DayReport]:
    printed: dict[date, dict[str, object]] = {}
    reports: list[DayReport] = []
    for reports in _looks(look):
        for report in reports:
            document = as_document(report)
            if printed.get(report.day) != document:
                printed[report.day] = document
                print_json(document, one_line=True)
    return reports


def _watch_lines(look: Look, console: Console) -> list[DayReport]:
    paces: defaultdict[date, Pace] = defaultdict(Pace)
    next_line_s: defaultdict[date, float] = defaultdict(float)
    ended: set[date] = set()
    reports: list[DayReport] = []
    for reports in _looks(look):
        now_s = monotonic()
        for report in reports:
            paces[report.day].report(now_s, report.settled)
            if report.day not in ended and (now_s >= next_line_s[report.day] or not report.under_way):
                next_line_s[report.day] = now_s + _LINE_EVERY_S
                ended |= {report.day} if not report.under_way else set()
                console.print(f"{_heading(report)}: {_details(report, paces[report.day])}")
    return reports


def _watch_bars(look: Look, console: Console) -> list[DayReport]:
    paces: defaultdict[date, Pace] = defaultdict(Pace)
    reports: list[DayReport] = []
    with Live(console=console, auto_refresh=False) as live:
        for reports in _looks(look):
            for report in reports:
                paces[report.day].report(monotonic(), report.settled)
            live.update(bars(reports, paces), refresh=True)
    return reports


def bars(reports: list[DayReport], paces: defaultdict[date, Pace]) -> RenderableType:
    """What stands on the terminal at one time: two lines a day, for the days under way and then the others."""
    if not reports:
        return "no day has been archived yet; waiting for the first one"
    shown = sorted(reports, key=lambda report: (not report.under_way, report.day))[:_BARS_SHOWN]
    lines: list[RenderableType] = []
    for report in shown:
        line = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(report.known, 1), completed=report.settled, width=_BAR_WIDTH)
        line.add_row(_heading(report), bar, f"{report.settled:,}/{report.known:,}")
        lines += [line, f"  {_details(report, paces[report.day])}"]
    if len(reports) > 1:
        finished = sum(not report.under_way for report in reports)
        lines.append(f"{finished} of {len(reports)} days finished")
    return Group(*lines)


def _heading(report: DayReport) -> str:
    return f"{report.day}  {report.progress.run_state or 'no run'}"


def _details(report: DayReport, pace: Pace) -> str:
    """Items are conversations and recordings; rate and time left count them alike."""
    progress = report.progress
    parts = [
        f"conversations {report.conversations_settled}/{sum(progress.conversations.values())}",
        f"recordings {report.recordings_settled}/{sum(progress.recordings.values())}",
        f"waiting {report.waiting}",
        f"review {report.review}",
    ]
    if report.under_way:
        # how much there is to do is not known before the enumeration has ended
        is_known = progress.run_state != "enumerating"
        left_s = pace.left_s(report.known - report.settled) if is_known else None
        left = "unknown" if left_s is None else str(timedelta(seconds=round(left_s)))
        parts += [f"{pace.rate_per_s:.1f} items/s", f"time left {left}"]
    return ", ".join(parts)
