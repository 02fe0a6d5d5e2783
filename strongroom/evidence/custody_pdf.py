"""The custody report as a document that a court can read."""

from strongroom.evidence.custody_report import CustodyReport, day_facts, event_facts
from strongroom.evidence.facts import Fact
from strongroom.evidence.pdf import Paper
from strongroom.times import format_instant

TITLE = "Custody report"

_HOW_TO_READ = (
    "Every time this record is touched, one event is written: what was done, by whom, when, from where and why."
    " The events of the whole archive form one chain: they are numbered without gaps, and each names the SHA-256 of the"
    " event before it. To change, remove or insert one, every later event would have to be made anew. When a day is"
    " over, its events are written to the archive's locked storage as one object, and its last hash into the"
    " transparency log."
)


def custody_pdf(report: CustodyReport) -> bytes:
    """The report as a PDF. The same report gives the same pages."""
    paper = Paper(TITLE, f"conversation {report.conversation_id}", report.made_at, trial=report.trial)
    write_custody(paper, report)
    return paper.content()


def write_custody(paper: Paper, report: CustodyReport) -> None:
    """Write the report on paper that has its title already."""
    paper.facts(
        [
            Fact("conversation", str(report.conversation_id), exact=True),
            Fact("vault", f"s3://{report.bucket}", exact=True),
            Fact("made at", format_instant(report.made_at)),
            Fact("events", _span(report)),
        ]
    )
    for finding in report.all_findings:
        paper.paragraph(finding, alarming=True)
    if not report.all_findings:
        paper.paragraph(_verdict(report))
    paper.paragraph(_HOW_TO_READ)
    paper.heading("What was done")
    for event in report.events:
        paper.facts(event_facts(event), heading=f"{event.position}  {event.act}")
    if report.days:
        paper.heading("The days in the vault")
        paper.paragraph(
            "The lines of each day on which something was done, as they stand in locked storage. The SHA-256 is that of"
            " the object's bytes; docs/custody.md of Strongroom says how to check it by hand."
        )
    for day in report.days:
        paper.facts(day_facts(day), heading=day.day.isoformat())


def _span(report: CustodyReport) -> str:
    if not report.events:
        return "none"
    first, last = report.events[0].at, report.events[-1].at
    return f"{len(report.events)}, from {format_instant(first)} to {format_instant(last)}"


def _verdict(report: CustodyReport) -> str:
    stored = sum(day.standing == "in the vault" for day in report.days)
    return (
        "The chain holds: each event below is as it was hashed, and follows on the one before it."
        f" {stored} of {len(report.days)} days stand in the vault, and agree with the ledger."
    )
