"""`strongroom migrate`, `vault create` and `doctor`: set up once, harmless twice, and told in words."""

from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from command_line import Strongroom

from embedded.simulator import Simulator


@pytest.fixture
def s3(environment: dict[str, str], s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the S3 server that the environment then names."""
    monkeypatch.setenv("STRONGROOM_S3_ENDPOINT_URL", s3_endpoint)
    return boto3.client("s3", endpoint_url=s3_endpoint)


def outcomes(document: Any) -> dict[str, str]:
    """What `doctor --json` says of each check."""
    return {check["check"]: check["outcome"] for check in document["checks"]}


def test_migrate_says_from_which_schema_to_which_and_is_harmless_twice(
    strongroom: Strongroom, environment: dict[str, str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_DATABASE_URL", database_url)
    first = strongroom("migrate", "--json").document
    assert first["before"] is None
    assert first["after"]
    assert strongroom("migrate", "--json").document == {"before": first["after"], "after": first["after"]}
    assert "nothing to do" in strongroom("migrate").out
    assert strongroom("status").exit_code == 0


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_vault_create_is_harmless_twice(
    strongroom: Strongroom, environment: dict[str, str], s3: Any, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    first = strongroom("vault", "create", "--json").document
    assert (first["bucket"], first["region"]) == (environment["STRONGROOM_BUCKET"], region)
    assert "Object Lock" in first["done"][0]
    again = strongroom("vault", "create", "--region", region)
    assert again.out == f"nothing to do: bucket {first['bucket']} is as it must be\n"
    configuration = s3.get_object_lock_configuration(Bucket=first["bucket"])
    assert configuration["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"


def test_a_bucket_without_object_lock_is_refused(
    strongroom: Strongroom, environment: dict[str, str], s3: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_REDIS_URL", redis_url)
    monkeypatch.setattr("cli.checks.GENESYS_PATIENCE_S", 0.1)
    s3.create_bucket(Bucket=environment["STRONGROOM_BUCKET"])
    strongroom("vault", "create").refused(2, "without Object Lock", environment["STRONGROOM_BUCKET"])
    checks = {check["check"]: check for check in strongroom("doctor", "--json").document["checks"]}
    assert checks["bucket"]["outcome"] == "finding"
    assert "Object Lock" in checks["bucket"]["what"]
    assert checks["protection"]["outcome"] == "skipped"


def test_doctor_finds_everything_good(
    strongroom: Strongroom,
    environment: dict[str, str],
    s3: Any,
    redis_url: str,
    simulator: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genesys: Simulator = simulator(conversations=1, day=date(2026, 3, 10), clients=2)
    monkeypatch.setenv("STRONGROOM_REDIS_URL", redis_url)
    monkeypatch.setenv("STRONGROOM_GENESYS_API_URL", genesys.url)
    monkeypatch.setenv("STRONGROOM_GENESYS_LOGIN_URL", genesys.url)
    assert strongroom("vault", "create").exit_code == 0
    outcome = strongroom("doctor", "--json")
    assert set(outcomes(outcome.document).values()) == {"good"}, outcome.out
    assert (outcome.exit_code, outcome.document["healthy"]) == (0, True)

    monkeypatch.setenv("STRONGROOM_GENESYS_CLIENTS", "client-1:secret-1,client-2:planted-secret")
    outcome = strongroom("doctor")
    assert outcome.exit_code == 1
    [line] = [line for line in outcome.out.splitlines() if line.startswith("✗")]
    assert "OAuth client 2 of 2" in line
    assert "planted-secret" not in outcome.out


def test_doctor_tells_unreachable_from_wrong(
    strongroom: Strongroom, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("cli.checks.GENESYS_PATIENCE_S", 0.1)
    blocked = tmp_path / "a-file"
    blocked.touch()
    monkeypatch.setenv("STRONGROOM_SPOOL_DIR", str(blocked / "spool"))
    monkeypatch.setenv("STRONGROOM_POLICY_FILE", str(blocked))
    outcome = strongroom("doctor", "--json")
    assert outcome.exit_code == 3
    assert outcomes(outcome.document) == {
        "settings": "good",
        "policy": "finding",
        "PostgreSQL": "good",
        "schema": "good",
        "clock": "good",
        "Redis": "unreachable",
        "bucket": "unreachable",
        "protection": "skipped",
        "Genesys": "unreachable",
        "spool": "unreachable",
    }
    assert all(check["todo"] for check in outcome.document["checks"] if check["outcome"] in ("finding", "unreachable"))


def test_doctor_without_settings_lists_each(strongroom: Strongroom) -> None:
    outcome = strongroom("doctor", "--json")
    assert outcome.exit_code == 1
    assert set(outcomes(outcome.document)) == {"settings"}
    assert "STRONGROOM_DATABASE_URL" in outcome.out
    assert "STRONGROOM_GENESYS_CLIENTS" in outcome.out
