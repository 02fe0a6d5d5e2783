"""`celery -A workers.app …`: the app of workers, Beat and Flower, from the environment alone."""

import os
import sys

from celery.schedules import crontab

from config.environment import SettingsInvalid, load_settings
from config.settings import Settings
from tasks.fleet import Fleet
from workers import lifecycle
from workers.logs import configure_logs


def beat_schedule(settings: Settings) -> dict[str, dict[str, object]]:
    """The nightly enumeration (UTC), and the sweep; a message of either that comes twice does nothing twice.

    What Beat could not send while it was away is expired by then: the sweep finds the days that were missed.
    """
    night = settings.enumerate_at
    return {
        "nightly-enumeration": {
            "task": "enumerate_day",
            "schedule": crontab(hour=night.hour, minute=night.minute),
        },
        "sweep": {
            "task": "sweep",
            "schedule": settings.sweep_interval_s,
            "options": {"expires": max(settings.sweep_interval_s, 10.0)},
        },
    }


def _app() -> Fleet:
    try:
        settings = load_settings(os.environ)
    except SettingsInvalid as error:
        print(f"strongroom: {error}", file=sys.stderr)  # noqa: T201  # no log is configured yet
        raise SystemExit(error.exit_code) from None
    configure_logs()
    fleet = Fleet(settings)
    fleet.conf.beat_schedule = beat_schedule(settings)
    lifecycle.attach(fleet)
    return fleet


app = _app()
