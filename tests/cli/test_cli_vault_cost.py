"""`strongroom vault cost`: from the ledger and from options, as table, JSON, CSV and chart."""

import csv
import xml.etree.ElementTree as ET
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import Strongroom
from ledger_of_a_day import Day

from config.settings import Settings
from strongroom.ledger.engine import Engine
from strongroom.ledger.schema import objects
from strongroom.times import day_of, utc_now

TIERS = Path(Settings.model_fields["tiers_file"].default)
POLICY = Path(Settings.model_fields["policy_file"].default)
FILES = ("--tiers", str(TIERS), "--policy", str(POLICY))
FIVE_TB = ("vault", "cost", *FILES, "--ingest-gb-per-month", "5120")


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where Strongroom is not configured."""
    monkeypatch.delenv("COLUMNS", raising=False)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"STRONGROOM_{name.upper()}", raising=False)


def archived(engine: Engine, ref: Any, parts: dict[str, tuple[str | None, int]]) -> None:
    """Parts of a conversation (part: recording id, size) that stand in the vault."""
    with engine.begin() as connection:
        for part, (recording_id, size_bytes) in parts.items():
            connection.execute(
                objects.insert().values(
                    conversation_id=ref.conversation_id,
                    revision=ref.revision,
                    recording_id=recording_id,
                    part=part,
                    key=f"archive/{ref.conversation_id}/{part}",
                    size_bytes=size_bytes,
                    sha256="0" * 64,
                    content_type="audio/ogg",
                    lock_mode="COMPLIANCE",
                    retain_until=utc_now(),
                    version_id="1",
                    adopted=False,
                    under_delete_marker=False,
                )
            )


@pytest.mark.usefixtures("no_settings")
def test_a_given_ingest_needs_no_settings(strongroom: Strongroom) -> None:
    document = strongroom(*FIVE_TB, "--json").document
    assert document["cheapest"] == "promise"
    assert [(each["profile"], each["keeps_promises"]) for each in document["profiles"]] == [
        ("promise", True),
        ("guide", False),
        ("standard", True),
    ]
    assert len(document["configured"]["years_usd"]) == document["years"] == 10
    assert document["genesys"]["total_usd"] > document["standard"]["total_usd"] > document["configured"]["total_usd"]
    assert document["broken"] is None
    outcome = strongroom(*FIVE_TB)
    assert (outcome.exit_code, outcome.err) == (0, "")
    for words in ("cheapest that keeps every promise: promise", "5,173 GB", "GLACIER_IR after 0 days", "34 KB"):
        assert words in outcome.out


@pytest.mark.usefixtures("no_settings")
def test_the_guides_figures(strongroom: Strongroom) -> None:
    document = strongroom("vault", "cost", "--tiers", str(TIERS), "--guide", "--json").document
    assert [row["tb_month_usd"] for row in document["table"]] == [23.55, 4.1, 1.01]
    assert [round(year["saved_usd"] / 1000) for year in document["years"]][6:] == [100, 108, 108, 108]
    out = strongroom("vault", "cost", "--tiers", str(TIERS), "--guide").out
    assert "the guide's ~$108,000 a year holds from year 8 on" in out
    out = strongroom("vault", "cost", "--tiers", str(TIERS), "--guide", "--years", "7").out
    assert "holds in none of 7 years" in out


@pytest.mark.usefixtures("no_settings")
def test_objects_by_size(strongroom: Strongroom) -> None:
    document = strongroom("vault", "cost", *FILES, "--sizes", "--class", "ivr-self-service", "--json").document
    assert document["retained_years"] == 3
    assert document["sizes"][0]["cheapest"] == "STANDARD"
    assert document["break_even_bytes"]["GLACIER_IR"] == 48 * 1024
    assert "costs no more than STANDARD from 34 KB on" in strongroom("vault", "cost", *FILES, "--sizes").out


@pytest.mark.usefixtures("no_settings")
def test_every_month_as_csv_and_the_years_as_a_chart(strongroom: Strongroom, tmp_path: Path) -> None:
    csv_file, chart = tmp_path / "cost.csv", tmp_path / "cost.svg"
    files = ("--csv", str(csv_file), "--chart", str(chart))
    document = strongroom(*FIVE_TB, "--years", "2", *files, "--json").document
    with csv_file.open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 4 * 24
    for each in document["profiles"]:
        of_profile = [float(line["total_usd"]) for line in lines if line["profile"] == each["profile"]]
        assert sum(of_profile) == pytest.approx(each["total_usd"], abs=0.01)
    root = ET.fromstring(chart.read_text(encoding="utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    texts = {(text.text or "").strip() for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"promise", "guide (breaks a promise)", "standard", "years since the first day"} <= texts
    # it stands alone: nothing is fetched by who opens it
    assert not [value for each in root.iter() for name, value in each.attrib.items() if name.endswith("href")]


def test_without_an_ingest_it_is_measured_from_the_ledger(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    yesterday = day_of(utc_now()) - timedelta(days=1)
    for day in (yesterday, yesterday - timedelta(days=9)):
        ref = Day(engine, day).conversation()
        archived(engine, ref, {"manifest.json": (None, 8_000), "r1": ("r1", 3_000_000), "r2": ("r2", 5_000_000)})
    too_old = Day(engine, yesterday - timedelta(days=200)).conversation()
    archived(engine, too_old, {"r1": ("r1", 9_000_000)})
    document = strongroom("vault", "cost", "--json").document
    months = 10 * 12 / 365
    assert document["ingest"]["interactions_per_month"] == pytest.approx(2 / months, abs=0.01)
    assert document["ingest"]["objects_per_month"] == pytest.approx(6 / months, abs=0.01)
    assert document["ingest"]["gb_per_month"] == pytest.approx(2 * 8_008_000 / 2**30 / months, abs=1e-6)
    assert document["ingest"]["source"] == f"measured from {yesterday - timedelta(days=9)} to {yesterday}"
    assert "measured from" in strongroom("vault", "cost").out


def test_a_ledger_without_anything_is_said(strongroom: Strongroom, environment: dict[str, str]) -> None:
    strongroom("vault", "cost").refused(1, "nothing was archived of the last 30 days", "--ingest-gb-per-month")


def test_a_class_that_is_no_longer_in_the_policy_counts_as_the_default(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    ref = Day(engine, day_of(utc_now()) - timedelta(days=1)).conversation()
    archived(engine, ref, {"r1": ("r1", 3_000_000)})
    renamed = tmp_path / "retention.yaml"
    renamed.write_text(POLICY.read_text().replace("healthcare-voice", "patient-voice"))
    assert strongroom("vault", "cost", "--policy", str(renamed), "--json").document["cheapest"] == "promise"


@pytest.mark.usefixtures("no_settings")
def test_a_broken_promise_is_a_finding_and_is_still_priced(strongroom: Strongroom, tmp_path: Path) -> None:
    tiers = tmp_path / "tiers.yaml"
    tiers.write_text(TIERS.read_text().replace("default_profile: promise", "default_profile: guide"))
    command = ("vault", "cost", "--tiers", str(tiers), "--policy", str(POLICY), "--ingest-gb-per-month", "5120")
    outcome = strongroom(*command)
    assert outcome.exit_code == 1
    assert "DEEP_ARCHIVE (after 365 days) needs up to 12 hours" in outcome.out
    assert "cheapest that keeps every promise: promise" in outcome.out
    assert "90 % less" not in outcome.out, "what is refused is not praised"
    as_json = strongroom(*command, "--json")
    assert as_json.exit_code == 1
    assert as_json.document["configured"]["keeps_promises"] is False
    assert "17a-4(b)" in as_json.document["broken"]


@pytest.mark.usefixtures("no_settings")
def test_every_fault_of_a_tiers_file_is_shown_with_its_line(strongroom: Strongroom, tmp_path: Path) -> None:
    tiers = tmp_path / "tiers.yaml"
    text = TIERS.read_text().replace("usd: 0.021", "usd: much").replace("minimum_kb: 128", "minimum_kb: -1")
    tiers.write_text(text)
    lines = text.splitlines()
    faulty = [number for number, line in enumerate(lines, 1) if line.endswith(("usd: much", "minimum_kb: -1"))]
    outcome = strongroom("vault", "cost", "--tiers", str(tiers), "--guide")
    assert (outcome.exit_code, outcome.err) == (1, "")
    for number in faulty:
        assert f"{tiers}:{number}: " in outcome.out
    as_json = strongroom("vault", "cost", "--tiers", str(tiers), "--guide", "--json")
    assert [fault["line"] for fault in as_json.document["faults"]] == faulty


@pytest.mark.usefixtures("no_settings")
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--ingest-gb-per-month", "0"), "above 0"),
        (("--ingest-gb-per-month", "nan"), "above 0"),
        (("--ingest-gb-per-month", "five"), "above 0"),
        (("--ingest-gb-per-month", "5", "--mean-mb", "-3"), "above 0"),
        (("--ingest-gb-per-month", "5", "--class", "emial"), "no class 'emial'"),
        (("--ingest-gb-per-month", "5", "--chart", "cost.gif"), ".svg"),
        (("--ingest-gb-per-month", "5", "--years", "0"), "--years"),
        (("--guide", "--csv", "cost.csv"), "stand alone"),
        (("--guide", "--sizes"), "stand alone"),
        (("--ingest-gb-per-month", "5", "--csv", "/no/such/folder/cost.csv"), "can't be written"),
        (("--ingest-gb-per-month", "5", "--tiers", "/no/such/tiers.yaml"), "can't be read"),
    ],
)
def test_what_makes_no_sense_is_refused(strongroom: Strongroom, arguments: tuple[str, ...], word: str) -> None:
    strongroom("vault", "cost", *FILES, *arguments).refused(2, word)


@pytest.mark.usefixtures("no_settings")
@pytest.mark.parametrize(
    "command", [FIVE_TB, ("vault", "cost", *FILES, "--guide"), ("vault", "cost", *FILES, "--sizes")]
)
def test_it_fits_a_terminal(strongroom: Strongroom, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    out = strongroom(*command).out
    assert "…" not in out
    tables = [line for line in out.splitlines() if "$" in line and line.count("$") > 1]
    assert tables
    assert max(len(line.rstrip()) for line in tables if "tiers file" not in line) <= 100
