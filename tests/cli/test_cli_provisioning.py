"""`strongroom migrate`, `vault create` and `doctor`: set up once, harmless twice, and told in words."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
import redis
from command_line import Strongroom
from sqlalchemy import insert

from config.environment import load_settings
from embedded.simulator import Simulator
from strongroom.errors import Misconfigured
from strongroom.genesys.allowance import COUNTS_KEY
from strongroom.house import open_house
from strongroom.ledger.schema import runs
from strongroom.pipeline.seal import seal


@pytest.fixture
def s3(environment: dict[str, str], s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the S3 server that the environment then names."""
    monkeypatch.setenv("STRONGROOM_S3_ENDPOINT_URL", s3_endpoint)
    return boto3.client("s3", endpoint_url=s3_endpoint)


NOT_SET_UP = {"timestamps", "webhook", "mail", "Flower", "workers", "Beat"}
"""What these tests do without; test_cli_doctor has a fleet."""


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
    told, note = again.out.splitlines()
    assert told == f"nothing to do: bucket {first['bucket']} is as it must be"
    assert note.startswith("note: the store is spoken to over plain HTTP")
    assert again.exit_code == 0
    configuration = s3.get_object_lock_configuration(Bucket=first["bucket"])
    assert configuration["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"


def test_a_dry_run_prints_the_calls_and_makes_none(
    strongroom: Strongroom, environment: dict[str, str], s3: Any
) -> None:
    outcome = strongroom("vault", "create", "--dry-run", "--region", "eu-central-1")
    assert outcome.exit_code == 0
    calls = [line.split(" ", 1) for line in outcome.out.splitlines() if not line.startswith("note: ")]
    assert calls[0][0] == "CreateBucket"
    assert json.loads(calls[0][1])["CreateBucketConfiguration"] == {"LocationConstraint": "eu-central-1"}
    assert all(json.loads(parameters)["Bucket"] == environment["STRONGROOM_BUCKET"] for _, parameters in calls)
    document = strongroom("vault", "create", "--dry-run", "--json").document
    assert document["dryRun"]
    assert [call["operation"] for call in document["calls"]] == [operation for operation, _ in calls]
    assert environment["STRONGROOM_BUCKET"] not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def test_what_create_may_not_mend_is_told_and_left_and_check_finds_it(
    strongroom: Strongroom, environment: dict[str, str], s3: Any
) -> None:
    bucket = environment["STRONGROOM_BUCKET"]
    assert strongroom("vault", "create").exit_code == 0
    assert strongroom("vault", "check", "--bucket-only").exit_code == 0
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    rules.append({"ID": "tidy-up", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 100}})
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    outcome = strongroom("vault", "create")
    assert outcome.exit_code == 1
    assert f"nothing to do: bucket {bucket} has nothing that can be mended here" in outcome.out
    assert "left: lifecycle rule tidy-up is none of ours and hides records under delete markers" in outcome.out
    assert "aws s3api put-bucket-lifecycle-configuration --bucket" in outcome.out
    outcome = strongroom("vault", "check", "--bucket-only", "--json")
    assert outcome.exit_code == 1
    assert "lifecycle-rule-foreign" in {finding["kind"] for finding in outcome.document["findings"]}


def test_a_trial_is_made_by_name_setting_and_option_only(
    strongroom: Strongroom, environment: dict[str, str], s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    strongroom("vault", "create", "--trial").refused(2, "STRONGROOM_TRIAL", "-trial")
    bucket = f"{environment['STRONGROOM_BUCKET']}-trial"
    monkeypatch.setenv("STRONGROOM_BUCKET", bucket)
    strongroom("vault", "create", "--trial").refused(2, "STRONGROOM_TRIAL")
    monkeypatch.setenv("STRONGROOM_TRIAL", "true")
    strongroom("vault", "create").refused(2, "--trial")
    assert bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}
    assert strongroom("vault", "create", "--trial").exit_code == 0
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "strongroom", "Value": "trial"}]
    assert strongroom("vault", "check", "--bucket-only").exit_code == 0


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


