"""Every setting of a Strongroom process, checked as a whole before anything starts. Explained in docs/settings.md."""

import re
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from phonenumbers import SUPPORTED_REGIONS
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from config.clients import OAuthClient, parse_clients
from config.groups import GroupGrant, parse_groups

TRIAL_SUFFIX = "-trial"
"""How the name of a trial vault's bucket ends, and no other's."""
_DAYS_30_S = 2_592_000

AudioFormat = Literal["NONE", "WAV", "WEBM", "WAV_ULAW", "OGG_VORBIS", "OGG_OPUS", "MP3"]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, le=_DAYS_30_S, allow_inf_nan=False)]


def _day(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("must be a day as YYYY-MM-DD")
    return value


def _time_of_day(value: object) -> object:
    # the schedule knows minutes, and UTC only: seconds or an offset would be lost on the way there
    if isinstance(value, str) and not re.fullmatch(r"\d{2}:\d{2}", value):
        raise ValueError("must be a time of day in UTC as HH:MM")
    return value


def _server(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        parts = urlsplit(value)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or re.search(r"\s", value):
        raise ValueError("must be the address of a server, as https://host or http://host:port")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password: addresses are shown in messages")
    if parts.query or parts.fragment:
        raise ValueError("must end with the host, the port or a path, without '?' or '#'")
    return value.rstrip("/")


def _issuer(value: object) -> object:
    if isinstance(value, str):
        server = _server(value)
        if urlsplit(value).scheme != "https" and urlsplit(str(server)).hostname not in {"127.0.0.1", "localhost"}:
            raise ValueError("must be an https address: who signs in is what it says")
    # as it is, with a slash at the end where it has one: an issuer is compared letter by letter
    return value


Url = Annotated[str, BeforeValidator(_server)]


class Settings(BaseModel):
    """Environment variables are the field names in capitals after `STRONGROOM_`. Times of day are UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    # where things are
    database_url: SecretStr
    redis_url: SecretStr
    bucket: str
    s3_endpoint_url: Url | None = None
    genesys_api_url: Url
    genesys_login_url: Url
    genesys_clients: tuple[OAuthClient, ...]
    policy_file: Path = Path(__file__).parent / "retention.yaml"
    tiers_file: Path = Path(__file__).parent / "tiers.yaml"
    spool_dir: Path = Path("var/spool")
    trial: Annotated[bool, Field(validate_default=True)] = False

    # the night
    start_day: Annotated[date, BeforeValidator(_day)] | None = None
    enumerate_at: Annotated[time, BeforeValidator(_time_of_day)] = time(0, 30)
    catch_up_days: Annotated[int, Field(ge=0, le=366)] = 14
    look_back_days: Annotated[int, Field(ge=0, le=366)] = 7
    second_look_days: Annotated[int, Field(ge=0, le=31)] = 3
    overlap_s: Seconds = 1_800
    quiet_s: Seconds = 1_800
    retry_interval_s: PositiveSeconds = 900
    retry_deadline_s: Annotated[PositiveSeconds, Field(validate_default=True)] = 14_400
    restore_deadline_s: PositiveSeconds = 172_800

    # the fleet
    lease_s: Annotated[float, Field(ge=1, le=3_600, allow_inf_nan=False)] = 300
    sweep_interval_s: PositiveSeconds = 120
    enqueue_grace_s: PositiveSeconds = 1_800
    sweep_batch: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    window_messages: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    feed_interval_s: PositiveSeconds = 5
    backfill_in_flight: Annotated[int, Field(ge=1, le=10_000_000)] = 5_000
    near_real_time_interval_s: PositiveSeconds = 300
    check_at: Annotated[time, BeforeValidator(_time_of_day)] = time(5, 0)
    vault_check_sample: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    verify_quarter_days: Annotated[int, Field(ge=1, le=3_660)] = 91

    # Genesys and the vault
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    priority_share: Annotated[float, Field(ge=0, le=0.9, allow_inf_nan=False)] = 0.2
    query_reach: Annotated[int, Field(ge=100, le=1_000_000, multiple_of=100)] = 100_000
    audio_format: AudioFormat = "NONE"
    text_exports: bool = False
    batch_size: Annotated[int, Field(ge=0, le=100)] = 100
    batch_first_look_s: PositiveSeconds = 10
    batch_longest_pause_s: PositiveSeconds = 120
    batch_deadline_s: PositiveSeconds = 3_600
    connect_timeout_s: PositiveSeconds = 10
    read_timeout_s: PositiveSeconds = 60
    multipart_part_mib: Annotated[int, Field(ge=5, le=5_120)] = 16
    accept_store_without_conditional_puts: bool = False
    kms_key_id: str | None = None
    break_glass_role_arn: str | None = None
    records_manager_profile: str | None = None
    break_glass_profile: str | None = None

    # evidence
    log_key_file: Path | None = None
    log_kms_key_id: str | None = None
    log_old_key_file: Path | None = None
    log_origin: str | None = None
    timestamp_url: Url | None = None
    timestamp_roots_file: Path | None = None
    witness: str | None = None

    # what an operator watches, and is told
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    metrics_host: str = "127.0.0.1"
    traces_endpoint: Url | None = None
    settled_by: Annotated[time, BeforeValidator(_time_of_day)] = time(8, 0)
    flower_url: Url | None = None
    notice_webhook_url: SecretStr | None = None
    notice_email_to: str | None = None
    notice_email_from: str = "strongroom@localhost"
    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None

    # the Legal desk
    phone_region: str | None = None
    desk_url: Url = "http://127.0.0.1:8000"
    session_idle_s: Annotated[float, Field(ge=60, le=86_400, allow_inf_nan=False)] = 900
    session_absolute_s: Annotated[float, Field(ge=60, le=604_800, allow_inf_nan=False)] = 28_800
    four_eyes: bool = False
    request_open_days: Annotated[int, Field(ge=1, le=366)] = 7
    inline_verify_mib: Annotated[int, Field(ge=0, le=10_240)] = 64
    link_life_s: Annotated[int, Field(ge=1, le=3_600)] = 3_600
    oidc_issuer: Annotated[str, BeforeValidator(_issuer)] | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_scopes: str = "openid email profile"
    oidc_name_claim: str = "email"
    oidc_groups_claim: str = "groups"
    oidc_groups: tuple[GroupGrant, ...] | None = None

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr) -> SecretStr:
        if not re.match(r"postgres(ql)?(\+psycopg2)?://", value.get_secret_value()):
            raise ValueError("must be of the form postgresql://user:password@host/name")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        # those that Celery can use
        if not re.match(r"redis(s|\+socket)?://", value.get_secret_value()):
            raise ValueError("must be of the form redis://:password@host:port/0, rediss://… or redis+socket:///path")
        try:
            urlsplit(value.get_secret_value()).port  # noqa: B018
        except ValueError:
            # its message has what stands there, which is a part of the password when a "/" in that cut it
            raise ValueError(
                "has no number as port: write what is special in the password as %2F and the like"
            ) from None
        return value

    @field_validator("bucket")
    @classmethod
    def _bucket_name(cls, value: str) -> str:
        # S3 User Guide, "General purpose bucket naming rules"
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value) or ".." in value:
            raise ValueError("must be 3 to 63 small letters, digits, dots and hyphens, a letter or digit at both ends")
        return value

    @field_validator("trial")
    @classmethod
    def _named_as_what_it_is(cls, value: bool, info: ValidationInfo) -> bool:
        bucket = info.data.get("bucket")
        if bucket is not None and bucket.endswith(TRIAL_SUFFIX) != value:
            raise ValueError(
                f"must be true exactly when STRONGROOM_BUCKET ends with {TRIAL_SUFFIX}: a trial never writes to a vault"
            )
        return value

    @field_validator("phone_region")
    @classmethod
    def _region(cls, value: str | None) -> str | None:
        if value is not None and value not in SUPPORTED_REGIONS:
            raise ValueError("must be a country as two capital letters (ISO 3166), as GB")
        return value

    @field_validator("kms_key_id")
    @classmethod
    def _key_itself(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/)?[A-Za-z0-9-]+", value):
            raise ValueError("must be the id or the ARN of a KMS key; an alias could be pointed at another key")
        return value

    @field_validator("break_glass_role_arn")
    @classmethod
    def _role(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", value):
            raise ValueError("must be the ARN of an IAM role, as arn:aws:iam::111122223333:role/break-glass")
        return value

    @field_validator("notice_webhook_url")
    @classmethod
    def _webhook(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            near = parts.hostname in {"127.0.0.1", "localhost"}
            if not parts.hostname or parts.scheme not in ({"http", "https"} if near else {"https"}):
                raise ValueError("must be an https address: who reads it knows what is wrong here")
        return value

    @field_validator("notice_email_to", "notice_email_from")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        if value is not None and not all(re.fullmatch(r"[^\s@,]+@[^\s@,]+", one.strip()) for one in value.split(",")):
            raise ValueError("must be e-mail addresses, separated by commas")
        return value

    @field_validator("smtp_password")
    @classmethod
    def _only_encrypted(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("smtp_security") == "none":
            raise ValueError("is never sent without encryption: correct STRONGROOM_SMTP_SECURITY")
        return value

    @field_validator("genesys_clients", mode="before")
    @classmethod
    def _clients(cls, value: object) -> object:
        return parse_clients(value) if isinstance(value, str) else value

    @field_validator("retry_deadline_s")
    @classmethod
    def _longer_than_the_interval(cls, value: float, info: ValidationInfo) -> float:
        interval_s = info.data.get("retry_interval_s")
        if interval_s is not None and value < interval_s:
            raise ValueError("must not be less than STRONGROOM_RETRY_INTERVAL_S (their defaults are 14400 and 900)")
        return value

    @field_validator("log_kms_key_id")
    @classmethod
    def _one_key(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("log_key_file") is not None:
            raise ValueError("must not be set together with STRONGROOM_LOG_KEY_FILE: a log has one key at a time")
        return value

    @field_validator("log_origin")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        # c2sp.org/signed-note: the name of a key, which is the origin here; the first line of every checkpoint
        if value is not None and (not re.fullmatch(r"[!-~]{1,200}", value) or "+" in value):
            raise ValueError("must be 1 to 200 ASCII characters without spaces and '+', as example.com/strongroom")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _asks_for_an_id_token(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("must have openid among its scopes, separated by spaces")
        return value

    @field_validator("oidc_groups", mode="before")
    @classmethod
    def _grants(cls, value: object) -> object:
        return parse_groups(value) if isinstance(value, str) else value

    @field_validator("witness")
    @classmethod
    def _witness(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or "://" not in value:
            return value
        address = urlsplit(value)
        if address.scheme != "s3" or not address.netloc or address.query or address.fragment:
            raise ValueError("must be the path of a file, or s3://bucket/prefix")
        if address.netloc == info.data.get("bucket"):
            raise ValueError("must be in another bucket than the vault: a witness is someone else")
        return value
