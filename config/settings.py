"""Every setting of a Strongroom process, from its environment, checked as a whole before anything starts."""

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.clients import OAuthClient, parse_clients

AudioFormat = Literal["NONE", "WAV", "WEBM", "WAV_ULAW", "OGG_VORBIS", "OGG_OPUS", "MP3"]
PositiveSeconds = Annotated[float, Field(gt=0)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class Settings(BaseSettings):
    """Environment variables are the field names in capitals after `STRONGROOM_`. Times of day are UTC."""

    model_config = SettingsConfigDict(env_prefix="STRONGROOM_", frozen=True, extra="forbid", hide_input_in_errors=True)

    # where things are
    database_url: Annotated[SecretStr, Field(description="postgresql://user:password@host/name")]
    redis_url: Annotated[SecretStr, Field(description="redis://host:port/0")]
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    s3_endpoint_url: Url | None = None
    genesys_api_url: Url
    genesys_login_url: Url
    genesys_clients: Annotated[tuple[OAuthClient, ...], NoDecode]
    policy_file: Path = Path(__file__).parent / "retention.yaml"
    spool_dir: Path = Path("var/spool")

    # the night
    start_day: date | None = None
    enumerate_at: time = time(0, 30)
    catch_up_days: Annotated[int, Field(ge=0, le=366)] = 14
    look_back_days: Annotated[int, Field(ge=0, le=366)] = 7
    overlap_s: Annotated[float, Field(ge=0, le=86_400)] = 1_800
    quiet_s: Annotated[float, Field(ge=0, le=86_400)] = 1_800
    retry_interval_s: PositiveSeconds = 900
    retry_deadline_s: PositiveSeconds = 14_400

    # the fleet
    lease_s: Annotated[float, Field(ge=1, le=3_600)] = 300
    sweep_interval_s: PositiveSeconds = 120
    enqueue_grace_s: PositiveSeconds = 1_800
    sweep_batch: Annotated[int, Field(ge=1, le=100_000)] = 1_000

    # Genesys and the vault
    audio_format: AudioFormat = "NONE"
    connect_timeout_s: PositiveSeconds = 10
    read_timeout_s: PositiveSeconds = 60
    multipart_part_mib: Annotated[int, Field(ge=5, le=5_120)] = 16
    accept_store_without_conditional_puts: bool = False

    @field_validator("genesys_clients", mode="before")
    @classmethod
    def _clients(cls, value: object) -> object:
        return parse_clients(value) if isinstance(value, str) else value