@pytest.mark.long
def test_doctor_finds_everything_good(
    strongroom: Strongroom,
    environment: dict[str, str],
    s3: Any,
    redis_url: str,
    simulator: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    genesys: Simulator = simulator(conversations=1, day=date(2026, 3, 10), clients=2)
    monkeypatch.setenv("STRONGROOM_REDIS_URL", redis_url)
    monkeypatch.setenv("STRONGROOM_GENESYS_API_URL", genesys.url)
    monkeypatch.setenv("STRONGROOM_GENESYS_LOGIN_URL", genesys.url)
    assert strongroom("vault", "create").exit_code == 0
    outcome = strongroom("doctor", "--json")
    said = outcomes(outcome.document)
    assert {check for check in said if said[check] == "skipped"} == NOT_SET_UP | {"log key"}, outcome.out
    assert (outcome.exit_code, outcome.document["healthy"]) == (0, True), "what was never started is not missed"
    monkeypatch.setenv("STRONGROOM_LOG_KEY_FILE", str(tmp_path / "log.pem"))
    [key] = [check for check in strongroom("doctor", "--json").document["checks"] if check["check"] == "log key"]
    assert key["todo"] == f"run: strongroom log new-key {tmp_path / 'log.pem'}", "nothing was signed yet"
    assert strongroom(*key["todo"].split()[2:]).exit_code == 0
    outcome = strongroom("doctor", "--json")
    said = outcomes(outcome.document)
    assert {check for check in said if said[check] != "good"} == NOT_SET_UP, outcome.out
    with redis.Redis.from_url(redis_url) as server:
        of_clients = set(server.keys("strongroom:{allowance}:*")) - {COUNTS_KEY.encode()}
        assert len(of_clients) == 2, "its requests are counted with the fleet's"
    monkeypatch.setenv("STRONGROOM_REDIS_URL", environment["STRONGROOM_REDIS_URL"])
    said = outcomes(strongroom("doctor", "--json").document)
    assert (said["Redis"], said["Genesys"]) == ("unreachable", "good")
    monkeypatch.setenv("STRONGROOM_REDIS_URL", redis_url)

    monkeypatch.setenv("STRONGROOM_GENESYS_CLIENTS", "client-1:secret-1,client-2:planted-secret")
    outcome = strongroom("doctor")
    assert outcome.exit_code == 1
    [line] = [line for line in outcome.out.splitlines() if line.startswith("✗")]
    assert "OAuth client 2 of 2" in line
    assert "planted-secret" not in outcome.out


@pytest.mark.long
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
        "tiers": "skipped",
        "PostgreSQL": "good",
        "schema": "good",
        "privileges": "good",
        "clock": "good",
        "Redis": "unreachable",
        "Redis keeps": "skipped",
        "workers": "skipped",
        "Beat": "skipped",
        "bucket": "unreachable",
        "protection": "skipped",
        "log key": "skipped",
        "timestamps": "skipped",
        "Genesys": "unreachable",
        "recordings": "skipped",
        "other clocks": "skipped",
        "spool": "unreachable",
        "webhook": "skipped",
        "mail": "skipped",
        "Flower": "skipped",
    }
    assert all(check["todo"] for check in outcome.document["checks"] if check["outcome"] in ("finding", "unreachable"))


def test_doctor_without_settings_lists_each(strongroom: Strongroom) -> None:
    outcome = strongroom("doctor", "--json")
    assert outcome.exit_code == 1
    assert set(outcomes(outcome.document)) == {"settings"}
    assert "STRONGROOM_DATABASE_URL" in outcome.out
    assert "STRONGROOM_GENESYS_CLIENTS" in outcome.out


def test_a_refused_probe_does_not_hide_what_was_made(
    strongroom: Strongroom, environment: dict[str, str], s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket stands, and whoever made it must know: the refusal comes after what was done."""

    def refuse(*_: object) -> None:
        raise Misconfigured("the store ignores If-None-Match", where="the probe", todo="use another store")

    monkeypatch.setattr("cli.vault_create.require_fit", refuse)
    outcome = strongroom("vault", "create")
    assert outcome.exit_code == 2
    assert "ignores If-None-Match" in outcome.err
    assert f"created bucket {environment['STRONGROOM_BUCKET']}" in outcome.out
    again = strongroom("vault", "create", "--json")
    assert again.exit_code == 2
    assert "ignores If-None-Match" in json.loads(again.out)["probe"]


@pytest.mark.long
def test_doctor_looks_at_the_key_that_the_log_is_signed_with(
    strongroom: Strongroom, environment: dict[str, str], s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("cli.checks.GENESYS_PATIENCE_S", 0.1)

    def log_key() -> dict[str, Any]:
        document = strongroom("doctor", "--json").document
        return next(check for check in document["checks"] if check["check"] == "log key")

    for name in ("log", "other"):
        assert strongroom("log", "new-key", str(tmp_path / f"{name}.pem")).exit_code == 0
    assert strongroom("vault", "create").exit_code == 0
    monkeypatch.setenv("STRONGROOM_LOG_KEY_FILE", str(tmp_path / "log.pem"))
    house = open_house(load_settings(dict(os.environ)), "test")
    with house.engine.begin() as connection:
        connection.execute(insert(runs).values(day=date(2026, 3, 10), state="settled", cause="a test"))
    seal(house)
    house.engine.dispose()
    assert log_key()["outcome"] == "good"
    assert "vouches for the newest checkpoint" in log_key()["what"]

    monkeypatch.setenv("STRONGROOM_LOG_KEY_FILE", str(tmp_path / "other.pem"))
    assert log_key()["outcome"] == "finding"
    assert "was not signed with" in log_key()["what"]
    monkeypatch.setenv("STRONGROOM_LOG_OLD_KEY_FILE", str(tmp_path / "log.pem"))
    assert log_key()["outcome"] == "good", "the keys are being changed"
    monkeypatch.delenv("STRONGROOM_LOG_OLD_KEY_FILE")
    monkeypatch.setenv("STRONGROOM_LOG_KEY_FILE", str(tmp_path / "gone.pem"))
    assert log_key()["outcome"] == "finding"
    monkeypatch.delenv("STRONGROOM_LOG_KEY_FILE")
    assert log_key()["outcome"] == "finding", "a log that nothing signs any more"
