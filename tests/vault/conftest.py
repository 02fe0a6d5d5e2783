"""A vault of its own for each test, behind the fault-injecting proxy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from s3proxy.running import S3Proxy, running_proxy
from vaulting import MIB, fresh_bucket

from strongroom.vault.store import Store, connect


@pytest.fixture(scope="session")
def session_proxy(s3_endpoint: str, servers_folder: Path) -> Iterator[S3Proxy]:
    """The proxy, one for all tests."""
    with running_proxy(s3_endpoint, servers_folder / "s3proxy.log") as proxy:
        yield proxy


@pytest.fixture
def s3_proxy(session_proxy: S3Proxy) -> Iterator[S3Proxy]:
    """The proxy without faults; what a test sets is cleared after it."""
    session_proxy.faults()
    yield session_proxy
    session_proxy.faults()


@pytest.fixture
def store(s3_proxy: S3Proxy) -> Store:
    """A fresh bucket with Object Lock, reached through the proxy."""
    store = connect(fresh_bucket(), s3_proxy.url, connect_timeout_s=5, read_timeout_s=30, part_size_bytes=5 * MIB)
    store.once.create_bucket(Bucket=store.bucket, ObjectLockEnabledForBucket=True)
    return store
