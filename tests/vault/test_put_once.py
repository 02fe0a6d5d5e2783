"""Putting once: against moto's server, behind a proxy that makes it stricter and, where asked, worse."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from s3proxy.running import S3Proxy
from vaulting import BODY, KEY, METADATA, compliance, governance, head, in_days, intent_for, versions

from strongroom.vault.errors import (
    BodyDamaged,
    NotLocked,
    NotStored,
    VaultConflict,
    VaultRefused,
    VaultUnreachable,
)
from strongroom.vault.lock import Lock, LockInThePast, LockMode
from strongroom.vault.put_once import adopt, put_once, tighten
from strongroom.vault.store import Store, connect


def put_plainly(store: Store, body: bytes, lock: Lock, key: str = KEY) -> str:
    """Put without the vault's code, as a stranger or an earlier, crashed worker would have."""
    return store.once.put_object(
        Bucket=store.bucket,
        Key=key,
        Body=body,
        ChecksumAlgorithm="SHA256",
        ObjectLockMode=lock.mode.value,
        ObjectLockRetainUntilDate=lock.retain_until,
    )["VersionId"]


def test_what_is_put_is_locked_described_and_tagged(store: Store) -> None:
    intent = intent_for()
    stored = put_once(store, intent, BODY, [])

    said = head(store, stored.version_id)
    tags = store.patient.get_object_tagging(Bucket=store.bucket, Key=KEY, VersionId=stored.version_id)["TagSet"]
    body = store.patient.get_object(Bucket=store.bucket, Key=KEY, VersionId=stored.version_id)["Body"].read()
    assert body == BODY
    assert said["Metadata"] == METADATA | {
        "retention-class": "financial-advice-voice",
        "sha256-hash": intent.sha256,
    }
    assert tags == [{"Key": "retention-class", "Value": "financial-advice-voice"}]
    assert (said["ObjectLockMode"], said["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", intent.lock.retain_until)
    assert (stored.adopted, stored.under_delete_marker, stored.other_versions) == (False, False, ())
    assert (stored.size_bytes, stored.sha256, stored.content_type, stored.lock) == (
        len(BODY),
        intent.sha256,
        "audio/wav",
        intent.lock,
    )


def test_a_file_and_an_empty_body_are_put_whole(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "media"
    file.write_bytes(BODY)
    empty = intent_for(b"", key="archive/2026-01-01/c1/empty")

    assert store.sha256_of(KEY, put_once(store, intent_for(), file, []).version_id) == intent_for().sha256
    assert store.sha256_of(empty.key, put_once(store, empty, b"", []).version_id) == empty.sha256


def test_the_same_again_is_adopted_without_a_put(store: Store, s3_proxy: S3Proxy) -> None:
    first = put_once(store, intent_for(), BODY, [])
    puts = s3_proxy.requests("PutObject")
    second = put_once(store, intent_for(), BODY, [])

    assert s3_proxy.requests("PutObject") == puts
    assert second.adopted
    assert second.version_id == first.version_id
    assert versions(store) == [first.version_id]


def test_other_bytes_at_the_key_are_a_conflict_and_left_alone(store: Store) -> None:
    standing = put_plainly(store, b"someone else's", governance())
    before = head(store, standing)

    with pytest.raises(VaultConflict, match="left alone"):
        put_once(store, intent_for(), BODY, [])
    with pytest.raises(VaultConflict):
        adopt(store, [intent_for()])

    after = head(store, standing)
    assert versions(store) == [standing]
    assert (after["ObjectLockMode"], after["ObjectLockRetainUntilDate"]) == (
        before["ObjectLockMode"],
        before["ObjectLockRetainUntilDate"],
    )


def test_bytes_of_the_same_size_are_not_believed_for_their_metadata(store: Store) -> None:
    forged = bytes(reversed(BODY))
    store.once.put_object(Bucket=store.bucket, Key=KEY, Body=forged, Metadata={"sha256-hash": intent_for().sha256})

    with pytest.raises(VaultConflict):
        put_once(store, intent_for(), BODY, [])


def test_an_earlier_intents_bytes_are_adopted_though_the_source_now_sends_others(store: Store) -> None:
    earlier = intent_for(b"the ZIP as it was zipped yesterday", key="archive/2026-01-01/c1/recordings/r1.zip")
    standing = put_once(store, earlier, b"the ZIP as it was zipped yesterday", [])

    stored = put_once(store, intent_for(b"the ZIP of today"), b"the ZIP of today", [earlier])

    assert stored.adopted
    assert (stored.key, stored.version_id, stored.sha256) == (earlier.key, standing.version_id, earlier.sha256)
    assert versions(store) == []


def test_adopting_gives_the_standing_object_the_present_intents_lock(store: Store) -> None:
    earlier = intent_for(lock=governance(100))
    put_once(store, earlier, BODY, [])
    wanted = compliance(50)

    stored = put_once(store, intent_for(b"other bytes", lock=wanted), b"other bytes", [earlier])

    assert stored.lock == Lock(LockMode.COMPLIANCE, earlier.lock.retain_until)
    assert head(store, stored.version_id)["ObjectLockMode"] == "COMPLIANCE"


def test_adopt_finds_nothing_where_nothing_stands(store: Store) -> None:
    put_plainly(store, BODY, governance(), key=f"{KEY}.longer")
    assert adopt(store, [intent_for()]) is None


def test_adopt_locks_what_a_crash_left_unlocked(store: Store) -> None:
    """The stand-in takes a put without a lock, as S3 does where the bucket has no default."""
    store.once.put_object(Bucket=store.bucket, Key=KEY, Body=BODY)
    stored = adopt(store, [intent_for()])

    assert stored is not None
    assert head(store, stored.version_id)["ObjectLockMode"] == "COMPLIANCE"


def test_a_lost_answer_ends_in_one_version(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(lose_put_answer={"times": 1})
    puts = s3_proxy.requests("PutObject")
    stored = put_once(store, intent_for(), BODY, [])

    assert s3_proxy.requests("PutObject") == puts + 1
    assert stored.adopted
    assert versions(store) == [stored.version_id]


def test_a_put_that_never_arrived_is_unreachable_and_may_be_tried_again(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(reset={"operation": "PutObject", "times": 1})
    with pytest.raises(VaultUnreachable):
        put_once(store, intent_for(), BODY, [])
    assert versions(store) == []

    assert not put_once(store, intent_for(), BODY, []).adopted
    assert len(versions(store)) == 1


@pytest.mark.parametrize("fault", ["error_500", "error_503"])
def test_a_store_in_trouble_is_unreachable(store: Store, s3_proxy: S3Proxy, fault: str) -> None:
    s3_proxy.faults(**{fault: {"operation": "PutObject"}})
    puts = s3_proxy.requests("PutObject")
    with pytest.raises(VaultUnreachable, match="PutObject"):
        put_once(store, intent_for(), BODY, [])
    assert s3_proxy.requests("PutObject") == puts + 1


def test_reads_are_repeated_by_the_sdk(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(error_503={"method": "HEAD", "times": 1})
    assert not put_once(store, intent_for(), BODY, []).adopted
    assert s3_proxy.applied("error_503") >= 1


def test_a_delete_marker_on_top_is_reported_and_adds_no_version(store: Store) -> None:
    """HEAD says 404 below a marker, and a conditional put would succeed: only the versions tell."""
    first = put_once(store, intent_for(), BODY, [])
    store.once.delete_object(Bucket=store.bucket, Key=KEY)

    stored = put_once(store, intent_for(lock=compliance(500)), BODY, [])

    assert stored.adopted
    assert stored.under_delete_marker
    assert versions(store) == [first.version_id]
    assert stored.lock.retain_until > first.lock.retain_until


def test_a_delete_marker_over_nothing_does_not_keep_a_record_out(store: Store) -> None:
    store.once.delete_object(Bucket=store.bucket, Key=KEY)
    stored = put_once(store, intent_for(), BODY, [])
    assert versions(store) == [stored.version_id]


def test_workers_racing_make_one_version(store: Store) -> None:
    """The proxy makes looking and writing one step for the stand-in, as they are in S3."""
    start = threading.Barrier(8)

    def work() -> str:
        start.wait()
        return put_once(store, intent_for(), BODY, []).version_id

    with ThreadPoolExecutor(8) as pool:
        ids = {future.result() for future in [pool.submit(work) for _ in range(8)]}
    assert ids == set(versions(store))
    assert len(ids) == 1


def test_racing_workers_with_different_bytes_adopt_the_winners(store: Store) -> None:
    intents = [intent_for(body) for body in (b"zip one", b"zip two", b"zip six")]
    bodies = [b"zip one", b"zip two", b"zip six"]

    with ThreadPoolExecutor(3) as pool:
        stored = list(pool.map(lambda at: put_once(store, intents[at], bodies[at], intents), range(3)))
    assert len(versions(store)) == 1
    assert len({each.sha256 for each in stored}) == 1


def test_two_versions_are_told_and_later_the_older_is_adopted(store: Store, s3_proxy: S3Proxy) -> None:
    """On a store without conditional puts, another worker puts between our look and our put."""
    s3_proxy.faults(drop_conditional=True)
    other: list[str] = []
    looked_at = store.standing

    class Raced(Store):
        def standing(self, key: str):
            found = looked_at(key)
            if not other:
                other.append(put_plainly(store, BODY, compliance()))
            return found

    raced = Raced(store.bucket, store.part_size_bytes, store.once, store.patient)
    with pytest.raises(VaultConflict, match="2 versions") as caught:
        put_once(raced, intent_for(), BODY, [])
    assert other[0] in str(caught.value)

    stored = put_once(store, intent_for(), BODY, [])
    assert stored.version_id == other[0]
    assert len(stored.other_versions) == 1


def test_a_bit_flipped_on_the_way_is_refused_and_nothing_stands(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(flip_bit={"times": 1})
    with pytest.raises(VaultUnreachable, match="BadDigest"):
        put_once(store, intent_for(), BODY, [])
    assert versions(store) == []
    assert not put_once(store, intent_for(), BODY, []).adopted


@pytest.mark.parametrize("faults", [{}, {"drop_checksum": True}], ids=["repeats the checksum", "keeps no checksum"])
def test_a_bit_flipped_at_a_store_that_checks_nothing_is_found(
    store: Store, s3_proxy: S3Proxy, faults: dict[str, bool]
) -> None:
    s3_proxy.faults(flip_bit={"times": 1}, trust_checksums=True, **faults)
    with pytest.raises(VaultConflict, match="does not hold the bytes that were sent"):
        put_once(store, intent_for(), BODY, [])


def test_without_checksums_the_bytes_are_read_back(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(drop_checksum=True)
    reads = s3_proxy.requests("GetObject")
    put_once(store, intent_for(), BODY, [])
    assert s3_proxy.requests("GetObject") == reads + 1


def test_with_checksums_nothing_is_read_back(store: Store, s3_proxy: S3Proxy) -> None:
    reads = s3_proxy.requests("GetObject")
    put_once(store, intent_for(), BODY, [])
    assert s3_proxy.requests("GetObject") == reads


def test_a_lock_the_store_dropped_is_put_afterwards(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(drop_put_lock=True)
    intent = intent_for()
    stored = put_once(store, intent, BODY, [])
    assert stored.lock == intent.lock
    assert head(store, stored.version_id)["ObjectLockMode"] == "COMPLIANCE"


def test_a_store_that_will_not_lock_is_an_error(
    store: Store, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_proxy.faults(drop_put_lock=True)
    monkeypatch.setattr(store.patient, "put_object_retention", lambda **_: None)
    with pytest.raises(NotLocked, match="no lock"):
        put_once(store, intent_for(), BODY, [])


def test_a_lock_in_the_past_is_refused_before_anything_is_sent(store: Store, s3_proxy: S3Proxy) -> None:
    puts = s3_proxy.requests("PutObject")
    with pytest.raises(LockInThePast):
        put_once(store, intent_for(lock=compliance(-1)), BODY, [])
    assert s3_proxy.requests("PutObject") == puts


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"size_bytes": 1}])
def test_a_body_that_is_not_what_was_hashed_is_not_sent(
    store: Store, tmp_path: Path, change: dict[str, object]
) -> None:
    file = tmp_path / "media"
    file.write_bytes(BODY)
    for body in (BODY, file):
        with pytest.raises(BodyDamaged):
            put_once(store, replace(intent_for(), **change), body, [])
    assert versions(store) == []


def test_a_body_that_is_gone_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BodyDamaged, match="can't be read"):
        put_once(store, intent_for(), tmp_path / "gone", [])


def test_tighten_lengthens_and_strengthens_and_never_the_other_way(store: Store) -> None:
    """The proxy refuses shortening and weakening, as S3 does and the stand-in doesn't."""
    first = put_once(store, intent_for(lock=governance(100)), BODY, [])

    stricter = tighten(store, KEY, first.version_id, compliance(50))
    assert stricter == Lock(LockMode.COMPLIANCE, first.lock.retain_until)
    longer = tighten(store, KEY, first.version_id, governance(200))
    assert (longer.mode, longer.retain_until > stricter.retain_until) == (LockMode.COMPLIANCE, True)
    assert tighten(store, KEY, first.version_id, governance(1)) == longer
    assert tighten(store, KEY, first.version_id, Lock(LockMode.GOVERNANCE, in_days(-9))) == longer


def test_tighten_takes_a_lock_that_another_lengthened_meanwhile(store: Store) -> None:
    first = put_once(store, intent_for(lock=compliance(100)), BODY, [])
    stale = first.lock
    tighten(store, KEY, first.version_id, compliance(300))

    now_standing = tighten(store, KEY, first.version_id, compliance(200), stale)
    assert now_standing.covers(compliance(299))


def test_tighten_says_when_the_version_is_not_there(store: Store) -> None:
    put_once(store, intent_for(), BODY, [])
    with pytest.raises(NotStored):
        tighten(store, "archive/2026-01-01/c1/none", "00000000-0000-0000-0000-000000000000", compliance())


def nowhere(store: Store, _: S3Proxy) -> Store:
    return connect(store.bucket, "http://127.0.0.1:1", 0.5, 0.5, store.part_size_bytes)


def no_bucket(store: Store, proxy: S3Proxy) -> Store:
    return connect("no-such-bucket-here", proxy.url, 2, 2, store.part_size_bytes)


def slow(store: Store, proxy: S3Proxy) -> Store:
    proxy.faults(slow={"seconds": 5, "operation": "PutObject"})
    return connect(store.bucket, proxy.url, 2, 0.3, store.part_size_bytes)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (nowhere, VaultUnreachable, "does not answer"),
        (slow, VaultUnreachable, "does not answer"),
        (no_bucket, VaultRefused, "no such bucket"),
    ],
)
def test_each_trouble_is_one_line_of_words(
    store: Store,
    s3_proxy: S3Proxy,
    make: Callable[[Store, S3Proxy], Store],
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words) as caught:
        put_once(make(store, s3_proxy), intent_for(), BODY, [])
    assert "\n" not in str(caught.value)


def test_what_is_not_permitted_is_refused_by_name(store: Store) -> None:
    store.once.put_bucket_policy(
        Bucket=store.bucket,
        Policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",'
        f' "Resource": "arn:aws:s3:::{store.bucket}/*"}}]}}',
    )
    with pytest.raises(VaultRefused, match="PutObject: it is not permitted"):
        put_once(store, intent_for(), BODY, [])


def test_missing_credentials_are_refused_in_words(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    bare = connect(store.bucket, store.once.meta.endpoint_url, 2, 2, store.part_size_bytes)
    with pytest.raises(VaultRefused, match="no usable AWS credentials"):
        put_once(bare, intent_for(), BODY, [])


def test_an_endpoint_that_is_no_url_is_refused() -> None:
    with pytest.raises(VaultRefused, match="no client"):
        connect("bucket", "not a url", 1, 1, 5 * 1024 * 1024)
