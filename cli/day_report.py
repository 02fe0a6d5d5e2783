"""One day as the ledger tells it: as JSON, as a row among others, and as the whole picture."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from cli.output import columns, count, instant, json_instant, printable
from cli.recount_report import RecountReport, recount_document, recount_lines, recount_of
from cli.seal_report import SealReport, seal_document, seal_lines, seal_of
from strongroom.ledger.engine import Engine
from strongroom.ledger.progress import DayProgress, day_progress
from strongroom.ledger.review import review_counts
from strongroom.ledger.schema import (
    CONVERSATION_STATES,
    OPEN_CONVERSATION_STATES,
    OPEN_RECORDING_STATES,
    RECORDING_STATES,
)

_CAUSES_SHOWN = 5
_TABLE_WIDTH = 80


@dataclass(frozen=True)
class DayReport:
    """A day's progress, how many rows of it `strongroom review` lists, how far it is sealed, and its recount."""

    progress: DayProgress
    review: int
    seal: SealReport = field(default_factory=SealReport)
    recount: RecountReport = field(default_factory=RecountReport)

    @property
    def day(self) -> date:
        """The UTC day."""
        return self.progress.day

    @property
    def under_way(self) -> bool:
        """Somebody asked for the day, and it is not finished."""
        return self.progress.run_state is not None and not self.progress.finished

    @property
    def settled(self) -> int:
        """Conversations and recordings that have reached their end, good or bad."""
        return self.conversations_settled + self.recordings_settled

    @property
    def known(self) -> int:
        """Conversations and recordings known so far; it grows while conversations are looked at."""
        return sum(self.progress.conversations.values()) + sum(self.progress.recordings.values())

    @property
    def conversations_settled(self) -> int:
        """Conversation revisions of which nothing is left to capture: archived, in review, expired, and what ends."""
        return _all_but(self.progress.conversations, OPEN_CONVERSATION_STATES)

    @property
    def recordings_settled(self) -> int:
        """Recordings that are stored, absent or in review."""
        return _all_but(self.progress.recordings, OPEN_RECORDING_STATES)

    @property
    def waiting(self) -> int:
        """Recordings that were asked for and were not to be had yet."""
        return self.progress.recordings.get("waiting", 0)


def report_of(engine: Engine, day: date) -> DayReport:
    """Read one day. Raises LedgerUnreachable."""
    return DayReport(
        day_progress(engine, day),
        review_counts(engine, day, day).get(day, 0),
        seal_of(engine, day),
        recount_of(engine, day),
    )


def as_document(report: DayReport) -> dict[str, object]:
    """The day for machines; docs/commands.md has the keys."""
    progress = report.progress
    return {
        "day": progress.day.isoformat(),
        "finished": progress.finished,
        "run": progress.run_state
        and {"state": progress.run_state, "since": json_instant(progress.run_since), "cause": progress.run_cause},
        "conversations": {state: progress.conversations.get(state, 0) for state in CONVERSATION_STATES},
        "recordings": {state: progress.recordings.get(state, 0) for state in RECORDING_STATES},
        "review": report.review,
        "waiting": {
            "oldest_first_seen_at": json_instant(progress.oldest_waiting_at),
            "next_due_at": json_instant(progress.next_due_at),
            "causes": dict(_kinds(progress.waiting_causes).most_common()),
        },
        "retention_classes": progress.retention_classes,
        "defaulted": progress.defaulted,
        "objects": progress.objects,
        "bytes": progress.bytes,
        **seal_document(report.seal),
        "reconciled": recount_document(report.recount),
    }


def print_days(console: Console, reports: list[DayReport]) -> None:
    """A row a day, or two short lines where there is no room for the table."""
    if console.width >= _TABLE_WIDTH:
        console.print(_days_table(reports))
        return
    for report in reports:
        progress = report.progress
        console.print(f"{progress.day}  {progress.run_state or 'no run'}, {decimal(progress.bytes)}")
        archived, stored = _of(progress.conversations, "archived"), _of(progress.recordings, "stored")
        console.print(f"  archived {archived}, stored {stored}, waiting {report.waiting}, review {report.review}")


