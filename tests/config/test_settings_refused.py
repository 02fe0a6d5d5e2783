"""Settings that are wrong: each refused with one line that says which, where and why, and never shows a value."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settings_material import GOOD, SECRET, environment

from config.environment import SettingsInvalid, load_settings
from config.settings import Settings

SERVER = "must be the address of a server"
FAULTS = [
    ("DATABASE_URL", None, "is needed and not set"),
    ("DATABASE_URL", "", "is needed and not set"),
    ("DATABASE_URL", f"mysql://user:{SECRET}@db/ledger", "must be of the form postgresql://"),
    ("DATABASE_URL", f"user:{SECRET}@db", "must be of the form postgresql://"),
    ("REDIS_URL", f"http://:{SECRET}@redis", "must be of the form redis://"),
    ("REDIS_URL", f"unix:///{SECRET}", "must be of the form redis://"),
    ("REDIS_URL", f"redis://:{SECRET}/more@redis:6379/0", "has no number as port: write what is special"),
    ("BUCKET", None, "is needed and not set"),
    ("BUCKET", f"Vault_{SECRET}", "must be 3 to 63 small letters"),
    ("BUCKET", f"s3://{SECRET}", "must be 3 to 63 small letters"),
    ("BUCKET", f"vault..{SECRET}", "must be 3 to 63 small letters"),
    ("BUCKET", "ab", "must be 3 to 63 small letters"),
    ("S3_ENDPOINT_URL", f"{SECRET}:9000", SERVER),
    ("S3_ENDPOINT_URL", f"http://s3:{SECRET}", SERVER),
    ("GENESYS_API_URL", f"api.{SECRET}.ie", SERVER),
    ("GENESYS_API_URL", "https://", SERVER),
    ("GENESYS_API_URL", f"ftp://{SECRET}", SERVER),
    ("GENESYS_API_URL", f"https://api.{SECRET} .ie", SERVER),
    ("GENESYS_API_URL", f"https://[{SECRET}", SERVER),
    ("GENESYS_LOGIN_URL", f"https://user:{SECRET}@login", "must not hold a user name or password"),
    ("GENESYS_LOGIN_URL", f"https://login?token={SECRET}", "without '?' or '#'"),
    ("GENESYS_CLIENTS", SECRET, "client 1 is not of the form id:secret"),
    ("GENESYS_CLIENTS", f"client-1:{SECRET},", "client 2 is not of the form id:secret"),
    ("GENESYS_CLIENTS", f":{SECRET}", "client 1 is not of the form id:secret"),
    ("GENESYS_CLIENTS", f"a:{SECRET},a:{SECRET}", "a client id is given twice"),
    ("START_DAY", f"14.5.{SECRET}", "must be a day as YYYY-MM-DD"),
    ("START_DAY", "1747180800", "must be a day as YYYY-MM-DD"),
    ("START_DAY", "2025-05-14T00:00:00", "must be a day as YYYY-MM-DD"),
    ("START_DAY", "2025-02-29", "must be a day that exists"),
    ("ENUMERATE_AT", "00:30+02:00", "must be a time of day in UTC as HH:MM"),
    ("ENUMERATE_AT", "00:30:15", "must be a time of day in UTC as HH:MM"),
    ("ENUMERATE_AT", "24:00", "must be a time of day that exists"),
    ("CATCH_UP_DAYS", "-1", "must be at least 0"),
    ("CATCH_UP_DAYS", SECRET, "must be a whole number"),
    ("CATCH_UP_DAYS", "1.5", "must be a whole number"),
    ("CATCH_UP_DAYS", "9" * 5_000, "must be a whole number"),
    ("LOOK_BACK_DAYS", "367", "must be at most 366"),
    ("SECOND_LOOK_DAYS", "32", "must be at most 31"),
    ("SECOND_LOOK_DAYS", "-1", "must be at least 0"),
    ("RESTORE_DEADLINE_S", "0", "must be more than 0"),
    ("QUERY_REACH", "0", "must be at least 100"),
    ("OVERLAP_S", "nan", "must be a number"),
    ("QUIET_S", "86401", "must be at most 86400"),
    ("RETRY_INTERVAL_S", "0", "must be more than 0"),
    ("RETRY_INTERVAL_S", "inf", "must be a number"),
    ("RETRY_INTERVAL_S", f"15 {SECRET}", "must be a number"),
    ("RETRY_DEADLINE_S", "899", "must not be less than STRONGROOM_RETRY_INTERVAL_S"),
    ("RETRY_DEADLINE_S", "1e9", "must be at most 2592000"),
    ("LEASE_S", "0.9", "must be at least 1"),
    ("SWEEP_BATCH", "0", "must be at least 1"),
    ("AUDIO_FORMAT", SECRET, "must be one of 'NONE', 'WAV'"),
    ("AUDIO_FORMAT", "wav", "must be one of 'NONE', 'WAV'"),
    ("MULTIPART_PART_MIB", "4", "must be at least 5"),
    ("ACCEPT_STORE_WITHOUT_CONDITIONAL_PUTS", SECRET, "must be true or false"),
    ("RETRY_INTERVALL_S", SECRET, "is no setting of Strongroom's: correct or remove it"),
    ("RETRY_INTERVALL_S_FILE", SECRET, "is no setting of Strongroom's: correct or remove it"),
    ("Bucket", SECRET, "is no setting of Strongroom's: correct or remove it"),
    ("FILE", SECRET, "is no setting of Strongroom's: correct or remove it"),
    ("TRIAL", "true", "must be true exactly when STRONGROOM_BUCKET ends with -trial"),
    ("TRIAL", "maybe", "must be true or false"),
    ("KMS_KEY_ID", "alias/records", "an alias could be pointed at another key"),
    ("KMS_KEY_ID", "arn:aws:kms:eu-west-1:111122223333:alias/records", "the id or the ARN of a KMS key"),
    ("BREAK_GLASS_ROLE_ARN", "break-glass", "must be the ARN of an IAM role"),
    ("BREAK_GLASS_ROLE_ARN", "arn:aws:iam::111122223333:role/*", "must be the ARN of an IAM role"),
]


def refusal(environ: dict[str, str]) -> SettingsInvalid:
    """What loading raises, checked for what holds of every refusal."""
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(environ)
    assert "\n" not in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.exit_code == 2
    assert refused.value.__cause__ is None or SECRET not in str(refused.value.__cause__)
    return refused.value


@pytest.mark.parametrize(("name", "value", "words"), FAULTS)
def test_a_fault_in_the_environment(name: str, value: str | None, words: str) -> None:
    error = refusal(environment(**{name: value}))
    assert len(error.faults) == 1
    assert error.faults[0].startswith(f"STRONGROOM_{name}")
    assert words in error.faults[0]


@pytest.mark.parametrize(("name", "value", "words"), [fault for fault in FAULTS if fault[1]])
def test_the_same_fault_in_a_settings_file_is_told_with_its_line(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    file = tmp_path / "strongroom.env"
    file.write_text(f"# the archive\n\nSTRONGROOM_{name}={value!r}\n")
    environ = environment(**{name: None}) | {"STRONGROOM_SETTINGS_FILE": str(file)}
    error = refusal(environ)
    assert error.faults == [error.faults[0]]
    assert error.faults[0].startswith(f"STRONGROOM_{name} ({file} line 3)")
    assert words in error.faults[0]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f"postgresql://user:{SECRET}@db/ledger", "line 1: not of the form NAME=value"),
        (f"postgresql://user:{SECRET}@db/ledger?sslmode=require", "line 1: not of the form NAME=value"),
        (f"STRONGROOM_GENESYS_CLIENTS:{SECRET}=x", "line 1: not of the form NAME=value"),
        ("STRONGROOM_BUCKET", "line 1: not of the form NAME=value"),
        (f"\nSTRONGROOM_BUCKET='{SECRET}", "line 2: not of the form NAME=value"),
        (
            f"STRONGROOM_LEASE_S=1\n\nSTRONGROOM_LEASE_S={SECRET}",
            "line 3: STRONGROOM_LEASE_S was set on line 1 already",
        ),
        (f"AWS_SECRET_ACCESS_KEY={SECRET}", "line 1: AWS_SECRET_ACCESS_KEY does not begin with STRONGROOM_"),
        (f"STRONGROOM_SETTINGS_FILE={SECRET}", "STRONGROOM_SETTINGS_FILE can only be set in the environment"),
    ],
)
def test_a_settings_file_that_is_none(tmp_path: Path, content: str, fault: str) -> None:
    file = tmp_path / "strongroom.env"
    file.write_text(content)
    error = refusal(GOOD | {"STRONGROOM_SETTINGS_FILE": str(file)})
    assert str(file) in str(error)
    assert fault in str(error)


def test_a_settings_file_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"STRONGROOM_BUCKET=\xff\xfe")
    for path, reason in ((tmp_path / "absent", "No such file"), (tmp_path, "Is a directory"), (binary, "not UTF-8")):
        error = refusal(GOOD | {"STRONGROOM_SETTINGS_FILE": str(path)})
        assert str(error).startswith(f"STRONGROOM_SETTINGS_FILE: {path} can't be read: {reason}")


def test_a_secrets_file_that_cannot_be_read_is_the_one_fault(tmp_path: Path) -> None:
    error = refusal(environment(DATABASE_URL=None, DATABASE_URL_FILE=str(tmp_path / "absent")))
    assert str(error) == "STRONGROOM_DATABASE_URL_FILE (environment): the file can't be read: No such file or directory"


def test_a_secrets_file_with_a_fault_in_it_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "clients"
    secret.write_text(SECRET)
    error = refusal(environment(GENESYS_CLIENTS=None, GENESYS_CLIENTS_FILE=str(secret)))
    assert str(error) == "STRONGROOM_GENESYS_CLIENTS_FILE (environment): client 1 is not of the form id:secret"


def test_a_secret_and_its_file_are_not_both_set(tmp_path: Path) -> None:
    file = tmp_path / "strongroom.env"
    file.write_text(f"STRONGROOM_DATABASE_URL_FILE={tmp_path}/secret\n")
    error = refusal(GOOD | {"STRONGROOM_SETTINGS_FILE": str(file)})
    assert str(error) == (
        f"STRONGROOM_DATABASE_URL_FILE ({file} line 1) and STRONGROOM_DATABASE_URL (environment)"
        " are both set: remove one"
    )


def test_an_interval_longer_than_the_deadline_that_is_not_set() -> None:
    error = refusal(environment(RETRY_INTERVAL_S="20000"))
    assert error.faults == [
        "STRONGROOM_RETRY_DEADLINE_S: must not be less than STRONGROOM_RETRY_INTERVAL_S"
        " (their defaults are 14400 and 900)"
    ]


def test_a_trial_s_bucket_is_refused_without_the_setting() -> None:
    error = refusal(environment(BUCKET="vault-trial"))
    assert error.faults == [
        "STRONGROOM_TRIAL: must be true exactly when STRONGROOM_BUCKET ends with -trial:"
        " a trial never writes to a vault"
    ]
    assert load_settings(environment(BUCKET="vault-trial", TRIAL="true")).trial


def test_everything_that_is_wrong_is_told_at_once() -> None:
    error = refusal(environment(BUCKET=None, LEASE_S="0", NONSENSE=SECRET))
    assert {fault.split()[0].rstrip(":") for fault in error.faults} == {
        "STRONGROOM_BUCKET",
        "STRONGROOM_LEASE_S",
        "STRONGROOM_NONSENSE",
    }
    assert "(and 2 more: " in str(error)


@given(name=st.sampled_from(sorted(Settings.model_fields)), value=st.text(st.characters(codec=None), max_size=40))
def test_any_value_is_taken_or_refused_in_one_line_that_does_not_show_it(name: str, value: str) -> None:
    planted = f"{value}{SECRET}"
    try:
        load_settings(environment(**{name.upper(): planted}))
    except SettingsInvalid as error:
        assert str(error).startswith(f"STRONGROOM_{name.upper()} (environment): ")
        assert len(str(error).splitlines()) == 1
        assert SECRET not in str(error)
