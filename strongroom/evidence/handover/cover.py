"""The page that lies on top of a bundle: what is in it, what vouches for it, and what was done with each record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from strongroom.evidence.custody import CustodyEvent
from strongroom.evidence.facts import TRIAL_NOTE, Fact
from strongroom.evidence.pdf import Paper
from strongroom.times import format_instant


@dataclass(frozen=True)
class CoveredFile:
    """A file of the bundle, by its key in the vault."""

    key: str
    version_id: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class CoveredRecord:
    """One conversation: its files, and its custody events, the first first."""

    conversation_id: UUID
    revisions: int
    retention_class: str
    ended_at: str
    files: Sequence[CoveredFile]
    events: Sequence[CustodyEvent]
    findings: Sequence[str]


@dataclass(frozen=True)
class Cover:
    """What the cover tells. `timestamp_at` is None where no authority has timestamped the checkpoint."""

    made_at: datetime
    made_by: str
    reason: str
    origin: str
    checkpoint_size: int
    checkpoint_root: str
    timestamp_at: datetime | None
    keys: Sequence[str]
    records: Sequence[CoveredRecord]
    trial: bool


def cover_pdf(cover: Cover) -> bytes:
    """The cover report as a PDF."""
    paper = Paper("Evidence bundle", cover.origin, cover.made_at, trial=cover.trial)
    if cover.trial:
        paper.paragraph(f"This bundle was {TRIAL_NOTE}.", alarming=True)
    paper.paragraph(
        "This bundle holds archived interactions as they stand in write-once storage, and what is needed to check that"
        " they are unchanged: see VERIFY.md beside this report. No software of the archive's maker is needed for it."
    )
    timestamp = "none yet: when the checkpoint was made is the archive's word alone"
    paper.facts(
        [
            Fact("Made at", format_instant(cover.made_at)),
            Fact("Made by", cover.made_by),
            Fact("Reason", cover.reason),
            Fact("Log", cover.origin, exact=True),
            Fact("Checkpoint", f"{cover.checkpoint_size} entries, root {cover.checkpoint_root}", exact=True),
            Fact("Timestamp", timestamp if cover.timestamp_at is None else format_instant(cover.timestamp_at)),
            *(Fact("Public key", key, exact=True) for key in cover.keys),
        ]
    )
    for record in cover.records:
        _record(paper, record)
    return paper.content()


def _record(paper: Paper, record: CoveredRecord) -> None:
    paper.heading(f"Conversation {record.conversation_id}")
    paper.facts(
        [
            Fact("Ended at", record.ended_at),
            Fact("Class", record.retention_class),
            Fact("Revisions", str(record.revisions)),
        ]
    )
    for finding in record.findings:
        paper.paragraph(finding, alarming=True)
    for file in record.files:
        paper.facts(
            [
                Fact("File", file.key, exact=True),
                Fact("Version", file.version_id, exact=True),
                Fact("Bytes", f"{file.size_bytes:,}"),
                Fact("SHA-256", file.sha256, exact=True),
            ]
        )
    paper.paragraph("What was done with it, by the custody chain:")
    for event in record.events:
        paper.facts(
            [
                Fact("By", f"{event.actor}, from {event.origin}"),
                *([Fact("Reason", event.reason)] if event.reason else []),
                Fact("Hash", event.hash, exact=True),
            ],
            heading=f"{event.position}. {event.act}, {format_instant(event.at)}",
        )
