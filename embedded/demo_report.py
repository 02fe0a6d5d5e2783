"""What a demo found: `var/demo/report.json` for machines, one summary for people."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal

from cli.output import columns, printable
from embedded.demo_evidence import Evidence
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
    """One demo.

    `endings`: by awkwardness, how the conversations that show it ended. `seconds` are from the start of the fleet until
    the day was settled.
    """

    day: date
    truth_conversations: int
    truth_recordings: int
    verdict: Verdict
    endings: dict[str, Counter[str]]
    seconds: float
    api_requests: int
    rerun: Rerun
    evidence: Evidence

    @property
    def holds(self) -> bool:
        """Whether the bucket was the truth, the second run did nothing, and the evidence holds."""
        archived = not self.verdict.mismatches and self.rerun.puts == 0 and self.rerun.media_gets == 0
        return archived and not self.evidence.failures

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
            "awkward": {name: dict(endings) for name, endings in self.endings.items()},
            "rerun": {
                "puts": self.rerun.puts,
                "media_gets": self.rerun.media_gets,
                "seconds": round(self.rerun.seconds, 1),
            },
            "sealed": self.evidence.document(),
            "bundle": str(self.evidence.bundle),
        }

    def write(self, path: Path) -> None:
        """Write the document."""
        path.write_text(json.dumps(self.document(), indent=2) + "\n")

    def show(self, console: Console) -> None:
        """Print the summary."""
        verdict = self.verdict
        conversations = columns("retention class", "conversations", right=("conversations",))
        for name, number in verdict.classes.most_common():
            conversations.add_row(name, str(number))
        recordings = columns("recordings", "in Genesys", "in the vault", "", right=("",))
        for (media, outcome, state), number in sorted(verdict.recordings.items()):
            recordings.add_row(media, outcome, state, str(number))
        not_stored = columns("not stored", "why", "recordings", right=("recordings",))
        for (state, reason), number in verdict.reasons.most_common():
            not_stored.add_row(state, printable(reason), str(number))
        awkward = columns("awkward in Genesys", "how it ended", "", right=("",))
        for name, endings in self.endings.items():
            for number, (ending, count) in enumerate(sorted(endings.items())):
                awkward.add_row(name.replace("_", " ") if number == 0 else "", printable(ending), str(count))
        for table in (conversations, recordings, not_stored, awkward):
            console.print()
            console.print(table)
        console.print(
            f"\n{verdict.objects:,} objects, {decimal(verdict.bytes)}, {self.api_requests:,} API requests, "
            f"{self.seconds:.0f} s. Archived again in {self.rerun.seconds:.0f} s: {self.rerun.puts} puts, "
            f"{self.rerun.media_gets} media fetched."
        )
        stamp = "timestamped" if self.evidence.timestamped else "without a timestamp: this machine has no openssl"
        console.print(f"Sealed in a log of {self.evidence.log_size:,} entries, {stamp}; checked and verified.")
        if (recount := self.evidence.recount) is not None:
            console.print(
                f"Recount {recount.number} of the day, from Genesys's own extract: {recount.conversations:,} "
                f"conversations, {recount.differences} differences; a leaf of the log."
            )
        console.print(
            f"A bundle to hand over: {self.evidence.bundle}. Unpacked beside it, and checked with nothing of ours: "
            f"python3 {self.evidence.bundle.parent}/bundle/{self.evidence.bundle.stem}/data/verify.py"
        )
        for failure in self.evidence.failures:
            console.print(f"evidence: {printable(failure)}", style="red")
        for mismatch in verdict.mismatches[:_MISMATCHES_SHOWN]:
            console.print(f"mismatch: {printable(mismatch)}", style="red")
        if len(verdict.mismatches) > _MISMATCHES_SHOWN:
            console.print(f"and {len(verdict.mismatches) - _MISMATCHES_SHOWN} more, in the report", style="red")
        if self.holds:
            console.print(
                f"Proven: all {self.truth_conversations} conversations and {self.truth_recordings} recordings of "
                f"{self.day} are in the bucket once, whole and locked, or in review with a reason.",
                style="bold green",
            )
        else:
            console.print(
                f"Not proven: mismatches {len(verdict.mismatches)}, evidence {len(self.evidence.failures)}, "
                f"again {self.rerun.puts} puts and {self.rerun.media_gets} media fetched.",
                style="bold red",
            )
