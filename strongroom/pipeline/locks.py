"""Which lock an object really gets: the one its retention class asks for, or in a trial vault that of a day."""

from datetime import datetime

from config.settings import Settings
from strongroom.times import utc_now
from strongroom.vault.lock import Lock, LockMode, trial_lock


def lock_at_put(settings: Settings, lock_mode: str, retain_until: datetime) -> Lock:
    """The lock of what is put now, where the policy decided for this mode and date."""
    return trial_lock(utc_now()) if settings.trial else Lock(LockMode(lock_mode), retain_until)
