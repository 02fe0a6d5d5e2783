"""`strongroom policy`: every fault with its line; and why a conversation is kept as it is."""

import hashlib
from pathlib import Path

import pytest
from command_line import Strongroom
from ledger_of_a_day import Day

from config.settings import Settings
from strongroom.ledger import archived as archived_rows
from strongroom.ledger.engine import Engine

DEFAULT_POLICY = Path(Settings.model_fields["policy_file"].default)


def test_a_valid_policy_is_shown(strongroom: Strongroom, environment: dict[str, str]) -> None:
    document = strongroom("policy", "check", "--json").document
    assert document["valid"] is True
    assert document["faults"] == []
    assert document["default_class"] == "unclassified"
    assert {"name", "basis", "required_years", "retained_years", "lock_mode", "erasable"} <= set(document["classes"][0])
    assert document["rules"][0]["when"] == {"queue": ["Financial Advice*"], "media_type": ["voice"]}
    outcome = strongroom("policy", "check")
    assert outcome.exit_code == 0
    assert document["version"] in outcome.out
    for each in document["classes"]:
        assert each["name"] in outcome.out


def test_every_fault_has_its_line_and_is_a_finding(strongroom: Strongroom, tmp_path: Path) -> None:
    lines = DEFAULT_POLICY.read_text().replace("COMPLIANCE\n", "COMPLIENCE\n").splitlines()
    faulty = [number for number, line in enumerate(lines, start=1) if line.endswith("lock_mode: COMPLIENCE")]
    assert len(faulty) > 1
    file = tmp_path / "retention.yaml"
    file.write_text("\n".join(lines))
    outcome = strongroom("policy", "check", str(file))
    assert (outcome.exit_code, outcome.err) == (1, "")
    for number in faulty:
        assert f"{file}:{number}: " in outcome.out
    as_json = strongroom("policy", "check", str(file), "--json")
    assert as_json.exit_code == 1
    assert as_json.document["valid"] is False
    assert [fault["line"] for fault in as_json.document["faults"]][: len(faulty)] == faulty


def test_warnings_are_shown_and_are_no_finding(strongroom: Strongroom, tmp_path: Path) -> None:
    file = tmp_path / "retention.yaml"
    file.write_text(DEFAULT_POLICY.read_text().replace("default_class: unclassified", "default_class: email"))
    outcome = strongroom("policy", "check", str(file))
    assert outcome.exit_code == 0
    assert "'unclassified' is used by no rule" in outcome.out
    assert len(strongroom("policy", "check", str(file), "--json").document["warnings"]) == 2


def test_a_file_that_is_not_there(strongroom: Strongroom) -> None:
    strongroom("policy", "check", "/no/such/file").refused(2, "/no/such/file")


def test_explain_tells_the_decision_and_what_todays_policy_says(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    ref = Day(engine).conversation(queue_name="Patient Line")
    document = strongroom("policy", "explain", str(ref.conversation_id), "--json").document
    assert document["conversation_end"] == "2025-05-14T09:30:00.000Z"
    assert (document["revision"], document["state"]) == (1, "capturing")
    assert document["recorded"]["retention_class"] == document["today"]["retention_class"] == "healthcare-voice"
    assert document["recorded"]["reasons"] == ["a test decided on healthcare-voice"]
    assert document["today"]["rules"] == ["healthcare voice"]
    assert document["recorded"]["retain_until"] == "2032-05-14T09:30:00.000Z"
    assert document["same"] is True
    outcome = strongroom("policy", "explain", str(ref.conversation_id))
    assert outcome.exit_code == 0
    assert "decides the same (another version)" in outcome.out


def test_explain_shows_what_would_be_decided_otherwise_today(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    ref = Day(engine).conversation(queue_name="Financial Advice \x1b[31mUK")
    document = strongroom("policy", "explain", str(ref.conversation_id), "--json").document
    assert document["same"] is False
    assert document["today"]["retention_class"] == "financial-advice-voice"
    out = strongroom("policy", "explain", str(ref.conversation_id)).out
    assert "Today's policy decides otherwise" in out
    assert "\x1b" not in out


def test_explain_before_anything_is_decided(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    ref = Day(engine).discovered()
    document = strongroom("policy", "explain", str(ref.conversation_id), "--json").document
    assert (document["recorded"], document["today"], document["same"]) == (None, None, None)
    assert "Nothing is decided yet" in strongroom("policy", "explain", str(ref.conversation_id)).out


@pytest.mark.parametrize("width", ["60", "100"])
def test_narrow_terminals_hide_nothing(
    strongroom: Strongroom,
    environment: dict[str, str],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    width: str,
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    ref = Day(engine).conversation()
    for command in (["check"], ["explain", str(ref.conversation_id)]):
        out = strongroom("policy", *command).out
        assert "…" not in out
        assert max(len(line) for line in out.splitlines() if not line.startswith("version ")) <= int(width)


def test_the_document_is_written_for_counsel(strongroom: Strongroom, tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    told = strongroom("policy", "document", str(DEFAULT_POLICY), "-o", str(folder), "--json").document
    markdown = Path(told["markdown"]).read_bytes()
    assert hashlib.sha256(markdown).hexdigest() == told["document_sha256"]
    assert told["policy_version"] == hashlib.sha256(DEFAULT_POLICY.read_bytes()).hexdigest()
    assert told["policy_version"].encode() in markdown
    assert Path(told["pdf"]).read_bytes().startswith(b"%PDF-")
    shown = strongroom("policy", "document", str(DEFAULT_POLICY), "-o", str(folder))
    assert (shown.exit_code, told["document_sha256"] in shown.out) == (0, True)


def test_a_folder_that_cannot_be_made(strongroom: Strongroom, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    strongroom("policy", "document", str(DEFAULT_POLICY), "-o", str(tmp_path / "taken")).refused(2, "-o")


def test_what_if_counts_what_would_change_and_what_is_left_out(
    strongroom: Strongroom,
    environment: dict[str, str],
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archived_rows, "_BATCH", 2)  # so that the day is read in several
    day = Day(engine)
    for _ in range(5):
        day.archive(day.conversation(queue_name="Patient Line"))
    day.archive(day.conversation(queue_name="Billing", defaulted=True))
    day.conversation(queue_name="Patient Line")
    day.discovered()
    found = strongroom("policy", "what-if", str(DEFAULT_POLICY), "--all", "--json").document
    assert (found["records"], found["changed"]["records"], found["stays"]) == (6, 0, 0)
    assert {reason.split(":")[0]: number for reason, number in found["left_out"].items()} == {
        "being archived": 1,
        "not archived yet": 1,
    }
    longer = tmp_path / "longer.yaml"
    years = "required_years: 6       # from creation\n    retained_years: "
    longer.write_text(DEFAULT_POLICY.read_text().replace(f"{years}7", f"{years}9"))
    found = strongroom(
        "policy", "what-if", str(longer), "--from", "2025-05-01", "--to", "2025-05-31", "--json"
    ).document
    assert (found["changed"]["records"], found["changed"]["added_years"]) == (5, 10)
    out = strongroom("policy", "what-if", str(longer), "--all").out
    assert "6 records: 5 would change" in out
    assert "healthcare-voice, 9 years, COMPLIANCE" in out
    assert strongroom("policy", "what-if", str(longer)).exit_code == 0  # of the last month there is nothing


def test_a_faulty_policy_changes_nothing(strongroom: Strongroom, environment: dict[str, str], tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("classes: {}")
    strongroom("policy", "what-if", str(faulty), "--all").refused(2, "faulty.yaml")
