"""One put to the store, conditional and locked: plain, or in parts when it is large. It is never repeated here."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from strongroom.errors import StrongroomError
from strongroom.times import utc_now
from strongroom.vault.class_tag import CLASS_TAG
from strongroom.vault.errors import VaultRefused, s3_errors
from strongroom.vault.fingerprint import Fingerprint, Part, open_stretch
from strongroom.vault.lock import Lock
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef


@dataclass(frozen=True)
class Intent:
    """What is to stand at a key, decided and written to the ledger before it is put. `sha256` is in hex.

    `metadata` becomes the object's metadata; `sha256-hash` and `retention-class` are added to it, and the class is the
    object's tag as well, for lifecycle rules to go by.
    """

    key: str
    size_bytes: int
    sha256: str
    content_type: str
    lock: Lock
    retention_class: str
    metadata: Mapping[str, str]


def send(store: Store, intent: Intent, body: Path | bytes, prints: Fingerprint) -> str:
    """Put the body at the intent's key unless the key stands, and return the version id.

    Raises LockInThePast before anything is sent; AlreadyStands; VaultUnreachable when it is not known what the store
    did; VaultRefused.
    """
    intent.lock.require_future(utc_now(), store.where(intent.key))
    if len(prints.parts) == 1:
        version_id = _put(store, intent, body, prints.parts[0])
    else:
        version_id = _put_in_parts(store, intent, body, prints.parts)
    if version_id in {"", "null"}:
        raise VaultRefused(
            "the store gave what was put no version",
            where=store.where(intent.key),
            todo="turn versioning on; `strongroom vault create` makes a bucket that is right",
        )
    return version_id


def _put(store: Store, intent: Intent, body: Path | bytes, part: Part) -> str:
    with s3_errors(store.where(intent.key)), open_stretch(body, part.offset, part.size_bytes) as stretch:
        answer = store.once.put_object(
            **_headers(store, intent),
            Body=stretch,
            ContentLength=part.size_bytes,
            ChecksumSHA256=part.checksum,
            IfNoneMatch="*",
        )
    return answer.get("VersionId", "")


def _put_in_parts(store: Store, intent: Intent, body: Path | bytes, parts: tuple[Part, ...]) -> str:
    with s3_errors(store.where(intent.key)):
        upload_id = store.once.create_multipart_upload(**_headers(store, intent))["UploadId"]
        try:
            completed = [_put_part(store, intent.key, upload_id, body, part) for part in parts]
            answer = store.once.complete_multipart_upload(
                Bucket=store.bucket,
                Key=intent.key,
                UploadId=upload_id,
                MultipartUpload={"Parts": completed},
                IfNoneMatch="*",
            )
        except BaseException:
            # Also when only the answer to the completion was lost: an upload that is complete can't be aborted, and
            # one that is aborted can't become a version after we have looked.
            with suppress(StrongroomError), s3_errors(store.where(intent.key)):
                store.patient.abort_multipart_upload(Bucket=store.bucket, Key=intent.key, UploadId=upload_id)
            raise
    return answer.get("VersionId", "")


def _put_part(store: Store, key: str, upload_id: str, body: Path | bytes, part: Part) -> "CompletedPartTypeDef":
    with open_stretch(body, part.offset, part.size_bytes) as stretch:
        # A part put twice is one part: here a repeat does no harm and spares the whole upload.
        answer = store.patient.upload_part(
            Bucket=store.bucket,
            Key=key,
            UploadId=upload_id,
            PartNumber=part.number,
            Body=stretch,
            ContentLength=part.size_bytes,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=part.checksum,
        )
    return {"PartNumber": part.number, "ETag": answer["ETag"], "ChecksumSHA256": part.checksum}


def _headers(store: Store, intent: Intent) -> dict[str, Any]:
    return {
        "Bucket": store.bucket,
        "Key": intent.key,
        "ContentType": intent.content_type,
        "ChecksumAlgorithm": "SHA256",
        "ObjectLockMode": intent.lock.mode.value,
        "ObjectLockRetainUntilDate": intent.lock.retain_until,
        "Metadata": {
            **intent.metadata,
            "sha256-hash": intent.sha256,
            "retention-class": intent.retention_class,
        },
        "Tagging": urlencode({CLASS_TAG: intent.retention_class}),
    }
