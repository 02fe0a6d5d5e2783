"""Restoring an object: what the store says of it, and what it makes of a request."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from s3proxy.running import S3Proxy
from vaulting import BODY, KEY, in_days

from strongroom.vault.errors import NotStored, VaultRefused, VaultUnreachable
from strongroom.vault.restore import (
    Asked,
    NotRestorable,
    RestoreNotUnderstood,
    TierNotAvailable,
    ask,
    look,
    parse_restore_header,
)
from strongroom.vault.store import Store

instants = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def put(store: Store, **more: Any) -> str:
    return store.once.put_object(Bucket=store.bucket, Key=KEY, Body=BODY, ChecksumAlgorithm="SHA256", **more)[
        "VersionId"
    ]


def cold(s3_proxy: S3Proxy, storage_class: str = "GLACIER", **more: Any) -> None:
    s3_proxy.faults(cold={"classes": {KEY: storage_class}, **more})


@given(instants)
def test_the_header_of_a_copy_says_until_when(until: datetime) -> None:
    value = f'ongoing-request="false", expiry-date="{format_datetime(until, usegmt=True)}"'
    assert parse_restore_header(value, "here").readable_until == until


def test_the_header_of_a_restore_under_way_says_no_time() -> None:
    assert parse_restore_header('ongoing-request="true"', "here").readable_until is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "ongoing-request=true",
        'ongoing-request="false"',
        'ongoing-request="TRUE"',
        'ongoing-request="true", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"',
        'ongoing-request="false", expiry-date="2012-12-21T00:00:00Z"',
        'ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00"',
        'ongoing-request="false", expiry-date="Fri, 31 Feb 2012 00:00:00 GMT"',
        'ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT" ',
        'ongoing-request="false", expiry-date="Fri, 21 Dec 99999 00:00:00 GMT"',
    ],
)
def test_another_form_is_not_guessed_at(value: str) -> None:
    with pytest.raises(RestoreNotUnderstood):
        parse_restore_header(value, "here")


@given(st.text(max_size=80))
def test_whatever_the_header_holds_it_is_read_or_refused(value: str) -> None:
    try:
        parse_restore_header(value, "here")
    except RestoreNotUnderstood as refusal:
        assert value not in str(refusal) or len(value) < 20


def test_a_cold_object_is_asked_for_waited_for_read_and_lapses(store: Store, s3_proxy: S3Proxy) -> None:
    version = put(store)
    cold(s3_proxy, ready_after_s=None)
    found = look(store, KEY, version)
    assert (found.storage_class, found.archived, found.under_way) == ("GLACIER", True, False)
    assert not found.readable(in_days(0))
    with pytest.raises(VaultRefused, match="InvalidObjectState"):
        store.sha256_of(KEY, version)
    assert ask(store, KEY, version, tier="Standard", days=2) is Asked.BEGUN
    assert look(store, KEY, version).under_way
    assert ask(store, KEY, version, tier="Standard", days=2) is Asked.UNDER_WAY
    assert ask(store, KEY, version, tier="Bulk", days=2) is Asked.UNDER_WAY
    assert ask(store, KEY, version, tier="Expedited", days=2) is Asked.BEGUN
    cold(s3_proxy)
    assert not look(store, KEY, version).under_way
    assert ask(store, KEY, version, tier="Bulk", days=2) is Asked.BEGUN
    assert ask(store, KEY, version, tier="Bulk", days=5) is Asked.EXTENDED
    found = look(store, KEY, version)
    assert found.readable(in_days(4.9))
    assert not found.readable(in_days(5.1))
    assert b"".join(store.read(KEY, version)) == BODY


def test_a_request_is_sent_once_whatever_becomes_of_it(store: Store, s3_proxy: S3Proxy) -> None:
    version = put(store)
    s3_proxy.faults(cold={"classes": {KEY: "GLACIER"}}, lose_restore_answer={"times": 1})
    with pytest.raises(VaultUnreachable):
        ask(store, KEY, version, tier="Standard", days=1)
    assert [one["status"] for one in s3_proxy.restores_asked()] == [202]
    cold(s3_proxy, refuses_expedited=True)
    with pytest.raises(TierNotAvailable):
        ask(store, KEY, version, tier="Expedited", days=1)
    assert [one["status"] for one in s3_proxy.restores_asked()] == [503]


def test_what_can_be_read_at_once_is_no_matter_of_restores(store: Store, s3_proxy: S3Proxy) -> None:
    version = put(store)
    for storage_class in ("STANDARD", "STANDARD_IA", "GLACIER_IR", "INTELLIGENT_TIERING"):
        cold(s3_proxy, storage_class)
        found = look(store, KEY, version)
        assert (found.storage_class, found.readable(in_days(9_999)), found.readable_until) == (
            storage_class, True, None,
        )  # fmt: skip


def test_an_archive_tier_of_intelligent_tiering_is_refused_in_words(store: Store, s3_proxy: S3Proxy) -> None:
    version = put(store)
    cold(s3_proxy, "INTELLIGENT_TIERING DEEP_ARCHIVE_ACCESS")
    with pytest.raises(NotRestorable, match="restore it by hand"):
        look(store, KEY, version)


def test_a_version_that_is_not_there_is_said_to_be_that(store: Store, s3_proxy: S3Proxy) -> None:
    version = put(store)
    store.once.delete_object(Bucket=store.bucket, Key=KEY, VersionId=version)
    with pytest.raises(NotStored):
        look(store, KEY, version)


def test_moto_restores_too(store: Store, s3_proxy: S3Proxy) -> None:
    """moto's own archive storage: it is done at once, and keeps to the form of S3's header."""
    version = put(store, StorageClass="GLACIER")
    found = look(store, KEY, version)
    assert (found.archived, found.restore) == (True, None)
    with pytest.raises(VaultRefused, match="InvalidObjectState"):
        store.sha256_of(KEY, version)
    assert ask(store, KEY, version, tier="Expedited", days=3) is Asked.BEGUN
    until = look(store, KEY, version).readable_until
    assert until is not None
    assert abs(until - in_days(3)) < timedelta(minutes=5)
    assert b"".join(store.read(KEY, version)) == BODY
