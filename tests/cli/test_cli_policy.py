"""`strongroom policy`: every fault with its line; and why a conversation is kept as it is."""

from pathlib import Path

import pytest
from command_line import Strongroom
from ledger_of_a_day import Day

from config.settings import Settings
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
