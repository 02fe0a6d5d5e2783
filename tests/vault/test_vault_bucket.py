"""Refusing a bucket that can't keep the archive's promises, and what one that is made right allows."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from s3proxy.running import S3Proxy
from vaulting import BODY, MIB, compliance, fresh_bucket, governance, intent_for, versions

from strongroom.vault.blueprint import Blueprint
from strongroom.vault.errors import VaultRefused, VaultUnreachable
from strongroom.vault.fitness import PROBE_KEY, require_fit
from strongroom.vault.provision import check_bucket, create_bucket
from strongroom.vault.put_once import put_once, tighten
from strongroom.vault.store import Store, connect

# The stand-in takes a denial of plain HTTP for one of everything: it evaluates policies without their conditions.
BLUEPRINT = Blueprint(
    trial=False, endpoint_url="http://127.0.0.1", kms_key_id=None, break_glass_role_arn=None, lifecycle=()
)


@pytest.fixture
def no_bucket(s3_proxy: S3Proxy) -> Store:
    """A store whose bucket is not made yet."""
    return connect(fresh_bucket(), s3_proxy.url, 5, 30, 5 * MIB)


def plain_bucket(store: Store) -> Store:
    store.once.create_bucket(Bucket=store.bucket)
    return store


def test_plain_deletes_are_denied_and_erasing_a_version_is_not(no_bucket: Store) -> None:
    """The stand-in evaluates the policy, but takes erasing a version for a plain delete: hence the second look."""
    create_bucket(no_bucket, "us-east-1", BLUEPRINT)
    stored = put_once(no_bucket, intent_for(), BODY, [])
    with pytest.raises(no_bucket.once.exceptions.ClientError, match="403"):
        no_bucket.once.delete_object(Bucket=no_bucket.bucket, Key=stored.key)
    policy = json.loads(no_bucket.patient.get_bucket_policy(Bucket=no_bucket.bucket)["Policy"])
    assert [statement["Action"] for statement in policy["Statement"]] == ["s3:DeleteObject"]


def test_the_default_retention_does_not_stand_in_the_way_of_own_locks(no_bucket: Store) -> None:
    create_bucket(no_bucket, "us-east-1", BLUEPRINT)
    lock = governance(30)
    stored = put_once(no_bucket, intent_for(lock=lock), BODY, [])
    assert stored.lock == lock
    assert tighten(no_bucket, stored.key, stored.version_id, compliance(40)).covers(compliance(39))


def test_an_existing_bucket_without_object_lock_is_refused(no_bucket: Store) -> None:
    store = plain_bucket(no_bucket)
    with pytest.raises(VaultRefused, match="exists without Object Lock"):
        create_bucket(store, "us-east-1", BLUEPRINT)
    with pytest.raises(VaultRefused, match="no Object Lock"):
        require_fit(store, accept_without_conditional_puts=True, trial=False)
    assert versions(store, PROBE_KEY) == []


def test_suspended_versioning_is_refused(store: Store) -> None:
    """The stand-in lets it be suspended on a bucket with Object Lock."""
    store.once.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(VaultRefused, match="versioning"):
        require_fit(store, accept_without_conditional_puts=False, trial=False)


def test_no_bucket_is_refused(no_bucket: Store) -> None:
    for ask in (
        lambda store: check_bucket(store, BLUEPRINT),
        lambda store: require_fit(store, accept_without_conditional_puts=False, trial=False),
    ):
        with pytest.raises(VaultRefused, match="no such bucket"):
            ask(no_bucket)


def test_a_trial_s_settings_and_a_vault_refuse_each_other(no_bucket: Store, store: Store) -> None:
    create_bucket(no_bucket, "us-east-1", replace(BLUEPRINT, trial=True))
    require_fit(no_bucket, accept_without_conditional_puts=False, trial=True)
    gathered = len(versions(no_bucket, PROBE_KEY))
    with pytest.raises(VaultRefused, match="strongroom=trial"):
        require_fit(no_bucket, accept_without_conditional_puts=False, trial=False)
    assert len(versions(no_bucket, PROBE_KEY)) == gathered

    # one that was made before there were tags is a vault
    require_fit(store, accept_without_conditional_puts=False, trial=False)
    tagged: list[list[Any]] = [[], [{"Key": "strongroom", "Value": "vault"}]]
    for tags in tagged:
        store.once.put_bucket_tagging(Bucket=store.bucket, Tagging={"TagSet": tags})
        require_fit(store, accept_without_conditional_puts=False, trial=False)
        with pytest.raises(VaultRefused, match="not tagged strongroom=trial"):
            require_fit(store, accept_without_conditional_puts=False, trial=True)


def test_a_fit_store_gathers_one_probe_however_often_it_is_asked(store: Store) -> None:
    for _ in range(3):
        require_fit(store, accept_without_conditional_puts=False, trial=False)
    assert len(versions(store, PROBE_KEY)) == 1


def test_a_probe_under_a_delete_marker_is_no_false_alarm(store: Store) -> None:
    require_fit(store, accept_without_conditional_puts=False, trial=False)
    store.once.delete_object(Bucket=store.bucket, Key=PROBE_KEY)
    require_fit(store, accept_without_conditional_puts=False, trial=False)


def test_a_store_without_conditional_puts_is_refused_or_accepted_by_name(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(drop_conditional=True)
    with pytest.raises(VaultRefused, match="STRONGROOM_ACCEPT_STORE_WITHOUT_CONDITIONAL_PUTS"):
        require_fit(store, accept_without_conditional_puts=False, trial=False)
    gathered = len(versions(store, PROBE_KEY))
    for _ in range(3):
        require_fit(store, accept_without_conditional_puts=True, trial=False)
    assert len(versions(store, PROBE_KEY)) == gathered


def test_a_store_that_drops_locks_is_refused(store: Store, s3_proxy: S3Proxy) -> None:
    s3_proxy.faults(drop_put_lock=True)
    with pytest.raises(VaultRefused, match="no lock can be seen"):
        require_fit(store, accept_without_conditional_puts=False, trial=False)


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
        require_fit(connect("bucket", url, 2, 2, 5 * MIB), accept_without_conditional_puts=True, trial=False)
    assert "\n" not in str(caught.value)
