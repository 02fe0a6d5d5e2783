"""Whether a bucket is fit to be the vault. Asked at every start: nothing is ever written unlocked or twice."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from strongroom.times import utc_now
from strongroom.vault import bucket
from strongroom.vault.bucket import DefaultRetention
from strongroom.vault.errors import AlreadyStands, VaultRefused, VaultUnreachable
from strongroom.vault.fingerprint import fingerprint
from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.send import Intent, send
from strongroom.vault.store import Store

PROBE_KEY = "probe/conditional-put"
_PROBE = b"Strongroom put this here to learn whether this store heeds If-None-Match and keeps locks.\n"
_ACCEPT_SETTING = "STRONGROOM_ACCEPT_STORE_WITHOUT_CONDITIONAL_PUTS"


@dataclass(frozen=True)
class BucketState:
    """A bucket's configuration, for a person to read."""

    object_lock: bool
    versioning: bool
    default_retention: DefaultRetention | None
    public_access_blocked: bool | None  # None: the store has no such thing
    plain_deletes_denied: bool


def bucket_state(store: Store) -> BucketState:
    """Read the bucket's configuration; nothing is written. Raises VaultUnreachable, VaultRefused."""
    _require_bucket(store)
    return BucketState(
        object_lock=bucket.has_object_lock(store),
        versioning=bucket.has_versioning(store),
        default_retention=bucket.default_retention(store),
        public_access_blocked=bucket.blocks_public_access(store),
        plain_deletes_denied=bucket.denies_plain_deletes(store),
    )


def require_fit(store: Store, accept_without_conditional_puts: bool) -> None:
    """Raise VaultRefused, and say why, unless the bucket can keep the archive's promises. Raises VaultUnreachable.

    A probe object, locked under GOVERNANCE for a day, shows whether the store keeps the lock of a plain put, and
    whether it refuses a conditional put to a key that stands. A store that does gathers one version of it, however
    often a process starts. On one that doesn't a paused worker can put a record twice; only the setting accepts that.
    """
    _require_bucket(store)
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
    if not (accept_without_conditional_puts or _heeds_conditions(store)):
        raise VaultRefused(
            "the store does not heed If-None-Match: a record could be put twice, and stand twice for years",
            where=store.where(PROBE_KEY),
            todo=f"use a store with conditional puts, or accept this one with {_ACCEPT_SETTING}=true",
        )
    _require_lock_kept(store)


def _require_bucket(store: Store) -> None:
    if not bucket.exists(store):
        raise VaultRefused(
            "there is no such bucket",
            where=store.where(),
            todo="correct STRONGROOM_BUCKET, or create it with `strongroom vault create`",
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
        lock=Lock(LockMode.GOVERNANCE, utc_now() + timedelta(days=1)),
        retention_class="probe",
        metadata={},
    )
    try:
        send(store, intent, _PROBE, fingerprint(_PROBE, store.part_size_bytes))
    except AlreadyStands:
        return False
    return True
