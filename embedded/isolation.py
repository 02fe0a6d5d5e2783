"""Keeps the embedded stack apart from every real system that the person at the terminal may be set up for."""

import os

AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "embedded",
    "AWS_SECRET_ACCESS_KEY": "embedded",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_LOOPBACK_PAST_PROXIES = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
_LEADS_ELSEWHERE = ("STRONGROOM_", "AWS_", "CELERY_", "FLOWER_", "UVICORN_", "MOTO_")


def clean_environment() -> dict[str, str]:
    """Our environment without settings and credentials of a real system, and with no proxy before 127.0.0.1."""
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(_LEADS_ELSEWHERE)}
    return inherited | _LOOPBACK_PAST_PROXIES


def isolate_this_process() -> None:
    """Make the environment of this process clean, with the credentials of the embedded S3 server."""
    environment = clean_environment() | AWS_ENVIRONMENT
    os.environ.clear()
    os.environ.update(environment)
