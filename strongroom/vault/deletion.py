"""Deleting versions for good: what the store keeps locked or held is looked at first, and its no is final.

Only a role of its own may: docs/vault.md. A worker never does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strongroom.vault.errors import NotStored, s3_errors
from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef


@dataclass(frozen=True)
class DeletableVersion:
    """A version, or a delete marker (`lock` None, `is_marker`), with what keeps it."""

    key: str
    version_id: str
    is_marker: bool
    lock: Lock | None
    held: bool


def versions_below(store: Store, prefix: str) -> list[tuple[str, str, bool]]:
    """Every version and every delete marker below a prefix: key, version id, and whether it is a marker.

    Raises VaultUnreachable, VaultRefused.
    """
    return list(_versions(store, prefix))


def look_at(store: Store, key: str, version_id: str, *, is_marker: bool) -> DeletableVersion | None:
    """What keeps a version; None when it does not stand any more. Raises VaultUnreachable, VaultRefused."""
    if is_marker:
        return DeletableVersion(key, version_id, True, None, False)
    try:
        with s3_errors(store.where(key)):
            head = store.patient.head_object(Bucket=store.bucket, Key=key, VersionId=version_id)
    except NotStored:
        return None
    return DeletableVersion(key, version_id, False, _lock(head), head.get("ObjectLockLegalHoldStatus") == "ON")


def delete_version(store: Store, key: str, version_id: str, *, bypass_governance: bool) -> None:
    """Delete exactly this version; that it is gone already is as good. Nothing is ever hidden under a delete marker.

    `bypass_governance`: with the permission to lift a GOVERNANCE lock, for erasure. Raises VaultRefused where the store
    keeps it or the role may not, VaultUnreachable.
    """
    try:
        with s3_errors(store.where(key)):
            # without a bypass the header is not sent at all: who may not bypass would be refused for asking
            if bypass_governance:
                store.patient.delete_object(
                    Bucket=store.bucket, Key=key, VersionId=version_id, BypassGovernanceRetention=True
                )
            else:
                store.patient.delete_object(Bucket=store.bucket, Key=key, VersionId=version_id)
    except NotStored:
        return


def _versions(store: Store, prefix: str) -> Iterator[tuple[str, str, bool]]:
    with s3_errors(store.where(prefix)):
        for page in store.patient.get_paginator("list_object_versions").paginate(Bucket=store.bucket, Prefix=prefix):
            for one in page.get("Versions", []):
                yield one["Key"], one["VersionId"], False
            for marker in page.get("DeleteMarkers", []):
                yield marker["Key"], marker["VersionId"], True


def _lock(head: "HeadObjectOutputTypeDef") -> Lock | None:
    mode, retain_until = head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")
    return None if mode is None or retain_until is None else Lock(LockMode(mode), retain_until)
