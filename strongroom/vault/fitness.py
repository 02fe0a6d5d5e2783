"""Whether a bucket is fit to be the vault. Asked at every start: nothing is ever written unlocked or twice."""

import hashlib

from strongroom.times import utc_now
from strongroom.vault import bucket
from strongroom.vault.blueprint import TAG, TRIAL
from strongroom.vault.errors import AlreadyStands, VaultRefused, VaultUnreachable
from strongroom.vault.fingerprint import fingerprint
from strongroom.vault.lock import trial_lock
from strongroom.vault.send import Intent, send
from strongroom.vault.store import Store

PROBE_KEY = "probe/conditional-put"
_PROBE = b"Strongroom put this here to learn whether this store heeds If-None-Match and keeps locks.\n"
_ACCEPT_SETTING = "STRONGROOM_ACCEPT_STORE_WITHOUT_CONDITIONAL_PUTS"


def require_fit(store: Store, accept_without_conditional_puts: bool, trial: bool) -> None:
    """Raise VaultRefused, and say why, unless the bucket can keep the archive's promises. Raises VaultUnreachable.

    A probe object, locked under GOVERNANCE for a day, shows whether the store keeps the lock of a plain put, and
    whether it refuses a conditional put to a key that stands. A store that does gathers one version of it, however
    often a process starts. On one that doesn't a paused worker can put a record twice; only the setting accepts that.
    A trial's settings never write to a vault, nor a vault's to a trial: the bucket's tag must agree with `trial`.
    """
    require_there(store)
    if not bucket.has_object_lock(store):
        raise VaultRefused(
            "the bucket has no Object Lock: what is put there could be deleted",
            where=store.where(),
            todo="name a bucket made by `strongroom vault create` in STRONGROOM_BUCKET",
        )
    if not bucket.has_versioning(store):
        raise VaultRefused(
            "the bucket's versioning is off or suspended",
            where=store.where(),
            todo="turn it on: `strongroom vault create` does, and leaves the rest as it is",
        )
    _require_purpose(store, trial)
    if not (accept_without_conditional_puts or _heeds_conditions(store)):
        raise VaultRefused(
            "the store does not heed If-None-Match: a record could be put twice, and stand twice for years",
            where=store.where(PROBE_KEY),
            todo=f"use a store with conditional puts, or accept this one with {_ACCEPT_SETTING}=true",
        )
    _require_lock_kept(store)


def require_there(store: Store) -> None:
    """Raise VaultRefused unless there is such a bucket; VaultUnreachable."""
    if not bucket.exists(store):
        raise VaultRefused(
            "there is no such bucket",
            where=store.where(),
            todo="correct STRONGROOM_BUCKET, or create it with `strongroom vault create`",
        )


def _require_purpose(store: Store, trial: bool) -> None:
    try:
        is_trial = bucket.read_tags(store).get(TAG) == TRIAL
    except VaultRefused as refusal:
        if refusal.code not in bucket.NOT_OFFERED:
            raise
        is_trial = False
    if trial and not is_trial:
        raise VaultRefused(
            f"the settings are a trial's, and the bucket is not tagged {TAG}={TRIAL}",
            where=store.where(),
            todo="name a bucket made by `strongroom vault create --trial` in STRONGROOM_BUCKET",
        )
    if is_trial and not trial:
        raise VaultRefused(
            f"the bucket is tagged {TAG}={TRIAL}: what is put there is locked for a day",
            where=store.where(),
            todo="name the real vault in STRONGROOM_BUCKET, or set STRONGROOM_TRIAL=true",
        )


def _heeds_conditions(store: Store) -> bool:
    # The first may rightly succeed: the key is new, or hidden by a delete marker. The second must not.
    return not (_put_probe(store) and _put_probe(store))


def _require_lock_kept(store: Store) -> None:
    if not store.standing(PROBE_KEY).versions:
        _put_probe(store)
    probes = store.standing(PROBE_KEY).versions
    if not probes:
        raise VaultUnreachable(
            "the probe was put and can't be seen", where=store.where(PROBE_KEY), todo="it is tried again at next start"
        )
    if store.describe(PROBE_KEY, probes[-1].version_id).lock is None:
        raise VaultRefused(
            "no lock can be seen on what was put with one",
            where=store.where(PROBE_KEY),
            todo="give this role s3:PutObjectRetention and s3:GetObjectRetention; else use a store with Object Lock",
        )


def _put_probe(store: Store) -> bool:
    """Whether the probe was taken; not, when the store says that it stands."""
    intent = Intent(
        key=PROBE_KEY,
        size_bytes=len(_PROBE),
        sha256=hashlib.sha256(_PROBE).hexdigest(),
        content_type="text/plain",
        lock=trial_lock(utc_now()),  # no more is needed to see whether it is kept
        retention_class="probe",
        metadata={},
    )
    try:
        send(store, intent, _PROBE, fingerprint(_PROBE, store.part_size_bytes))
    except AlreadyStands:
        return False
    return True
