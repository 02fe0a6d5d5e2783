"""What a bucket is configured to do, as the store says it. Every function raises VaultUnreachable or VaultRefused."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.vault.errors import VaultRefused, s3_errors
from strongroom.vault.lock import LockMode
from strongroom.vault.store import Store

NOT_OFFERED = frozenset({"NotImplemented", "MalformedXML", "MethodNotAllowed", "501"})
"""How stores other than AWS answer to configuration they don't have."""
PUBLIC_ACCESS_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_DAYS_A_YEAR = 365


@dataclass(frozen=True)
class DefaultRetention:
    """The lock a bucket gives to what is put without one. Years count 365 days here."""

    mode: LockMode
    days: int

    def __str__(self) -> str:
        years, days = divmod(self.days, _DAYS_A_YEAR)
        count, unit = (self.days, "day") if days or not years else (years, "year")
        return f"{self.mode} for {count} {unit}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Encryption:
    """What new objects are encrypted with. `kms_key_id` is the key's id or ARN as the bucket has it."""

    algorithm: str
    kms_key_id: str | None
    bucket_key: bool


@dataclass(frozen=True)
class Configuration:
    """A bucket's whole configuration. What the store has no notion of is None and named in `not_offered`."""

    object_lock: bool
    versioning: str
    default_retention: DefaultRetention | None
    public_access_blocks: frozenset[str] | None
    encryption: Encryption | None
    policy: tuple[Mapping[str, Any], ...]
    lifecycle: tuple[Mapping[str, Any], ...]
    transition_minimum: str | None
    tags: Mapping[str, str] | None
    not_offered: tuple[str, ...] = ()


AS_CREATED = Configuration(
    object_lock=True,
    versioning="Enabled",
    default_retention=None,
    public_access_blocks=frozenset(),
    encryption=None,
    policy=(),
    lifecycle=(),
    transition_minimum=None,
    tags={},
)
"""A bucket that was made with Object Lock a moment ago, for a dry run."""


def exists(store: Store) -> bool:
    """Whether the bucket is there and ours to use."""
    return _configured(store, {"404", "NoSuchBucket"}, lambda: store.patient.head_bucket(Bucket=store.bucket)) != {}


def has_object_lock(store: Store) -> bool:
    """Whether Object Lock is enabled."""
    return _object_lock(store).get("ObjectLockEnabled") == "Enabled"


def has_versioning(store: Store) -> bool:
    """Whether versioning is enabled, and not suspended."""
    return _versioning(store) == "Enabled"


def read_tags(store: Store) -> dict[str, str]:
    """The bucket's tags; none when it has none."""
    answer = _configured(store, {"NoSuchTagSet"}, lambda: store.patient.get_bucket_tagging(Bucket=store.bucket))
    return {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", [])}


def read_configuration(store: Store) -> Configuration:
    """Read everything that `vault create` sets; nothing is written."""
    lock = _object_lock(store)
    missing: list[str] = []

    def offered(feature: str, read: Callable[[Store], Any]) -> Any:
        try:
            return read(store)
        except VaultRefused as refusal:
            if refusal.code not in NOT_OFFERED:
                raise
            missing.append(feature)
            return None

    lifecycle = offered("lifecycle rules", _lifecycle) or {}
    return Configuration(
        object_lock=lock.get("ObjectLockEnabled") == "Enabled",
        versioning=_versioning(store),
        default_retention=_default_retention(lock),
        public_access_blocks=offered("public access blocks", _public_access_blocks),
        encryption=offered("default encryption", _encryption),
        policy=tuple(offered("bucket policies", _policy_statements) or ()),
        lifecycle=tuple(lifecycle.get("Rules", ())),
        transition_minimum=lifecycle.get("TransitionDefaultMinimumObjectSize"),
        tags=offered("bucket tags", read_tags),
        not_offered=tuple(missing),
    )


def _default_retention(lock: Mapping[str, Any]) -> DefaultRetention | None:
    rule = lock.get("Rule", {}).get("DefaultRetention", {})
    if rule.get("Mode") not in LockMode.__members__:
        return None
    return DefaultRetention(LockMode(rule["Mode"]), rule.get("Days", 0) + rule.get("Years", 0) * _DAYS_A_YEAR)


def _versioning(store: Store) -> str:
    with s3_errors(store.where()):
        return store.patient.get_bucket_versioning(Bucket=store.bucket).get("Status", "never enabled")


def _public_access_blocks(store: Store) -> frozenset[str]:
    answer = _configured(
        store,
        {"NoSuchPublicAccessBlockConfiguration"},
        lambda: store.patient.get_public_access_block(Bucket=store.bucket),
    )
    blocks = answer.get("PublicAccessBlockConfiguration", {})
    return frozenset(name for name in PUBLIC_ACCESS_BLOCKS if blocks.get(name))


def _encryption(store: Store) -> Encryption | None:
    answer = _configured(
        store,
        {"ServerSideEncryptionConfigurationNotFoundError"},
        lambda: store.patient.get_bucket_encryption(Bucket=store.bucket),
    )
    rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    for rule in rules:
        by_default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if "SSEAlgorithm" in by_default:
            key_id = by_default.get("KMSMasterKeyID")
            return Encryption(by_default["SSEAlgorithm"], key_id, bool(rule.get("BucketKeyEnabled")))
    return None


def _policy_statements(store: Store) -> Sequence[Mapping[str, Any]]:
    answer = _configured(store, {"NoSuchBucketPolicy"}, lambda: store.patient.get_bucket_policy(Bucket=store.bucket))
    statements = json.loads(answer["Policy"])["Statement"] if answer else []
    return statements if isinstance(statements, list) else [statements]


def _lifecycle(store: Store) -> Mapping[str, Any]:
    return _configured(
        store,
        {"NoSuchLifecycleConfiguration"},
        lambda: store.patient.get_bucket_lifecycle_configuration(Bucket=store.bucket),
    )


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
