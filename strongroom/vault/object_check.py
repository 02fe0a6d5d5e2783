"""An object in the vault held against what the ledger says of it: versions, lock, hash, tag. Its bytes are not read.

Reading and hashing every byte is `strongroom verify`.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strongroom.times import format_instant
from strongroom.vault.calls import Call
from strongroom.vault.class_tag import CLASS_TAG
from strongroom.vault.errors import NotStored, s3_errors
from strongroom.vault.findings import Finding
from strongroom.vault.listing import KeyVersions
from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

_HASH = "sha256-hash"


@dataclass(frozen=True)
class Expected:
    """An object as the ledger has it. `lock` is what the policy asks of it; `retention_class` is its tag.

    `hold`: `on` where a matter holds it, `under way` where the store is just being told, else `off`.
    """

    key: str
    version_id: str
    size_bytes: int
    sha256: str
    lock: Lock
    retention_class: str
    hold: str


def check_object(store: Store, expected: Expected, standing: KeyVersions) -> list[Finding]:
    """How what stands differs from what is expected; nothing is written. `standing` is what the key's listing says.

    Raises VaultUnreachable, VaultRefused.
    """
    where = f"{store.where(expected.key)} version {expected.version_id}"
    found = list(_versions(store, expected, standing, where))
    try:
        with s3_errors(where):
            head = store.patient.head_object(
                Bucket=store.bucket, Key=expected.key, VersionId=expected.version_id, ChecksumMode="ENABLED"
            )
            tags = store.patient.get_object_tagging(
                Bucket=store.bucket, Key=expected.key, VersionId=expected.version_id
            )["TagSet"]
    except NotStored:
        # some stores can't show what is under a delete marker: the listing has it, and the marker was told
        hidden = expected.version_id in standing.versions and standing.markers
        return found if hidden else [*found, _missing(where)]
    found += _lock(store, expected, head, where)
    found += _hold(store, expected, head, where)
    found += _content(expected, head, where)
    found += _tag(store, expected, {tag["Key"]: tag["Value"] for tag in tags}, where)
    return found


def extra_object(store: Store, standing: KeyVersions) -> Finding:
    """What to say of a key that the ledger knows nothing of."""
    return Finding(
        "object-extra",
        f"{len(standing.versions)} version(s) stand at a key that the ledger does not know",
        store.where(standing.key),
        "find out who wrote it (CloudTrail data events name the role); after a lost ledger: strongroom index rebuild",
    )


def _versions(store: Store, expected: Expected, standing: KeyVersions, where: str) -> Iterator[Finding]:
    for marker in standing.markers:
        call = Call("DeleteObject", {"Bucket": store.bucket, "Key": expected.key, "VersionId": marker})
        yield Finding(
            "delete-marker",
            "a delete marker hides the object; its data stands",
            where,
            f"as break-glass, which removes the marker alone: {call.as_aws_command()}",
        )
    others = [version for version in standing.versions if version != expected.version_id]
    if others:
        yield Finding(
            "second-version",
            f"{len(others)} other version(s) stand at the key: {', '.join(others)}",
            where,
            "find out who wrote them (CloudTrail data events name the role), and take that role's s3:PutObject away",
        )


def _missing(where: str) -> Finding:
    return Finding(
        "object-missing",
        "the version that was archived does not stand any more",
        where,
        "bring it back from a replica of the bucket; `strongroom verify` names what rests on it",
    )


def _lock(store: Store, expected: Expected, head: "HeadObjectOutputTypeDef", where: str) -> Iterator[Finding]:
    mode, until = head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")
    retention = {
        "Mode": expected.lock.mode.value,
        "RetainUntilDate": format_instant(expected.lock.retain_until),
    }
    named = {"Bucket": store.bucket, "Key": expected.key, "VersionId": expected.version_id, "Retention": retention}
    mend = Call("PutObjectRetention", named).as_aws_command()
    if mode is None or until is None:
        yield Finding("lock-missing", "it has no lock: it could be deleted now", where, mend)
        return
    if mode == LockMode.GOVERNANCE and expected.lock.mode is LockMode.COMPLIANCE:
        what = "its lock is GOVERNANCE, and its class asks for COMPLIANCE"
        yield Finding("lock-mode-weak", what, where, mend)
    if until < expected.lock.retain_until:
        what = f"its lock ends {format_instant(until)}, and it must be kept until {retention['RetainUntilDate']}"
        yield Finding("lock-short", what, where, mend)


def _hold(store: Store, expected: Expected, head: "HeadObjectOutputTypeDef", where: str) -> Iterator[Finding]:
    """Matters and store agree; while the store is being told it may say either."""
    held = head.get("ObjectLockLegalHoldStatus") == "ON"
    if expected.hold == "under way" or held is (expected.hold == "on"):
        return
    status = {"Status": "OFF" if held else "ON"}
    named = {"Bucket": store.bucket, "Key": expected.key, "VersionId": expected.version_id, "LegalHold": status}
    mend = f"as the records manager: {Call('PutObjectLegalHold', named).as_aws_command()}"
    if held:
        what = "a legal hold is on it, and no matter holds it"
        yield Finding("hold-foreign", what, where, f"ask Legal who placed it; when nobody needs it, {mend}")
    else:
        yield Finding("hold-missing", "a matter holds it, and no legal hold is on it", where, mend)


def _content(expected: Expected, head: "HeadObjectOutputTypeDef", where: str) -> Iterator[Finding]:
    read_it = "read and hash it: strongroom verify; what is locked can't be corrected, only explained"
    if head["ContentLength"] != expected.size_bytes:
        what = f"it has {head['ContentLength']} bytes, and {expected.size_bytes} were archived"
        yield Finding("size-wrong", what, where, read_it)
    said = head.get("Metadata", {}).get(_HASH)
    if said != expected.sha256:
        what = f"its metadata {_HASH} is {said or 'missing'}, and {expected.sha256} was archived"
        yield Finding("metadata-hash-wrong", what, where, read_it)
    checksum = head.get("ChecksumSHA256", "")
    # a composite's is over the hashes of its parts, whose sizes the ledger doesn't keep. S3 marks it, and the ETag,
    # with the number of parts; moto 5.2.5 marks the ETag alone
    composite = "-" in checksum or "-" in head.get("ETag", "")
    if checksum and not composite and checksum != b64encode(bytes.fromhex(expected.sha256)).decode():
        yield Finding("checksum-wrong", "the store's own SHA-256 of it is another", where, read_it)


def _tag(store: Store, expected: Expected, tags: dict[str, str], where: str) -> Iterator[Finding]:
    if tags.get(CLASS_TAG) == expected.retention_class:
        return
    tagging = {
        "TagSet": [
            {"Key": key, "Value": value} for key, value in (tags | {CLASS_TAG: expected.retention_class}).items()
        ]
    }
    named = {"Bucket": store.bucket, "Key": expected.key, "VersionId": expected.version_id, "Tagging": tagging}
    kind, found = ("tag-wrong", f"is {tags[CLASS_TAG]}") if CLASS_TAG in tags else ("tag-missing", "is missing")
    yield Finding(
        kind,
        f"its tag {CLASS_TAG} {found}, and the lifecycle goes by it: it must be {expected.retention_class}",
        where,
        Call("PutObjectTagging", named).as_aws_command(),
    )
