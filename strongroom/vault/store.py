"""The bucket, behind boto3: what stands at a key, what the store says of it, its bytes, its lock."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from strongroom.times import utc_now
from strongroom.vault.errors import VaultRefused, s3_errors
from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.traced import trace_calls

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Version:
    """A version of a key that holds data."""

    version_id: str
    size_bytes: int
    last_modified: datetime


@dataclass(frozen=True)
class Standing:
    """All that stands at one key: its data versions, oldest first, and whether a delete marker hides them."""

    versions: tuple[Version, ...]
    under_delete_marker: bool


@dataclass(frozen=True)
class Description:
    """What the store says of a version, without its bytes.

    `held`: a legal hold is on it. `sha256_checksum` is S3's ChecksumSHA256 (base64, without a composite's `-{parts}`)
    and None where the store keeps none. `etag` is None where it is no hash of the bytes, because they are encrypted
    with KMS or a customer's key.
    """

    size_bytes: int
    content_type: str
    lock: Lock | None
    held: bool
    sha256_checksum: str | None
    etag: str | None


@dataclass(frozen=True)
class Store:
    """A bucket and two ways to ask it: `once` never repeats a request, `patient` repeats those a repeat can't harm."""

    bucket: str
    part_size_bytes: int
    once: "S3Client"
    patient: "S3Client"

    def where(self, key: str = "") -> str:
        """The address to name in an error."""
        return f"s3://{self.bucket}/{key}"

    def standing(self, key: str) -> Standing:
        """What stands at exactly this key, delete markers included: HEAD would say 404 below one of them.

        Raises VaultUnreachable, VaultRefused.
        """
        versions: list[Version] = []
        under_delete_marker = False
        with s3_errors(self.where(key)):
            for page in self.patient.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key):
                listed, markers = page.get("Versions", []), page.get("DeleteMarkers", [])
                versions += [
                    Version(entry["VersionId"], entry["Size"], entry["LastModified"])
                    for entry in listed
                    if entry["Key"] == key
                ]
                under_delete_marker |= any(marker["Key"] == key and marker["IsLatest"] for marker in markers)
                # Keys are listed in order, so the exact one comes before those it is only the beginning of.
                if any(entry["Key"] != key for entry in (*listed, *markers)):
                    break
        versions.reverse()  # S3 lists the newest first
        return Standing(tuple(sorted(versions, key=lambda version: version.last_modified)), under_delete_marker)

    def describe(self, key: str, version_id: str) -> Description:
        """What the store says of a version. Raises NotStored, VaultUnreachable, VaultRefused."""
        with s3_errors(self.where(key)):
            head = self.patient.head_object(Bucket=self.bucket, Key=key, VersionId=version_id, ChecksumMode="ENABLED")
        encrypted_elsewhere = head.get("SSECustomerAlgorithm") or "kms" in head.get("ServerSideEncryption", "")
        return Description(
            size_bytes=head["ContentLength"],
            content_type=head.get("ContentType", ""),
            lock=_lock(head),
            held=head.get("ObjectLockLegalHoldStatus") == "ON",
            sha256_checksum=head.get("ChecksumSHA256", "").partition("-")[0] or None,
            etag=None if encrypted_elsewhere else head.get("ETag", "").strip('"') or None,
        )

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        """The bytes of a version, in chunks. Raises NotStored, VaultUnreachable, VaultRefused, also in mid-stream."""
        with s3_errors(self.where(key)):
            body = self.patient.get_object(Bucket=self.bucket, Key=key, VersionId=version_id)["Body"]
            with body:
                yield from body.iter_chunks(_CHUNK_BYTES)

    def sha256_of(self, key: str, version_id: str) -> str:
        """SHA-256 in hex of the bytes that stand, read back. Raises as `read` does."""
        digest = hashlib.sha256()
        for chunk in self.read(key, version_id):
            digest.update(chunk)
        return digest.hexdigest()

    def retain(self, key: str, version_id: str, lock: Lock, *, bypass_governance: bool) -> None:
        """Put a lock on a version, whatever it had before.

        Raises LockInThePast before anything is sent; NotStored, VaultUnreachable, VaultRefused.
        """
        lock.require_future(utc_now(), self.where(key))
        with s3_errors(self.where(key)):
            self.patient.put_object_retention(
                Bucket=self.bucket,
                Key=key,
                VersionId=version_id,
                Retention={"Mode": lock.mode.value, "RetainUntilDate": lock.retain_until},
                BypassGovernanceRetention=bypass_governance,
            )

    def hold(self, key: str, version_id: str, *, on: bool) -> None:
        """Put a legal hold on a version, or lift it; said again it changes nothing.

        Raises NotStored, VaultUnreachable, VaultRefused.
        """
        with s3_errors(self.where(key)):
            self.patient.put_object_legal_hold(
                Bucket=self.bucket, Key=key, VersionId=version_id, LegalHold={"Status": "ON" if on else "OFF"}
            )


def connect(
    bucket: str,
    endpoint_url: str | None,
    connect_timeout_s: float,
    read_timeout_s: float,
    part_size_bytes: int,
    profile: str | None = None,
) -> Store:
    """Make the clients; no request is sent. Without `endpoint_url` it is AWS. Credentials by boto3's own chain, or of
    this profile of the AWS configuration alone: what the environment has counts for nothing then.

    What is larger than `part_size_bytes` (at least 5 MiB, S3's minimum) is sent in parts. Raises VaultRefused.
    """
    common = Config(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        # Every put carries a SHA-256 of ours; other stores stumble over the CRC trailers boto3 would add.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # A store of one's own seldom has a DNS name for each bucket.
        s3={"addressing_style": "path" if endpoint_url else "auto"},
    )
    try:
        # boto3's default one is shared, and making clients from it is not thread-safe
        session = boto3.session.Session(profile_name=profile)
        once, patient = (
            session.client(
                "s3",
                endpoint_url=endpoint_url,
                config=common.merge(Config(retries={"mode": "standard", "total_max_attempts": attempts})),
            )
            for attempts in (1, 4)
        )
    except (BotoCoreError, ValueError) as error:
        raise VaultRefused(
            "no client for the store can be made",
            where=f"s3://{bucket}/",
            todo="check STRONGROOM_S3_ENDPOINT_URL and the AWS configuration of this process",
        ) from error
    trace_calls(once)
    trace_calls(patient)
    return Store(bucket, part_size_bytes, once, patient)


def _lock(head: "HeadObjectOutputTypeDef") -> Lock | None:
    mode, retain_until = head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")
    if mode is None or mode not in LockMode.__members__ or retain_until is None:
        return None
    return Lock(LockMode(mode), retain_until)
