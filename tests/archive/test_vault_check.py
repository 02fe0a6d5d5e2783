"""`vault check` on a vault that somebody damaged: each damage is found and named, none is overlooked, none is invented.

Both stores keep versions, delete markers, tags and retention as S3 does. Shortening a COMPLIANCE lock is what moto
alone lets happen, so here a GOVERNANCE lock is shortened, with the bypass.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from archives import Archive
from sqlalchemy import text

from strongroom.house import bucket_blueprint
from strongroom.ledger.checks import latest_checks
from strongroom.pipeline.vault_check import VaultCheck, check_vault
from strongroom.times import utc_now

StartArchive = Callable[..., Archive]
STORES = ("moto", "ministack")


@dataclass(frozen=True)
class Planted:
    """What damage must be told, and of which key."""

    kind: str
    key: str


@pytest.fixture(params=STORES)
def store_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings that lead to each of the stores."""
    if request.param == "moto":
        return {}
    return {"STRONGROOM_S3_ENDPOINT_URL": request.getfixturevalue("ministack_endpoint")}


@pytest.fixture
def archive(store_settings: dict[str, str], start_archive: StartArchive) -> Archive:
    """A day in the vault, on each of the stores."""
    archive = start_archive(conversations=10, settings=store_settings)
    archive.archive_here()
    return archive


def _check(archive: Archive, sample: int | None = None) -> VaultCheck:
    house = archive.house
    return check_vault(house.engine, house.store, bucket_blueprint(house.settings, house.policy), sample)


def test_a_vault_that_nobody_damaged_is_clean_and_each_damage_is_found(archive: Archive) -> None:
    clean = _check(archive)
    assert clean.faults == []
    assert clean.objects == archive.rows("SELECT count(*) FROM objects")[0][0]
    assert _check(archive, sample=5).objects == 5

    client, bucket = archive.house.store.once, archive.bucket
    policy = client.get_bucket_policy(Bucket=bucket)["Policy"]
    client.delete_bucket_policy(Bucket=bucket)  # which denies some of the damage
    planted = list(_damage(archive))
    client.put_bucket_policy(Bucket=bucket, Policy=policy)
    found = _check(archive)
    told = sorted((finding.kind, finding.where) for finding in found.faults)
    for damage in planted:
        assert [kind for kind, where in told if f"/{damage.key} " in f"{where} "] == [damage.kind], damage
    assert len(told) == len(planted), told
    assert all(finding.mend for finding in found.faults)

    recorded = {check.scope: check for check in latest_checks(archive.engine)}
    assert len(recorded["all"].findings) == len(planted)
    assert {finding["kind"] for finding in recorded["all"].findings} == {damage.kind for damage in planted}


def test_what_was_put_in_parts_is_not_damaged(store_settings: dict[str, str], start_archive: StartArchive) -> None:
    """The store's checksum of it is over those of its parts, and each store says so in its own way.

    ministack drops the tags that a multipart upload begins with, and moto its lock.
    """
    in_parts = {"STRONGROOM_MULTIPART_PART_MIB": "5"}
    archive = start_archive(conversations=4, audio_bytes=6 * 2**20, settings=store_settings | in_parts)
    archive.archive_here()
    assert archive.rows("SELECT count(*) FROM objects WHERE size_bytes > 5 * 1024 * 1024")[0][0] > 0
    assert _check(archive).faults == []


def test_what_is_archived_while_the_check_runs_is_not_extra(archive: Archive) -> None:
    """An object between its put and its record is some worker's intent."""
    key = "archive/2026-03-10/under-way/manifest.json"
    _put(archive, key, b"{}")
    assert [finding.kind for finding in _check(archive).faults] == ["object-extra"]
    _evidence(archive, key, b"{}", version_id=None)
    assert _check(archive).faults == []


