"""Making a bucket, and refusing one that can't keep the archive's promises."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from s3proxy.running import S3Proxy
from vaulting import BODY, MIB, compliance, fresh_bucket, governance, intent_for, versions

from strongroom.vault.errors import VaultRefused, VaultUnreachable
from strongroom.vault.fitness import PROBE_KEY, bucket_state, require_fit
from strongroom.vault.lock import LockMode
from strongroom.vault.provision import create_bucket
from strongroom.vault.put_once import put_once, tighten
from strongroom.vault.store import Store, connect


@pytest.fixture
def no_bucket(s3_proxy: S3Proxy) -> Store:
    """A store whose bucket is not made yet."""
    return connect(fresh_bucket(), s3_proxy.url, 5, 30, 5 * MIB)


def plain_bucket(store: Store) -> Store:
    store.once.create_bucket(Bucket=store.bucket)
    return store


def test_a_bucket_is_made_write_once_and_private(no_bucket: Store) -> None:
    done = create_bucket(no_bucket, "us-east-1")
    state = bucket_state(no_bucket)

    assert "created" in done[0]
    assert (state.object_lock, state.versioning, state.public_access_blocked) == (True, True, True)
    assert state.default_retention is not None
    assert (state.default_retention.mode, state.default_retention.days) == (LockMode.COMPLIANCE, 7 * 365)
    assert state.plain_deletes_denied
    require_fit(no_bucket, accept_without_conditional_puts=False)


@pytest.mark.parametrize(("region", "constraint"), [("us-east-1", None), ("eu-central-1", "eu-central-1")])
def test_the_region_is_named_except_in_us_east_1(
    no_bucket: Store, monkeypatch: pytest.MonkeyPatch, region: str, constraint: str | None
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    store = connect(no_bucket.bucket, no_bucket.once.meta.endpoint_url, 5, 30, 5 * MIB)
    create_bucket(store, region)
    assert store.patient.get_bucket_location(Bucket=store.bucket)["LocationConstraint"] == constraint


def test_making_it_again_changes_nothing(no_bucket: Store) -> None:
    create_bucket(no_bucket, "us-east-1")
    put_once(no_bucket, intent_for(), BODY, [])
    before = bucket_state(no_bucket)
    assert create_bucket(no_bucket, "us-east-1") == []
    assert bucket_state(no_bucket) == before


def test_a_bucket_that_lacks_something_is_completed_and_keeps_what_it_has(store: Store) -> None:
    theirs = '{"Version": "2012-10-17", "Statement": [{"Sid": "Theirs", "Effect": "Allow", "Principal": "*",'
    theirs += f' "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{store.bucket}/public/*"}}]}}'
    store.once.put_bucket_policy(Bucket=store.bucket, Policy=theirs)
    store.once.put_object_lock_configuration(
        Bucket=store.bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 10}},
        },
    )

    done = create_bucket(store, "us-east-1")

    state = bucket_state(store)
    assert not any("created" in words or "default retention" in words for words in done)
    assert state.default_retention is not None
    assert state.default_retention.days == 10 * 365
    assert state.public_access_blocked
    assert state.plain_deletes_denied
    assert "Theirs" in store.patient.get_bucket_policy(Bucket=store.bucket)["Policy"]


def test_plain_deletes_are_denied_and_erasing_a_version_is_not(no_bucket: Store) -> None:
    """The stand-in evaluates the policy, but takes erasing a version for a plain delete: hence the second look."""
    create_bucket(no_bucket, "us-east-1")
    stored = put_once(no_bucket, intent_for(), BODY, [])
    with pytest.raises(no_bucket.once.exceptions.ClientError, match="403"):
        no_bucket.once.delete_object(Bucket=no_bucket.bucket, Key=stored.key)
    policy = json.loads(no_bucket.patient.get_bucket_policy(Bucket=no_bucket.bucket)["Policy"])
    assert [statement["Action"] for statement in policy["Statement"]] == ["s3:DeleteObject"]


def test_the_default_retention_does_not_stand_in_the_way_of_own_locks(no_bucket: Store) -> None:
    create_bucket(no_bucket, "us-east-1")
    lock = governance(30)
    stored = put_once(no_bucket, intent_for(lock=lock), BODY, [])
    assert stored.lock == lock
    assert tighten(no_bucket, stored.key, stored.version_id, compliance(40)).covers(compliance(39))


def test_an_existing_bucket_without_object_lock_is_refused(no_bucket: Store) -> None:
    store = plain_bucket(no_bucket)
    with pytest.raises(VaultRefused, match="exists without Object Lock"):
        create_bucket(store, "us-east-1")
    with pytest.raises(VaultRefused, match="no Object Lock"):
        require_fit(store, accept_without_conditional_puts=True)
    assert versions(store, PROBE_KEY) == []


def test_suspended_versioning_is_refused(store: Store) -> None:
    """The stand-in lets it be suspended on a bucket with Object Lock."""
    store.once.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(VaultRefused, match="versioning"):
        require_fit(store, accept_without_conditional_puts=False)


def test_no_bucket_is_refused(no_bucket: Store) -> None:
    for ask in (bucket_state, lambda store: require_fit(store, accept_without_conditional_puts=False)):
        with pytest.raises(VaultRefused, match="no such bucket"):
            ask(no_bucket)


def test_an_unreachable_store_is_not_taken_for_a_missing_bucket() -> None:
    store = connect("bucket", "http://127.0.0.1:1", 0.5, 0.5, 5 * MIB)
    with pytest.raises(VaultUnreachable):
        create_bucket(store, "us-east-1")


def test_a_fit_store_gathers_one_probe_however_often_it_is_asked(store: Store) -> None:
    for _ in range(3):
        require_fit(store, accept_without_conditional_puts=False)
    assert len(versions(store, PROBE_KEY)) == 1


def test_a_probe_under_a_delete_marker_is_no_false_alarm(store: Store) -> None:
    require_fit(store, accept_without_conditional_puts=False)
    store.once.delete_object(Bucket=store.bucket, Key=PROBE_KEY)
    require_fit(store, accept_without_conditional_puts=False)


def test_a_store_without_conditional_puts_is_refused_or_accepted_by_name(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(drop_conditional=True)
    with pytest.raises(VaultRefused, match="STRONGROOM_ACCEPT_STORE_WITHOUT_CONDITIONAL_PUTS"):
        require_fit(store, accept_without_conditional_puts=False)
    gathered = len(versions(store, PROBE_KEY))
    for _ in range(3):
        require_fit(store, accept_without_conditional_puts=True)
    assert len(versions(store, PROBE_KEY)) == gathered


def test_a_store_that_drops_locks_is_refused(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(drop_put_lock=True)
    with pytest.raises(VaultRefused, match="no lock can be seen"):
        require_fit(store, accept_without_conditional_puts=False)


@contextmanager
def web_page(body: bytes) -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_PUT = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("body", [b"<p>Welcome", b"<p>Welcome</p>"])
def test_a_server_that_is_no_s3_is_never_fit(body: bytes) -> None:
    with web_page(body) as url, pytest.raises((VaultRefused, VaultUnreachable)) as caught:
        require_fit(connect("bucket", url, 2, 2, 5 * MIB), accept_without_conditional_puts=True)
    assert "\n" not in str(caught.value)
