"""The proxy the other tests lean on: what it refuses in S3's stead, and that its faults are what they say."""

from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from s3proxy.running import S3Proxy
from vaulting import BODY, KEY, MIB, in_days, versions

from strongroom.vault.store import Store


def put(store: Store, body: bytes = BODY, key: str = KEY, **more: Any) -> str:
    return store.once.put_object(Bucket=store.bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256", **more)[
        "VersionId"
    ]


def retain(store: Store, version_id: str, mode: str, days: float, bypass: bool = False) -> None:
    store.once.put_object_retention(
        Bucket=store.bucket,
        Key=KEY,
        VersionId=version_id,
        Retention={"Mode": mode, "RetainUntilDate": in_days(days)},
        BypassGovernanceRetention=bypass,
    )


@pytest.mark.parametrize(
    "lock",
    [
        {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": in_days(-1)},
        {"ObjectLockMode": "COMPLIANCE"},
        {"ObjectLockRetainUntilDate": in_days(1)},
    ],
    ids=["past", "no date", "no mode"],
)
def test_a_malformed_lock_is_refused(store: Store, lock: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidArgument"):
        put(store, **lock)
    with pytest.raises(ClientError, match="InvalidArgument"):
        store.once.create_multipart_upload(Bucket=store.bucket, Key=KEY, ChecksumAlgorithm="SHA256", **lock)
    assert versions(store) == []


def test_a_lock_is_not_loosened_without_the_right_to(store: Store) -> None:
    version = put(store, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=in_days(10))
    for mode, days in (("GOVERNANCE", 5), ("COMPLIANCE", 20)):
        with pytest.raises(ClientError, match="AccessDenied"):
            retain(store, version, mode, days)
    with pytest.raises(ClientError, match="InvalidArgument"):
        retain(store, version, "GOVERNANCE", -1)
    retain(store, version, "GOVERNANCE", 15)
    retain(store, version, "GOVERNANCE", 12, bypass=True)
    retain(store, version, "COMPLIANCE", 20, bypass=True)
    for mode, days in (("COMPLIANCE", 15), ("GOVERNANCE", 30)):
        with pytest.raises(ClientError, match="AccessDenied"):
            retain(store, version, mode, days, bypass=True)
    retain(store, version, "COMPLIANCE", 25)


def test_a_wrong_checksum_is_refused(store: Store) -> None:
    with pytest.raises(ClientError, match="BadDigest"):
        put(store, ChecksumSHA256="A" * 43 + "=")


def test_bytes_and_odd_keys_pass_unchanged(store: Store) -> None:
    body = bytes(range(256)) * 8 * 1024 + b"end"
    assert len(body) > MIB
    for key in ("a b+c%2F/ä?=&", "plain"):
        put(store, body, key)
        assert store.once.get_object(Bucket=store.bucket, Key=key)["Body"].read() == body
    assert store.once.head_object(Bucket=store.bucket, Key="plain")["ContentLength"] == len(body)


def test_a_fault_meets_as_many_requests_as_it_was_told(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(error_503={"operation": "PutObject", "times": 2, "key_contains": "recordings"})
    put(store, key="elsewhere")
    for _ in range(2):
        with pytest.raises(ClientError, match="SlowDown"):
            put(store)
    put(store)


def test_a_lost_answer_is_a_put_that_was_done(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(lose_put_answer={"times": 1})
    with pytest.raises(BotoCoreError):
        put(store)
    assert len(versions(store)) == 1


def test_an_unknown_fault_is_refused(s3_proxy: S3Proxy) -> None:
    with pytest.raises(HTTPError, match="400"):
        s3_proxy.faults(eror_503=True)
