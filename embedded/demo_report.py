"""What a demo found: `var/demo/report.json` for machines, one summary for people."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from embedded.judge import Verdict

_MISMATCHES_SHOWN = 20


@dataclass(frozen=True)
class Rerun:
    """What archiving the same day again cost; nothing is put or fetched twice, so the counts must be 0."""

    puts: int
    media_gets: int
    seconds: float


@dataclass(frozen=True)
class Report:
    """One demo. `seconds` are from the start of the fleet until the day was settled."""

    day: date
    truth_conversations: int
    truth_recordings: int
    verdict: Verdict
    seconds: float
    api_requests: int
    rerun: Rerun

    @property
    def holds(self) -> bool:
        """Whether the bucket was the truth and the second run did nothing."""
        return not self.verdict.mismatches and self.rerun.puts == 0 and self.rerun.media_gets == 0

    def document(self) -> dict[str, Any]:
        """The report as JSON takes it."""
        verdict = self.verdict
        return {
            "day": self.day.isoformat(),
            "conversations": {
                "truth": self.truth_conversations,
                "archived": verdict.conversations["archived"],
                "review": verdict.conversations["review"],
            },
            "recordings": {
                "truth": self.truth_recordings,
                "stored": verdict.recordings_in("stored"),
                "absent": verdict.recordings_in("absent"),
                "review": verdict.recordings_in("review"),
            },
            "objects": verdict.objects,
            "bytes": verdict.bytes,
            "seconds": round(self.seconds, 1),
            "api_requests": self.api_requests,
            "mismatches": verdict.mismatches,
            "rerun": {
                "puts": self.rerun.puts,
                "media_gets": self.rerun.media_gets,
                "seconds": round(self.rerun.seconds, 1),
            },
        }

    def write(self, path: Path) -> None:
        """Write the document."""
        path.write_text(json.dumps(self.document(), indent=2) + "\n")

    def show(self, console: Console) -> None:
        """Print the summary."""
        verdict = self.verdict
        console.print()
        console.print(_counts("Conversations by retention class", verdict.classes))
        console.print(_recordings_table(verdict))
        if verdict.reasons:
            console.print(_counts("Not stored, and why", Counter(_reasons(verdict))))
        console.print(
            f"{verdict.objects} objects, {verdict.bytes / 1e6:.1f} MB, {self.api_requests} API requests, "
            f"{self.seconds:.1f} s. Archived again in {self.rerun.seconds:.1f} s: {self.rerun.puts} puts, "
            f"{self.rerun.media_gets} media fetched."
        )
        for mismatch in verdict.mismatches[:_MISMATCHES_SHOWN]:
            console.print(f"[red]mismatch[/] {mismatch}", highlight=False)
        if len(verdict.mismatches) > _MISMATCHES_SHOWN:
            console.print(f"… and {len(verdict.mismatches) - _MISMATCHES_SHOWN} more in the report")
        if self.holds:
            console.print(
                f"[bold green]Proven:[/] all {self.truth_conversations} conversations and {self.truth_recordings} "
                f"recordings of {self.day} are in the bucket once, whole and locked, or in review with a reason."
            )
        else:
            console.print(f"[bold red]Not proven:[/] {len(verdict.mismatches)} mismatches.")


def _counts(title: str, counts: Counter[str]) -> Table:
    table = Table("", "", title=title, title_justify="left", show_header=False)
    table.columns[1].justify = "right"
    for name, count in counts.most_common():
        table.add_row(name, str(count))
    return table


def _recordings_table(verdict: Verdict) -> Table:
    table = Table(title="Recordings", title_justify="left")
    for heading in ("media", "in Genesys", "in the vault"):
        table.add_column(heading)
    table.add_column("", justify="right")
    for (media, outcome, state), count in sorted(verdict.recordings.items()):
        table.add_row(media, outcome, state, str(count))
    return table


def _reasons(verdict: Verdict) -> dict[str, int]:
    return {f"{state}: {reason}": count for (state, reason), count in verdict.reasons.items()}
