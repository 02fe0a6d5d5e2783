"""What stands in the bucket, read with S3 calls alone: every version, its lock, and the hash of its bytes."""

import hashlib
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 1 << 20
_READERS = 4
_TRANSCRIPT = re.compile(r"/recordings/[^/]+\.json$")


@dataclass(frozen=True)
class StandingObject:
    """One version of one key; lock mode and date are None when it is not locked.

    `body` is kept of manifests only, `transcript` of the JSON of text recordings.
    """

    key: str
    version_id: str
    size_bytes: int
    sha256: str
    content_type: str
    lock_mode: str | None
    retain_until: datetime | None
    metadata: dict[str, str]
    body: bytes | None
    transcript: bytes | None


@dataclass(frozen=True)
class Standing:
    """All versions below a prefix but those of the keys that a delete marker lies on, and these keys."""

    objects: tuple[StandingObject, ...]
    delete_markers: tuple[str, ...]


def connect(endpoint_url: str) -> "S3Client":
    """A client of the embedded S3 server, for a process that is isolated (`embedded.isolation`)."""
    return boto3.client("s3", endpoint_url=endpoint_url)


def read_all(client: "S3Client", bucket: str, prefix: str) -> Standing:
    """List every version below the prefix, then read and hash each that no delete marker hides."""
    versions: set[tuple[str, str]] = set()
    markers: set[str] = set()
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        versions |= {(version["Key"], version["VersionId"]) for version in page.get("Versions", [])}
        markers |= {marker["Key"] for marker in page.get("DeleteMarkers", [])}
    # moto 5.2.5 answers 404 for a version below a marker
    readable = sorted(version for version in versions if version[0] not in markers)
    return Standing(_read_each(client, bucket, readable), tuple(sorted(markers)))


def _read_each(client: "S3Client", bucket: str, versions: Iterable[tuple[str, str]]) -> tuple[StandingObject, ...]:
    with ThreadPoolExecutor(_READERS) as readers:
        return tuple(readers.map(lambda version: _read(client, bucket, *version), versions))


def _read(client: "S3Client", bucket: str, key: str, version_id: str) -> StandingObject:
    answer = client.get_object(Bucket=bucket, Key=key, VersionId=version_id)
    digest = hashlib.sha256()
    size_bytes = 0
    is_manifest, is_transcript = key.endswith("/manifest.json"), bool(_TRANSCRIPT.search(key))
    kept: list[bytes] | None = [] if is_manifest or is_transcript else None
    for chunk in answer["Body"].iter_chunks(_CHUNK_BYTES):
        digest.update(chunk)
        size_bytes += len(chunk)
        if kept is not None:
            kept.append(chunk)
    return StandingObject(
        key=key,
        version_id=version_id,
        size_bytes=size_bytes,
        sha256=digest.hexdigest(),
        content_type=answer["ContentType"],
        lock_mode=answer.get("ObjectLockMode"),
        retain_until=answer.get("ObjectLockRetainUntilDate"),
        metadata=answer["Metadata"],
        body=b"".join(kept or []) if is_manifest else None,
        transcript=b"".join(kept or []) if is_transcript else None,
    )
