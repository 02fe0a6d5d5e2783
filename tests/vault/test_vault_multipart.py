"""Large media, sent in parts. The stand-in drops the lock headers of a multipart upload, as some stores do."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from s3proxy.running import S3Proxy
from vaulting import BODY, KEY, METADATA, MIB, compliance, governance, head, intent_for, versions

from strongroom.vault.errors import VaultConflict, VaultUnreachable
from strongroom.vault.fingerprint import fingerprint
from strongroom.vault.lock import Lock
from strongroom.vault.put_once import Intent, put_once
from strongroom.vault.store import Store


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parts of 5 MiB and one of less."""
    file = tmp_path_factory.mktemp("media") / "media"
    file.write_bytes(b"".join(bytes([number % 251]) * MIB for number in range(11)) + b"end")
    return file


def intent_of(file: Path, lock: Lock | None = None) -> Intent:
    return intent_for(file.read_bytes(), lock=lock)


def uploads_left(store: Store) -> int:
    return len(store.patient.list_multipart_uploads(Bucket=store.bucket).get("Uploads", []))


def test_media_in_parts_stand_whole_locked_and_described(store: Store, s3_proxy: S3Proxy, media: Path) -> None:
    parts, reads = s3_proxy.requests("UploadPart"), s3_proxy.requests("GetObject")
    intent = intent_of(media)
    stored = put_once(store, intent, media, [])

    said = head(store, stored.version_id)
    assert s3_proxy.requests("UploadPart") - parts == 3
    assert s3_proxy.requests("GetObject") == reads, "the composite checksum vouches for it"
    assert (said["ObjectLockMode"], said["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", intent.lock.retain_until)
    assert said["Metadata"].items() >= METADATA.items()
    assert said["TagCount"] == 1
    assert store.sha256_of(KEY, stored.version_id) == intent.sha256
    assert versions(store) == [stored.version_id]
    assert put_once(store, intent, media, []).adopted


def class_tags(store: Store, version_id: str) -> list[str]:
    answer = store.once.get_object_tagging(Bucket=store.bucket, Key=KEY, VersionId=version_id)
    return [tag["Value"] for tag in answer["TagSet"] if tag["Key"] == "retention-class"]


@pytest.mark.parametrize("answer_lost", [False, True], ids=["put", "adopted"])
def test_a_class_tag_that_the_store_dropped_is_put_on_the_version(
    store: Store, s3_proxy: S3Proxy, media: Path, monkeypatch: pytest.MonkeyPatch, *, answer_lost: bool
) -> None:
    """Some stores drop the tags of an upload in parts, and the lifecycle goes by the class's."""
    create = store.once.create_multipart_upload
    monkeypatch.setattr(
        store.once, "create_multipart_upload", lambda **asked: create(**{**asked, "Tagging": "somebodys=own"})
    )
    if answer_lost:
        s3_proxy.faults(lose_put_answer={"times": 1})
    intent, tagged = intent_of(media), s3_proxy.requests("PutObjectTagging")
    stored = put_once(store, intent, media, [])
    assert stored.adopted == answer_lost
    assert class_tags(store, stored.version_id) == [intent.retention_class]
    assert head(store, stored.version_id)["TagCount"] == 2, "what else is there stays"
    assert s3_proxy.requests("PutObjectTagging") - tagged == 1


def test_a_class_tag_that_stands_is_left_and_a_plain_put_asks_for_none(
    store: Store, s3_proxy: S3Proxy, media: Path
) -> None:
    asked, tagged = s3_proxy.requests("GetObjectTagging"), s3_proxy.requests("PutObjectTagging")
    put_once(store, intent_for(key="archive/2026-01-01/c1/plain"), BODY, [])
    assert s3_proxy.requests("GetObjectTagging") == asked
    put_once(store, intent_of(media), media, [])
    assert s3_proxy.requests("GetObjectTagging") == asked + 1
    assert s3_proxy.requests("PutObjectTagging") == tagged


def test_lock_headers_are_sent_when_the_upload_begins(
    store: Store, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in ignores them; a store that keeps them is never without a lock, not even for a moment."""
    sent: dict[str, object] = {}
    create = store.once.create_multipart_upload
    monkeypatch.setattr(store.once, "create_multipart_upload", lambda **asked: sent.update(asked) or create(**asked))
    intent = intent_of(media)
    put_once(store, intent, media, [])
    assert (sent["ObjectLockMode"], sent["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", intent.lock.retain_until)


def test_a_lost_answer_to_the_completion_ends_in_one_version(store: Store, s3_proxy: S3Proxy, media: Path) -> None:
    s3_proxy.faults(lose_put_answer={"times": 1})
    stored = put_once(store, intent_of(media), media, [])
    assert stored.adopted
    assert versions(store) == [stored.version_id]
    assert head(store, stored.version_id)["ObjectLockMode"] == "COMPLIANCE"


def test_a_part_that_fails_once_is_repeated(store: Store, s3_proxy: S3Proxy, media: Path) -> None:
    s3_proxy.faults(error_503={"operation": "UploadPart", "times": 1})
    assert not put_once(store, intent_of(media), media, []).adopted


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
def test_a_failed_upload_is_aborted(store: Store, s3_proxy: S3Proxy, media: Path, operation: str) -> None:
    s3_proxy.faults(reset={"operation": operation})
    with pytest.raises(VaultUnreachable):
        put_once(store, intent_of(media), media, [])
    assert uploads_left(store) == 0
    assert versions(store) == []


def test_a_key_that_came_to_stand_meanwhile_is_adopted_and_the_upload_aborted(
    store: Store, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = store.once.complete_multipart_upload
    other = intent_of(media, governance(10))

    def late(**asked: object) -> object:
        monkeypatch.undo()
        put_once(store, other, media, [])
        return complete(**asked)

    monkeypatch.setattr(store.once, "complete_multipart_upload", late)
    stored = put_once(store, intent_of(media, compliance(20)), media, [])
    assert stored.adopted
    assert stored.lock.covers(compliance(19))
    assert versions(store) == [stored.version_id]
    assert uploads_left(store) == 0


def test_a_bit_flipped_in_a_part_is_refused(store: Store, s3_proxy: S3Proxy, media: Path) -> None:
    s3_proxy.faults(flip_bit={"operation": "UploadPart", "times": 1})
    with pytest.raises(VaultUnreachable, match="BadDigest"):
        put_once(store, intent_of(media), media, [])
    assert versions(store) == []


def test_a_bit_flipped_in_a_part_at_a_store_that_checks_nothing_is_found(
    store: Store, s3_proxy: S3Proxy, media: Path
) -> None:
    s3_proxy.faults(flip_bit={"operation": "UploadPart", "times": 1}, trust_checksums=True, drop_checksum=True)
    with pytest.raises(VaultConflict):
        put_once(store, intent_of(media), media, [])


def test_a_fingerprint_has_the_hashes_s3_computes() -> None:
    """Composite checksum and ETag as in the S3 User Guide: the hash of the parts' hashes."""
    body = b"a" * 7 + b"b" * 7 + b"c"
    prints = fingerprint(body, 7)
    pieces = [body[:7], body[7:14], body[14:]]
    md5s = b"".join(hashlib.md5(piece).digest() for piece in pieces)
    assert prints.sha256 == hashlib.sha256(body).hexdigest()
    assert [part.size_bytes for part in prints.parts] == [7, 7, 1]
    assert [part.sha256 for part in prints.parts] == [hashlib.sha256(piece).digest() for piece in pieces]
    assert prints.etag == f"{hashlib.md5(md5s).hexdigest()}-3"
    assert fingerprint(body, 100).etag == hashlib.md5(body).hexdigest()


def test_parts_grow_so_that_there_are_never_more_than_s3_takes(tmp_path: Path) -> None:
    file = tmp_path / "media"
    file.write_bytes(b"x" * 30_001)
    parts = fingerprint(file, 2).parts
    assert len(parts) <= 10_000
    assert sum(part.size_bytes for part in parts) == 30_001


def test_memory_stays_flat(store: Store, tmp_path: Path) -> None:
    """Measured in a process of its own: peak resident memory (ru_maxrss) above what it was once connected."""
    file = tmp_path / "media"
    with file.open("wb") as out:
        for number in range(64):
            out.write(bytes([number]) * MIB)
    digest = hashlib.file_digest(file.open("rb"), "sha256").hexdigest()
    program = f"""
import resource, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.put_once import Intent, put_once
from strongroom.vault.store import connect

store = connect({store.bucket!r}, {store.once.meta.endpoint_url!r}, 5, 60, {8 * MIB})
def put(key, body, size, digest):
    lock = Lock(LockMode.GOVERNANCE, datetime.now(UTC) + timedelta(days=1))
    put_once(store, Intent(key, size, digest, "audio/wav", lock, "c", {{}}), body, [])
put("small", b"", 0, {hashlib.sha256(b"").hexdigest()!r})
before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
put("large", Path({str(file)!r}), {64 * MIB}, {digest!r})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib)
"""
    grown_kib = int(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout)
    assert grown_kib < 24 * 1024