def _days_table(reports: list[DayReport]) -> Table:
    numbers = ("archived", "stored", "waiting", "review", "bytes")
    table = columns("day", "run", *numbers, right=numbers)
    for report in reports:
        progress = report.progress
        table.add_row(
            str(progress.day),
            progress.run_state or "no run",
            _of(progress.conversations, "archived"),
            _of(progress.recordings, "stored"),
            str(report.waiting),
            Text(str(report.review), style="yellow" if report.review else ""),
            decimal(progress.bytes),
        )
    return table


def print_whole(console: Console, report: DayReport, *, has_key: bool) -> None:
    """Everything the ledger knows of the day, and the command that helps with what is not as it should be."""
    progress = report.progress
    if progress.run_state is None:
        console.print(Text.assemble((str(progress.day), "bold"), "  no run"))
        console.print(f"  archive it with: strongroom archive {progress.day}")
    else:
        since = f" since {instant(progress.run_since)}" if progress.run_since else ""
        console.print(Text.assemble((str(progress.day), "bold"), f"  {progress.run_state}{since}"))
        console.print(f"  {printable(progress.run_cause or '')}")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column()
    table.add_row("conversations", *_counted(progress.conversations, CONVERSATION_STATES))
    table.add_row("recordings", *_counted(progress.recordings, RECORDING_STATES))
    table.add_row("objects", f"{progress.objects:,}", decimal(progress.bytes))
    table.add_row("waiting", f"{report.waiting:,}", _waiting(progress))
    table.add_row("review", f"{report.review:,}", _see(report.review, f"strongroom review --day {progress.day}"))
    if progress.run_state is not None:
        settled = progress.run_state == "settled"
        table.add_row("sealed", "", Group(*seal_lines(report.seal, settled=settled, has_key=has_key)))
        table.add_row("reconciled", "", Group(*recount_lines(report.recount)))
    for position, (name, number) in enumerate(sorted(progress.retention_classes.items())):
        table.add_row("" if position else "classes", f"{number:,}", name)
    console.print(table)
    if progress.defaulted:
        warning = f"{count(progress.defaulted, 'conversation')} fell to the default class: no retention rule matched"
        console.print(Text(f"! {warning}", style="yellow"))
        console.print("  see why: strongroom policy explain CONVERSATION")


def _waiting(progress: DayProgress) -> RenderableType:
    lines = []
    if progress.next_due_at and progress.oldest_waiting_at:
        lines.append(f"next due {instant(progress.next_due_at)}")
        lines.append(f"oldest first seen {instant(progress.oldest_waiting_at)}")
    kinds = _kinds(progress.waiting_causes).most_common()
    lines += [f"{number:,}: {printable(kind)}" for kind, number in kinds[:_CAUSES_SHOWN]]
    if len(kinds) > _CAUSES_SHOWN:
        lines.append(f"and {len(kinds) - _CAUSES_SHOWN} other causes")
    return Group(*lines)


def _kinds(causes: Mapping[str, int]) -> Counter[str]:
    """Causes without the place each of them names: what a person would call the same cause is counted as one."""
    kinds: Counter[str] = Counter()
    for cause, number in causes.items():
        kinds[cause.partition(" [")[0]] += number
    return kinds


def _counted(by_state: Mapping[str, int], states: tuple[str, ...]) -> tuple[str, str]:
    named = [f"{state} {by_state[state]:,}" for state in states if by_state.get(state)]
    return f"{sum(by_state.values()):,}", ", ".join(named)


def _of(by_state: Mapping[str, int], state: str) -> str:
    return f"{by_state.get(state, 0)}/{sum(by_state.values())}"


def _see(number: int, command: str) -> str:
    return f"see: {command}" if number else ""


def _all_but(by_state: Mapping[str, int], states: tuple[str, ...]) -> int:
    return sum(number for state, number in by_state.items() if state not in states)
