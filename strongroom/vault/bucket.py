"""What a bucket is configured to do, as the store says it. Every function raises VaultUnreachable or VaultRefused."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.vault.errors import VaultRefused, s3_errors
from strongroom.vault.lock import LockMode
from strongroom.vault.store import Store

_PUBLIC_ACCESS_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
NOT_OFFERED = frozenset({"NotImplemented", "MalformedXML", "MethodNotAllowed", "501"})
"""How stores other than AWS answer to configuration they don't have."""
DENY_DELETE_SID = "StrongroomDenyPlainDelete"
_DAYS_A_YEAR = 365


@dataclass(frozen=True)
class DefaultRetention:
    """The lock a bucket gives to what is put without one."""

    mode: LockMode
    days: int

    def covers_years(self, years: int) -> bool:
        """Whether nobody can lift it, and it lasts this many years (of 365 days)."""
        return self.mode is LockMode.COMPLIANCE and self.days >= years * _DAYS_A_YEAR


def exists(store: Store) -> bool:
    """Whether the bucket is there and ours to use."""
    return _configured(store, {"404", "NoSuchBucket"}, lambda: store.patient.head_bucket(Bucket=store.bucket)) != {}


def has_object_lock(store: Store) -> bool:
    """Whether Object Lock is enabled."""
    return _object_lock(store).get("ObjectLockEnabled") == "Enabled"


def default_retention(store: Store) -> DefaultRetention | None:
    """The bucket's default retention, if it has one."""
    rule = _object_lock(store).get("Rule", {}).get("DefaultRetention", {})
    if rule.get("Mode") not in LockMode.__members__:
        return None
    return DefaultRetention(LockMode(rule["Mode"]), rule.get("Days", 0) + rule.get("Years", 0) * _DAYS_A_YEAR)


def has_versioning(store: Store) -> bool:
    """Whether versioning is enabled, and not suspended."""
    with s3_errors(store.where()):
        return store.patient.get_bucket_versioning(Bucket=store.bucket).get("Status") == "Enabled"


def blocks_public_access(store: Store) -> bool | None:
    """Whether all four public access blocks are on; None on a store that has no such thing, as MinIO."""
    try:
        answer = _configured(
            store,
            {"NoSuchPublicAccessBlockConfiguration"},
            lambda: store.patient.get_public_access_block(Bucket=store.bucket),
        )
    except VaultRefused as refusal:
        if refusal.code in NOT_OFFERED:
            return None
        raise
    blocks = answer.get("PublicAccessBlockConfiguration", {})
    return all(blocks.get(name) for name in _PUBLIC_ACCESS_BLOCKS)


def policy_statements(store: Store) -> list[dict[str, Any]]:
    """The statements of the bucket policy; none when it has no policy."""
    answer = _configured(store, {"NoSuchBucketPolicy"}, lambda: store.patient.get_bucket_policy(Bucket=store.bucket))
    statements = json.loads(answer["Policy"])["Statement"] if answer else []
    return statements if isinstance(statements, list) else [statements]


def denies_plain_deletes(store: Store) -> bool:
    """Whether the policy keeps everyone from hiding an object under a delete marker."""
    return any(statement.get("Sid") == DENY_DELETE_SID for statement in policy_statements(store))


def has_lifecycle(store: Store) -> bool:
    """Whether there is any lifecycle rule."""
    answer = _configured(
        store,
        {"NoSuchLifecycleConfiguration"},
        lambda: store.patient.get_bucket_lifecycle_configuration(Bucket=store.bucket),
    )
    return bool(answer.get("Rules"))


def _object_lock(store: Store) -> Mapping[str, Any]:
    answer = _configured(
        store,
        {"ObjectLockConfigurationNotFoundError"},
        lambda: store.patient.get_object_lock_configuration(Bucket=store.bucket),
    )
    configuration: Mapping[str, Any] = answer.get("ObjectLockConfiguration", {})
    return configuration


def _configured(store: Store, codes_for_none: set[str], ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The answer, or an empty one when the store says that there is no such configuration."""
    try:
        with s3_errors(store.where()):
            return ask()
    except VaultRefused as refusal:
        if refusal.code in codes_for_none:
            return {}
        raise
