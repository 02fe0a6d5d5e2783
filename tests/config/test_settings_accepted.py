"""Settings that are right, from each place they may stand in."""

from datetime import date, time
from pathlib import Path

import pytest
from settings_material import GOOD, SECRET, environment

from config.clients import OAuthClient
from config.environment import load_settings


def test_what_is_needed_is_enough() -> None:
    settings = load_settings(GOOD)
    assert settings.genesys_clients == (
        OAuthClient("client-1", f"{SECRET}-1"),
        OAuthClient("client-2", f"{SECRET}-2"),
    )
    assert (settings.retry_interval_s, settings.retry_deadline_s, settings.enumerate_at) == (900, 14_400, time(0, 30))
    assert settings.policy_file.is_file()
    assert settings.s3_endpoint_url is None


def test_no_secret_is_in_what_a_log_or_a_debugger_shows() -> None:
    settings = load_settings(GOOD)
    assert SECRET not in f"{settings!r} {settings} {settings.genesys_clients}"
    assert SECRET in settings.database_url.get_secret_value()


def test_values_are_read_as_what_they_are() -> None:
    settings = load_settings(
        environment(
            START_DAY="2025-05-14",
            ENUMERATE_AT="01:15",
            CATCH_UP_DAYS="0",
            RETRY_INTERVAL_S="0.5",
            ACCEPT_STORE_WITHOUT_CONDITIONAL_PUTS="true",
            AUDIO_FORMAT="OGG_OPUS",
            S3_ENDPOINT_URL="http://127.0.0.1:9000/",
            SPOOL_DIR="/var/spool/strongroom",
        )
    )
    assert (settings.start_day, settings.enumerate_at, settings.catch_up_days) == (date(2025, 5, 14), time(1, 15), 0)
    assert (settings.retry_interval_s, settings.accept_store_without_conditional_puts) == (0.5, True)
    assert settings.s3_endpoint_url == "http://127.0.0.1:9000"
    assert settings.spool_dir == Path("/var/spool/strongroom")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://user@/name?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql+psycopg2://user@host/name"),
        ("REDIS_URL", "rediss://host/1"),
        ("REDIS_URL", "redis+socket:///run/redis.sock"),
        ("GENESYS_API_URL", "https://gateway.example/genesys"),
        ("GENESYS_CLIENTS", "one:with:colons"),
        ("GENESYS_CLIENTS", "one:a, two:b"),
    ],
)
def test_other_spellings_of_an_address_or_a_pool(name: str, value: str) -> None:
    load_settings(environment(**{name: value}))


@pytest.mark.parametrize("name", ["START_DAY", "S3_ENDPOINT_URL", "RETRY_INTERVAL_S", "POLICY_FILE"])
def test_an_empty_value_is_as_good_as_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # the process's own environment must not come in by another door
    monkeypatch.setenv(f"STRONGROOM_{name}", "")
    assert load_settings(environment(**{name: ""})) == load_settings(GOOD)


def test_nothing_but_the_given_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRONGROOM_START_DAY", "2020-01-01")
    assert load_settings(GOOD).start_day is None


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "clients"
    secret.write_text(f"client-1:{SECRET}\n")
    settings = load_settings(environment(GENESYS_CLIENTS=None, GENESYS_CLIENTS_FILE=str(secret)))
    assert settings.genesys_clients == (OAuthClient("client-1", SECRET),)


def test_a_settings_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "strongroom.env"
    lines = [f"{name}={value}" for name, value in GOOD.items()]
    # as Windows saves it; with what people write into such files
    file.write_text(
        "\ufeff# the archive\n\n"
        + "\n".join(lines)
        + "\nexport STRONGROOM_QUIET_S='60' # quick\nSTRONGROOM_LEASE_S=9\n"
    )
    settings = load_settings({"STRONGROOM_SETTINGS_FILE": str(file), "STRONGROOM_LEASE_S": "30", "PATH": "/bin"})
    assert (settings.quiet_s, settings.lease_s, settings.bucket) == (60, 30, "vault-1")