def _damage(archive: Archive) -> Iterator[Planted]:
    """Damage of every kind, each to an object of its own."""
    client, bucket = archive.house.store.once, archive.bucket
    rows = archive.rows("SELECT key, version_id, lock_mode, retain_until FROM objects ORDER BY key")
    liftable = [row for row in rows if row.lock_mode == "GOVERNANCE"]
    others = iter([row for row in rows if row.lock_mode == "COMPLIANCE"])

    row = next(others)
    _put(archive, row.key, b"somebody else's")
    yield Planted("second-version", row.key)

    row = next(others)
    client.delete_object(Bucket=bucket, Key=row.key)
    yield Planted("delete-marker", row.key)

    row = next(others)
    client.delete_object_tagging(Bucket=bucket, Key=row.key, VersionId=row.version_id)
    yield Planted("tag-missing", row.key)

    row = next(others)
    tags: Any = {"TagSet": [{"Key": "retention-class", "Value": "ivr-self-service"}]}
    client.put_object_tagging(Bucket=bucket, Key=row.key, VersionId=row.version_id, Tagging=tags)
    yield Planted("tag-wrong", row.key)

    row = next(others)
    _ledger(archive, "UPDATE objects SET size_bytes = size_bytes + 1 WHERE key = :key", key=row.key)
    yield Planted("size-wrong", row.key)

    short, weak = liftable[0], liftable[1]
    shorter: Any = {"Mode": "GOVERNANCE", "RetainUntilDate": short.retain_until - timedelta(days=1)}
    named = {"Bucket": bucket, "Key": short.key, "VersionId": short.version_id}
    client.put_object_retention(**named, Retention=shorter, BypassGovernanceRetention=True)
    yield Planted("lock-short", short.key)

    _ledger(archive, "UPDATE objects SET lock_mode = 'COMPLIANCE' WHERE key = :key", key=weak.key)
    yield Planted("lock-mode-weak", weak.key)

    if archive.environment["STRONGROOM_S3_ENDPOINT_URL"] != archive.proxy.url:
        # moto does not let the default retention be taken away, so that nothing can be put there without a lock
        key = "evidence/unlocked"
        standing = client.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        without: Any = {"ObjectLockEnabled": "Enabled"}
        client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=without)
        _evidence(archive, key, b"unlocked", _put(archive, key, b"unlocked", locked=False))
        client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=standing)
        yield Planted("lock-missing", key)

    key = "evidence/other-hash"
    version_id = _put(archive, key, b"whole", metadata={"sha256-hash": hashlib.sha256(b"other").hexdigest()})
    _evidence(archive, key, b"whole", version_id)
    yield Planted("metadata-hash-wrong", key)

    key = "evidence/other-bytes"
    version_id = _put(archive, key, b"1234", metadata={"sha256-hash": hashlib.sha256(b"4321").hexdigest()})
    _evidence(archive, key, b"4321", version_id)
    yield Planted("checksum-wrong", key)

    key = "evidence/gone"
    _evidence(archive, key, b"gone", "no-such-version")
    yield Planted("object-missing", key)

    key = "archive/2026-03-10/nobody-knows"
    _put(archive, key, b"?")
    yield Planted("object-extra", key)


def _put(
    archive: Archive, key: str, body: bytes, *, locked: bool = True, metadata: dict[str, str] | None = None
) -> str:
    """Put bytes past the vault's own code, tagged as evidence is."""
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": utc_now() + timedelta(days=30)}
    answer = archive.house.store.once.put_object(
        Bucket=archive.bucket,
        Key=key,
        Body=body,
        ChecksumAlgorithm="SHA256",
        Metadata=metadata or {"sha256-hash": hashlib.sha256(body).hexdigest()},
        Tagging="retention-class=evidence",
        **(lock if locked else {}),  # type: ignore[arg-type]
    )
    return answer["VersionId"]


def _evidence(archive: Archive, key: str, body: bytes, version_id: str | None) -> None:
    """Say in the ledger that these bytes stand there, locked for ten days."""
    _ledger(
        archive,
        "INSERT INTO evidence_objects"
        " (key, kind, size_bytes, sha256, content_type, lock_mode, retain_until, version_id)"
        " VALUES (:key, 'test', :size, :sha256, 'text/plain', 'GOVERNANCE', now() + interval '10 days', :version_id)",
        key=key,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        version_id=version_id,
    )


def _ledger(archive: Archive, statement: str, **values: object) -> None:
    with archive.engine.begin() as connection:
        connection.execute(text(statement), values)
