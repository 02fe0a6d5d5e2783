"""Putting an object into write-once storage exactly once, whatever crashes, is lost or is tried twice.

In WORM storage a second version of a key can't be undone for years. So: look at what stands; put on condition that
nothing does, without the SDK's retries; after any doubt look again; read back what was put; lengthen its lock if short.
What was sent in parts, or stood already, gets its class's tag where it has none: not every store keeps the tags that an
upload begins with, and the lifecycle goes by that tag.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from strongroom.vault.class_tag import require_class_tag
from strongroom.vault.errors import BodyDamaged, VaultConflict, VaultUnreachable
from strongroom.vault.fingerprint import Fingerprint, fingerprint
from strongroom.vault.lock import Lock
from strongroom.vault.send import Intent, send
from strongroom.vault.store import Description, Store
from strongroom.vault.tighten import tighten

__all__ = ["Intent", "Stored", "adopt", "put_once", "tighten"]


@dataclass(frozen=True)
class Stored:
    """An object as it stands in the vault, its lock as the store says it.

    `adopted`: it stood already. `under_delete_marker`: someone deleted it; its data stands and a version id reads it.
    `other_versions`: ids of further data versions of the key. There should be none; they are left alone.
    """

    key: str
    version_id: str
    size_bytes: int
    sha256: str
    content_type: str
    lock: Lock
    adopted: bool
    under_delete_marker: bool
    other_versions: tuple[str, ...] = ()


def put_once(store: Store, intent: Intent, body: Path | bytes, earlier: Sequence[Intent]) -> Stored:
    """Make the intent's object stand in the vault, locked, in one version.

    `earlier` are intents of the same revision, recording and part: bytes that match one of them are the same record,
    and are adopted in place of the body. Its lock is then made to cover the present intent's too.

    Raises VaultConflict when something else stands there, or when what was put is not what stands; NotLocked;
    BodyDamaged and LockInThePast before anything is sent; VaultUnreachable when it must be tried again later;
    VaultRefused when that won't help.
    """
    intents = [intent, *earlier]
    if (stands := _adopt(store, intents, intent)) is not None:
        return stands
    prints = _undamaged(store, intent, body)
    try:
        version_id = send(store, intent, body, prints)
    except VaultUnreachable:
        # The answer was lost, or another worker was faster: only the vault itself knows what it did.
        if (stands := _adopt(store, intents, intent)) is None:
            raise
        return stands
    described = store.describe(intent.key, version_id)
    _require_whole(store, intent, version_id, prints, described)
    lock = tighten(store, intent.key, version_id, intent.lock, described.lock)
    if len(prints.parts) > 1:
        require_class_tag(store, intent.key, version_id, intent.retention_class)
    _require_single(store, intent.key)
    return Stored(
        key=intent.key,
        version_id=version_id,
        size_bytes=intent.size_bytes,
        sha256=intent.sha256,
        content_type=described.content_type,
        lock=lock,
        adopted=False,
        under_delete_marker=False,
    )


def adopt(store: Store, intents: Sequence[Intent]) -> Stored | None:
    """Find what stands in the vault for any of these intents, make its lock cover that intent's, and see to its tag.

    The bytes are read back and hashed; metadata is not believed. None when nothing stands at any of their keys.
    Raises VaultConflict when only other bytes do; NotLocked, VaultUnreachable, VaultRefused.
    """
    return _adopt(store, intents, None)


def _adopt(store: Store, intents: Sequence[Intent], present: Intent | None) -> Stored | None:
    foreign = []
    for key in dict.fromkeys(intent.key for intent in intents):
        standing = store.standing(key)
        for version in standing.versions:
            sized = {intent.sha256: intent for intent in intents if intent.size_bytes == version.size_bytes}
            match = sized.get(store.sha256_of(key, version.version_id)) if sized else None
            if match is None:
                foreign.append(key)
                continue
            described = store.describe(key, version.version_id)
            lock = match.lock.union(present.lock) if present else match.lock
            require_class_tag(store, key, version.version_id, (present or match).retention_class)
            return Stored(
                key=key,
                version_id=version.version_id,
                size_bytes=version.size_bytes,
                sha256=match.sha256,
                content_type=described.content_type,
                lock=tighten(store, key, version.version_id, lock, described.lock),
                adopted=True,
                under_delete_marker=standing.under_delete_marker,
                other_versions=tuple(other.version_id for other in standing.versions if other is not version),
            )
    if foreign:
        raise VaultConflict(
            "other bytes stand at the key already; they were left alone",
            where=store.where(foreign[0]),
            todo="find out who wrote them; the record can't be stored beside them",
        )
    return None


def _undamaged(store: Store, intent: Intent, body: Path | bytes) -> Fingerprint:
    prints = fingerprint(body, store.part_size_bytes)
    if (prints.size_bytes, prints.sha256) != (intent.size_bytes, intent.sha256):
        raise BodyDamaged(
            "what is to be put is not what was hashed before",
            where=store.where(intent.key),
            todo="check the spool's disk; the record must be fetched again",
        )
    return prints


def _require_whole(store: Store, intent: Intent, version_id: str, prints: Fingerprint, described: Description) -> None:
    """The store's checksum and its ETag must both vouch for the bytes; in doubt they are read back and hashed.

    A store may return the checksum it was told without having computed it, so that witness alone is not enough.
    """
    vouched = described.sha256_checksum in prints.checksums and described.etag in {None, prints.etag}
    whole = described.size_bytes == intent.size_bytes and (
        vouched or store.sha256_of(intent.key, version_id) == intent.sha256
    )
    if not whole:
        raise VaultConflict(
            f"version {version_id} does not hold the bytes that were sent; it was left alone",
            where=store.where(intent.key),
            todo="check the way to the store for damage; the record can't be stored beside it",
        )


def _require_single(store: Store, key: str) -> None:
    versions = store.standing(key).versions
    if len(versions) > 1:
        raise VaultConflict(
            f"{len(versions)} versions stand at one key: {', '.join(version.version_id for version in versions)}",
            where=store.where(key),
            todo="find out what else writes to this bucket, and whether the store heeds If-None-Match",
        )
