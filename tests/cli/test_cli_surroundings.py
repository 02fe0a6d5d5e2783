"""What a command needs and doesn't find: one line on stderr, the design's exit code, nothing done."""

from pathlib import Path

import pytest
from command_line import Strongroom

from cli.connections import ledger, settings_of_process
from strongroom.ledger.engine import Engine
from strongroom.ledger.runs import first_day

ID = "7c0f7a52-9f0f-4d1c-8a51-0f8f7f2f3b11"
NEEDS_LEDGER = [
    ["archive", "2025-05-14"],
    ["status"],
    ["status", "2025-05-14", "--watch"],
    ["review"],
    ["requeue", "--all"],
    ["policy", "explain", ID],
]
NEEDS_SETTINGS = [["migrate"], ["vault", "create"], ["policy", "check"], *NEEDS_LEDGER]


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("command", NEEDS_SETTINGS, ids=" ".join)
def test_without_settings_it_says_which_are_missing(
    strongroom: Strongroom, command: list[str], json: list[str]
) -> None:
    strongroom(*command, *json).refused(2, "STRONGROOM_DATABASE_URL")


@pytest.mark.parametrize("command", [["migrate"], *NEEDS_LEDGER], ids=" ".join)
def test_unreachable_postgres(
    strongroom: Strongroom,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
    command: list[str],
) -> None:
    url = f"postgresql://operator:planted-secret@127.0.0.1:{closed_port}/strongroom"
    monkeypatch.setenv("STRONGROOM_DATABASE_URL", url)
    strongroom(*command).refused(3, "PostgreSQL does not answer", "STRONGROOM_DATABASE_URL")


def test_an_account_postgres_does_not_know(
    strongroom: Strongroom, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = environment["STRONGROOM_DATABASE_URL"].replace("postgres@", "nobody-here:planted-secret@")
    monkeypatch.setenv("STRONGROOM_DATABASE_URL", url)
    strongroom("status").refused(2, "refuses the login")


@pytest.mark.parametrize("command", NEEDS_LEDGER, ids=" ".join)
def test_a_database_without_the_schema(
    strongroom: Strongroom,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
    command: list[str],
) -> None:
    monkeypatch.setenv("STRONGROOM_DATABASE_URL", database_url)
    strongroom(*command).refused(2, "schema is empty", "strongroom migrate")


def test_unreachable_redis_leaves_no_run_behind(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    strongroom("archive", "2025-05-14").refused(3, "Redis does not answer", "STRONGROOM_REDIS_URL")
    assert first_day(engine) is None


def test_unreachable_s3(strongroom: Strongroom, environment: dict[str, str]) -> None:
    strongroom("vault", "create").refused(3, "does not answer", environment["STRONGROOM_BUCKET"])


def test_a_broken_policy_stops_explaining_but_not_archiving(
    strongroom: Strongroom,
    environment: dict[str, str],
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    broken = tmp_path / "retention.yaml"
    broken.write_text("classes: 7\n")
    monkeypatch.setenv("STRONGROOM_POLICY_FILE", str(broken))
    monkeypatch.setenv("STRONGROOM_REDIS_URL", redis_url)
    strongroom("policy", "explain", ID).refused(2, str(broken), "line 1")
    assert strongroom("archive", "2025-05-14").exit_code == 0


def test_an_unknown_conversation_is_a_finding(strongroom: Strongroom, environment: dict[str, str]) -> None:
    strongroom("policy", "explain", ID).refused(1, ID)


def test_the_ledger_is_let_go_of_when_a_command_ends(environment: dict[str, str]) -> None:
    with ledger(settings_of_process()) as engine:
        assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]
    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined]
