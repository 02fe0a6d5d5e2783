"""The custody report as a PDF: all that the report says, in any script, and on every page what it is."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from custody_lines import CONVERSATION, chain
from pypdf import PdfReader

from strongroom.evidence.custody import CustodyEvent, read_line
from strongroom.evidence.custody_pdf import custody_pdf
from strongroom.evidence.custody_report import CustodyReport, ReportedDay

EVENTS = [read_line(line) for line in chain(14)]
DAY = ReportedDay(
    day=date(2026, 3, 10),
    standing="in the vault",
    key="evidence/custody/2026-03-10.jsonl",
    version_id="version-1",
    sha256="cd" * 32,
    first=1,
    last=14,
    head=EVENTS[-1].hash,
)
REPORT = CustodyReport(
    conversation_id=UUID(CONVERSATION),
    bucket="vault-1",
    trial=False,
    made_at=datetime(2026, 3, 12, tzinfo=UTC),
    events=tuple(EVENTS),
    days=(DAY, ReportedDay(date(2026, 3, 12), "not over")),
    findings=(),
)


def pages(report: CustodyReport) -> list[str]:
    """What each page says."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(custody_pdf(report))).pages]


def named(name: str) -> CustodyEvent:
    """An event of somebody of this name."""
    return replace(EVENTS[0], actor=name)


def test_every_event_and_every_hash_is_on_it_whole() -> None:
    text = "\n".join(pages(REPORT))
    for event in EVENTS:
        assert f"{event.position} {event.act}" in text.replace("  ", " ")
        assert event.hash in text
        assert event.previous in text
    for told in ("2026-03-10T09:00:01.000Z", "host/1", "cd" * 32, "version-1", "s3://vault-1", "The chain holds"):
        assert told in text
    assert "1 of 2 days stand in the vault" in text


def test_pages_are_numbered_and_titled() -> None:
    told = pages(REPORT)
    assert len(told) > 2
    for number, page in enumerate(told, start=1):
        assert f"page {number} of {len(told)}" in page
        assert f"Custody report: conversation {CONVERSATION}" in page
        assert "no evidence" not in page


def test_a_trial_says_on_every_page_that_it_is_no_evidence() -> None:
    told = pages(replace(REPORT, trial=True))
    assert all("made in a trial vault: no evidence" in page for page in told)


def test_findings_come_first_and_the_chain_is_not_said_to_hold() -> None:
    first, *_ = pages(replace(REPORT, findings=("ledger, custody event 3: the row's hash is not its line's",)))
    assert "custody event 3" in first
    assert "The chain holds" not in first


@pytest.mark.parametrize("name", ["Zoë Müller", "Дмитрий Ωμέγα", "Nguyễn", "क्षत्रिय", "王小明", "田中さん", "김민수"])
def test_a_name_in_any_script_is_shown(name: str) -> None:
    assert name in "\n".join(pages(replace(REPORT, events=(named(name),))))


@pytest.mark.parametrize("name", ["محمد", "שלום"])
def test_a_name_that_is_written_from_right_to_left_is_drawn(name: str) -> None:
    """How its characters are read back is the reader's choice; that none is spelt as a code point is ours."""
    text = "\n".join(pages(replace(REPORT, events=(named(name),))))
    assert "[U+" not in text
    assert set(name) & set(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\u202eb", "a[U+202E]b"),
        ("a\x1b[2Jb", "a[U+001B][2Jb"),
        ("a\nb", "a[U+000A]b"),
        ("\ud800", "[U+D800]"),
        ("\U0001f600", "[U+1F600]"),
        ("a\u00a0b", "a b"),
    ],
    ids=ascii,
)
def test_what_cannot_be_drawn_or_would_mislead_is_spelt(name: str, shown: str) -> None:
    assert shown in "\n".join(pages(replace(REPORT, events=(named(name),))))


def test_a_value_longer_than_a_page_is_there_to_its_end() -> None:
    long = replace(EVENTS[0], details={"keys": [f"key-{number:04}" for number in range(1_500)]})
    text = "".join("\n".join(pages(replace(REPORT, events=(long,)))).split("\n"))
    for number in (0, 700, 1_499):
        assert f"key-{number:04}" in text.replace(" ", "") or f"{number:04}" in text


def test_the_same_report_is_the_same_document() -> None:
    assert custody_pdf(REPORT) == custody_pdf(REPORT)
