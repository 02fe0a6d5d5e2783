"""The custody report as a PDF: all that the report says, in any script, and on every page what it is."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from custody_lines import CONVERSATION, chain
from pypdf import PdfReader

from strongroom.evidence.custody import read_line
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
    """What each page says, as one line. pypdf puts control characters into text of some of the fonts."""
    read = [page.extract_text() for page in PdfReader(io.BytesIO(custody_pdf(report))).pages]
    return [" ".join("".join(one for one in page if one == "\n" or one >= " ").split()) for page in read]


def told(*names: str) -> str:
    """What a report on events of people of these names says."""
    return " ".join(pages(replace(REPORT, events=tuple(replace(EVENTS[0], actor=name) for name in names))))


def test_every_event_and_every_hash_is_on_it_whole() -> None:
    text = " ".join(pages(REPORT))
    for event in EVENTS:
        assert f"{event.position} {event.act}" in text
        assert event.hash in text
        assert event.previous in text
    for one in ("2026-03-10T09:00:01.000Z", "host/1", "cd" * 32, "version-1", "s3://vault-1", "The chain holds"):
        assert one in text
    assert "1 of 2 days stand in the vault" in text


def test_pages_are_numbered_and_titled() -> None:
    read = pages(REPORT)
    assert len(read) > 2
    for number, page in enumerate(read, start=1):
        assert f"page {number} of {len(read)}" in page
        assert f"Custody report: conversation {CONVERSATION}" in page
        assert "no evidence" not in page


def test_a_trial_says_on_every_page_that_it_is_no_evidence() -> None:
    assert all("made in a trial vault: no evidence" in page for page in pages(replace(REPORT, trial=True)))


def test_findings_come_first_and_the_chain_is_not_said_to_hold() -> None:
    first, *_ = pages(replace(REPORT, findings=("ledger, custody event 3: the row's hash is not its line's",)))
    assert "custody event 3" in first
    assert "The chain holds" not in first


NAMES = ("Zoë Müller", "Дмитрий Ωμέγα", "Nguyễn", "क्षत्रिय", "王小明", "田中さん", "김민수")


def test_a_name_in_any_script_is_shown() -> None:
    text = told(*NAMES, "محمد", "שלום")
    assert [name for name in NAMES if name not in text] == []
    # from right to left: in which order they are read back is the reader's choice
    assert set("محمدשלום") <= set(text)
    assert "[U+" not in text


def test_what_cannot_be_drawn_or_would_mislead_is_spelt() -> None:
    text = told("a\u202eb", "c\x1b[2Jd", "e\nf", "g\ud800h", "i\U0001f600j", "k\u00a0l")
    for shown in ("a[U+202E]b", "c[U+001B][2Jd", "e[U+000A]f", "g[U+D800]h", "i[U+1F600]j", "k l"):
        assert shown in text


def test_a_value_longer_than_a_page_is_there_to_its_end() -> None:
    long = replace(EVENTS[0], details={"keys": [f"{number:04}" for number in range(1_200)]})
    read = pages(replace(REPORT, events=(long,)))
    assert len(read) >= 3
    text = "".join(read).replace(" ", "")
    assert '"0000","0001"' in text
    assert '"1199"]' in text


def test_the_same_report_is_the_same_document() -> None:
    short = replace(REPORT, events=REPORT.events[:1])
    assert custody_pdf(short) == custody_pdf(short)
