"""Every byte of an object, read and hashed as it streams: memory stays flat whatever its size."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from strongroom.vault.errors import s3_errors
from strongroom.vault.store import Store

_CHUNK_BYTES = 1024 * 1024
_SAID_HASH = "sha256-hash"


@dataclass(frozen=True)
class Hashed:
    """What an object's bytes are; `said_sha256` is what its own metadata says of them, in hex."""

    size_bytes: int
    sha256: str
    said_sha256: str | None


def hash_version(store: Store, key: str, version_id: str, take: Callable[[bytes], object] | None = None) -> Hashed:
    """Read a version whole and hash it; `take` is given each chunk as well.

    Raises NotStored, VaultUnreachable, VaultRefused, also in mid-stream.
    """
    digest, size_bytes = hashlib.sha256(), 0
    with s3_errors(store.where(key)):
        answer = store.patient.get_object(Bucket=store.bucket, Key=key, VersionId=version_id)
        body = answer["Body"]
        with body:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                digest.update(chunk)
                size_bytes += len(chunk)
                if take is not None:
                    take(chunk)
    return Hashed(size_bytes, digest.hexdigest(), answer.get("Metadata", {}).get(_SAID_HASH))
