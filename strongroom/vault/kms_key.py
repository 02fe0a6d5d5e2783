"""The KMS key of the bucket's default encryption: what it encrypted is gone with it, lock or no lock."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from strongroom.vault.errors import VaultRefused, s3_errors
from strongroom.vault.findings import Finding
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_kms.client import KMSClient

_ATTEMPTS = 4
_MENDS = {
    "Disabled": ("kms-key-disabled", "is disabled: nothing can be put or read", "enable-key"),
    "PendingDeletion": (
        "kms-key-pending-deletion",
        "is scheduled for deletion: whatever it encrypted is lost with it",
        "cancel-key-deletion",
    ),
}


@dataclass(frozen=True)
class KeyState:
    """A KMS key as KMS says it: `state` is its `KeyState`, or None when there is no such key. `region` is asked."""

    key_id: str
    region: str
    state: str | None


def key_state(store: Store, key_id: str) -> KeyState:
    """Ask KMS for the state of a key, in the key's own region. Raises VaultUnreachable, VaultRefused."""
    region = key_id.split(":")[3] if key_id.startswith("arn:") else store.patient.meta.region_name
    where = f"KMS key {key_id} in {region}"
    try:
        with s3_errors(where):
            found = _client(store, region).describe_key(KeyId=key_id)["KeyMetadata"]
    except VaultRefused as refusal:
        if refusal.code != "NotFoundException":
            raise
        return KeyState(key_id, region, None)
    return KeyState(key_id, region, found.get("KeyState", "unknown"))


def key_findings(key: KeyState) -> list[Finding]:
    """What is wrong with the key, and the command that mends it."""
    where = f"KMS key {key.key_id} in {key.region}"
    if key.state == "Enabled":
        return []
    if key.state is None:
        mend = "correct STRONGROOM_KMS_KEY_ID; if the key was deleted, what it encrypted can't be read any more"
        return [Finding("kms-key-missing", "there is no such KMS key", where, mend)]
    if key.state not in _MENDS:
        mend = f"aws kms describe-key --key-id {key.key_id} --region {key.region}"
        return [Finding("kms-key-unusable", f"the KMS key can't be used: it is {key.state}", where, mend)]
    kind, what, command = _MENDS[key.state]
    commands = [command] if command == "enable-key" else [command, "enable-key"]  # a key that is saved stays disabled
    mend = " && ".join(f"aws kms {each} --key-id {key.key_id} --region {key.region}" for each in commands)
    return [Finding(kind, f"the KMS key {what}", where, mend)]


def _client(store: Store, region: str) -> "KMSClient":
    """Credentials and address by boto3's own chain, patience as the store's."""
    theirs: Any = store.patient.meta.config  # the stubs leave its attributes out
    config = Config(
        connect_timeout=theirs.connect_timeout,
        read_timeout=theirs.read_timeout,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    return boto3.session.Session().client("kms", region_name=region, config=config)
