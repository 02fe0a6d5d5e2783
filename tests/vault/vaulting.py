"""What the vault's tests put, and how they look at what stands."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.put_once import Intent
from strongroom.vault.store import Store

MIB = 1024 * 1024
KEY = "archive/2026-01-01/c1/recordings/r1.wav"
BODY = b"RIFF and what was said"
METADATA = {
    "conversation-id": "c1",
    "recording-id": "r1",
    "archived-at": "2026-01-02T00:31:00.000Z",
    "pipeline-version": "0.1.0",
    "policy-version": "abc",
}


def fresh_bucket() -> str:
    """A name no other test has."""
    return f"vault-{uuid4().hex}"


def in_days(days: float) -> datetime:
    """The instant so many days from now."""
    return datetime.now(UTC) + timedelta(days=days)


def governance(days: float = 400) -> Lock:
    """A GOVERNANCE lock."""
    return Lock(LockMode.GOVERNANCE, in_days(days))


def compliance(days: float = 400) -> Lock:
    """A COMPLIANCE lock."""
    return Lock(LockMode.COMPLIANCE, in_days(days))


def intent_for(body: bytes = BODY, key: str = KEY, lock: Lock | None = None, **changes: Any) -> Intent:
    """An intent to store a body."""
    intent = Intent(
        key=key,
        size_bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        content_type="audio/wav",
        lock=lock or compliance(),
        retention_class="financial-advice-voice",
        metadata=METADATA,
    )
    return replace(intent, **changes)


def versions(store: Store, key: str = KEY) -> list[str]:
    """The version ids that stand at a key, asked for without the vault's own code."""
    answer = store.patient.list_object_versions(Bucket=store.bucket, Prefix=key)
    return [version["VersionId"] for version in answer.get("Versions", []) if version["Key"] == key]


def head(store: Store, version_id: str, key: str = KEY) -> Any:
    """What the store says of a version, as it says it."""
    return store.patient.head_object(Bucket=store.bucket, Key=key, VersionId=version_id)
