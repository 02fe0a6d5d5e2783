"""`celery -A workers.app …`: the app of workers, Beat and Flower, from the environment alone."""

import os
import sys

from celery.schedules import crontab

from config.environment import SettingsInvalid, load_settings
from config.logs import configure_logs
from config.settings import Settings
from tasks.fleet import Fleet
from workers import lifecycle, logged, watched

LOOK_AT_RESTORES_S = 60.0
"""The fastest retrieval takes some minutes."""


def beat_schedule(settings: Settings) -> dict[str, dict[str, object]]:
    """The nightly enumeration and checks (UTC), the sweep and the restores; a message that comes twice does no harm.

    What Beat could not send while it was away is expired by then: the sweep finds the days that were missed.
    """
    night = settings.enumerate_at
    check = settings.check_at
    return {
        "nightly-vault-check": {
            "task": "check_vault",
            "schedule": crontab(hour=check.hour, minute=check.minute),
            "options": {"expires": 3_600.0},
        },
        "nightly-share-of-hashing": {
            "task": "verify_share",
            "schedule": crontab(hour=check.hour, minute=check.minute),
            "options": {"expires": 3_600.0},
        },
        "nightly-keeping-of-evidence": {
            "task": "keep_evidence",
            "schedule": crontab(hour=check.hour, minute=check.minute),
            "options": {"expires": 3_600.0},
        },
        # not on the first alone: a list that Beat could not ask for is drawn up the next morning
        "monthly-list-for-disposition": {
            "task": "draw_up_disposition",
            "schedule": crontab(hour=check.hour, minute=check.minute),
            "options": {"expires": 3_600.0},
        },
        "nightly-enumeration": {
            "task": "enumerate_day",
            "schedule": crontab(hour=night.hour, minute=night.minute),
        },
        "sweep": {
            "task": "sweep",
            "schedule": settings.sweep_interval_s,
            "options": {"expires": max(settings.sweep_interval_s, 10.0)},
        },
        "feed": {
            "task": "feed",
            "schedule": min(settings.feed_interval_s, settings.sweep_interval_s),
            "options": {"expires": max(settings.feed_interval_s, 10.0)},
        },
        "near-real-time": {
            "task": "capture_recent",
            "schedule": settings.near_real_time_interval_s,
            "options": {"expires": max(settings.near_real_time_interval_s, 10.0)},
        },
        "notices": {
            "task": "send_notices",
            "schedule": settings.sweep_interval_s,
            "options": {"expires": max(settings.sweep_interval_s, 10.0)},
        },
        "restores": {
            "task": "follow_restores",
            "schedule": min(settings.sweep_interval_s, LOOK_AT_RESTORES_S),
            "options": {"expires": LOOK_AT_RESTORES_S},
        },
        "holds": {
            "task": "apply_holds",
            "schedule": min(settings.sweep_interval_s, LOOK_AT_RESTORES_S),
            "options": {"expires": LOOK_AT_RESTORES_S},
        },
        "requests": {
            "task": "prepare_requests",
            "schedule": min(settings.sweep_interval_s, LOOK_AT_RESTORES_S),
            "options": {"expires": LOOK_AT_RESTORES_S},
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
    watched.attach(fleet)
    if settings.traces_endpoint is not None:
        # here, so that whoever traces nothing loads nothing for it
        from workers import traced  # noqa: PLC0415

        traced.attach(fleet, settings.traces_endpoint)
    logged.attach()
    return fleet


app = _app()
