"""`strongroom log` and `strongroom seal`: keys, checkpoints and the log for others, and the days that are in it."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from command_line import Strongroom
from ledger_of_a_day import Day

from strongroom.evidence.checkpoints import open_checkpoint
from strongroom.evidence.notes import parse_verifier_key
from strongroom.ledger.engine import Engine
from strongroom.times import day_of, utc_now
from strongroom.vault.store import connect

YESTERDAY = day_of(utc_now()) - timedelta(days=1)


@pytest.fixture
def key_file(
    strongroom: Strongroom, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """A new signing key, named in the settings."""
    path = tmp_path / "log.pem"
    monkeypatch.setenv("STRONGROOM_LOG_ORIGIN", "example.com/log")
    assert strongroom("log", "new-key", str(path)).exit_code == 0
    monkeypatch.setenv("STRONGROOM_LOG_KEY_FILE", str(path))
    return path


@pytest.fixture
def vault(environment: dict[str, str], s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that the settings name."""
    monkeypatch.setenv("STRONGROOM_S3_ENDPOINT_URL", s3_endpoint)
    store = connect(environment["STRONGROOM_BUCKET"], s3_endpoint, 5, 30, 5 * 1024 * 1024)
    store.once.create_bucket(Bucket=store.bucket, ObjectLockEnabledForBucket=True)


def test_a_new_key_is_its_owners_and_never_written_over(strongroom: Strongroom, key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    before = key_file.read_bytes()
    again = strongroom("log", "new-key", str(key_file))
    assert (again.exit_code, again.out) == (2, "")
    assert "the file exists" in again.err
    assert key_file.read_bytes() == before
    assert "PRIVATE" not in strongroom("log", "new-key", str(key_file.with_name("other.pem"))).out


def test_the_public_key_is_one_line_as_clients_of_logs_take_it(strongroom: Strongroom, key_file: Path) -> None:
    out = strongroom("log", "public-key").out
    key = parse_verifier_key(out.removesuffix("\n"))
    assert key.name == "example.com/log"
    document = strongroom("log", "public-key", "--json").document
    assert document == {"verifier_key": str(key), "key_id": key.key_id, "origin": "example.com/log"}


@pytest.mark.parametrize("command", [("log", "public-key"), ("seal", str(YESTERDAY))])
def test_without_a_key_it_says_how_to_make_one(
    strongroom: Strongroom, environment: dict[str, str], command: tuple[str, ...]
) -> None:
    outcome = strongroom(*command)
    assert (outcome.exit_code, outcome.out) == (2, "")
    assert "make one with `strongroom log new-key FILE`" in outcome.err


def test_status_says_that_a_settled_day_is_not_sealed_for_want_of_a_key(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    Day(engine, YESTERDAY).opened().enumerated()
    assert "not yet: the day has not settled" in strongroom("status", str(YESTERDAY)).out
    Day(engine, YESTERDAY).settled()
    out = strongroom("status", str(YESTERDAY)).out
    assert "! not sealed: no signing key; make one with `strongroom log new-key FILE`" in out


def test_a_day_is_sealed_and_the_log_given_away(
    strongroom: Strongroom, engine: Engine, key_file: Path, vault: None, tmp_path: Path
) -> None:
    Day(engine, YESTERDAY).opened().enumerated()
    unsettled = strongroom("seal", str(YESTERDAY))
    assert unsettled.exit_code == 1
    assert "not yet: the day has not settled" in unsettled.out
    Day(engine, YESTERDAY).settled()
    sealed = strongroom("seal", str(YESTERDAY))
    assert (sealed.exit_code, sealed.err) == (0, "")
    assert "0 manifests" in sealed.out
    assert "! no timestamp: no authority was asked yet" in sealed.out
    document = strongroom("seal", str(YESTERDAY), "--json").document
    assert document["entries"] == 0
    assert document["sealed"]["checkpoint"] == document["log_size"] == 3
    assert strongroom("status", str(YESTERDAY), "--json").document["sealed"] == document["sealed"]
    key = parse_verifier_key(strongroom("log", "public-key").out.strip())
    note = strongroom("log", "checkpoint").out
    assert open_checkpoint(note.encode(), [key], "example.com/log").size == 3
    # key and policy were sealed before the day had settled
    assert "\n2\n" in strongroom("log", "checkpoint", "--size", "2").out
    folder = tmp_path / "export"
    assert strongroom("log", "export", str(folder)).exit_code == 0
    assert (folder / "checkpoint").read_text() == note
    assert (folder / "tile/entries/000.p/3").exists()
    again = strongroom("log", "export", str(folder))
    assert (again.exit_code, again.out) == (2, "")
    assert "it is not empty" in again.err


def test_there_is_no_checkpoint_of_a_size_that_was_never_sealed(
    strongroom: Strongroom, key_file: Path, vault: None
) -> None:
    outcome = strongroom("log", "checkpoint", "--size", "9")
    assert (outcome.exit_code, outcome.out) == (1, "")
    assert "there is no checkpoint of 9 leaves" in outcome.err
