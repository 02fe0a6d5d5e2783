"""The vault's own code, and what it must not do, over HTTP under each role's policy, before a server that enforces it.

ministack keeps locks as S3 does: COMPLIANCE is neither shortened nor lifted, GOVERNANCE by a bypass only.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from iam_server import ROOT_KEY, running_iam_server
from vaulting import BODY, KEY, MIB, compliance, fresh_bucket, governance, in_days, intent_for

from cli.app import run
from strongroom.vault.deletion import delete_version, look_at, versions_below
from strongroom.vault.errors import VaultRefused
from strongroom.vault.hold import set_hold
from strongroom.vault.iam_policy import policy_document
from strongroom.vault.lock import Lock
from strongroom.vault.permissions import Role
from strongroom.vault.put_once import Stored, put_once, tighten
from strongroom.vault.store import Store, connect

DENIED = {"AccessDenied", "403"}
As = Callable[..., Store]


@pytest.fixture(scope="module")
def endpoint(servers_folder: Path) -> Iterator[str]:
    with running_iam_server(servers_folder / "iam_server.log") as url:
        yield url


@pytest.fixture(scope="module")
def vault(endpoint: str) -> str:
    """A bucket made by `strongroom vault create` under the provisioner's policy; the second time there is no need."""
    name = fresh_bucket()
    environment = {
        **_credentials(endpoint, name, Role.PROVISIONER),
        "STRONGROOM_BUCKET": name,
        "STRONGROOM_S3_ENDPOINT_URL": endpoint,
        "STRONGROOM_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "STRONGROOM_REDIS_URL": "redis://127.0.0.1:1/0",
        "STRONGROOM_GENESYS_API_URL": "https://api.example.org",
        "STRONGROOM_GENESYS_LOGIN_URL": "https://login.example.org",
        "STRONGROOM_GENESYS_CLIENTS": "client:planted-secret",
    }
    with pytest.MonkeyPatch.context() as process:
        for variable, value in environment.items():
            process.setenv(variable, value)
        for _ in range(2):
            assert run(["vault", "create", "--region", "us-east-1"]) == 0
    return name


@pytest.fixture
def as_role(endpoint: str, vault: str) -> As:
    """The vault as a role sees it: `as_role(Role.WORKER)`."""
    return lambda role, mfa=False: _store_as(endpoint, vault, role, mfa=mfa)


def as_root(service: str, endpoint: str) -> Any:
    """A client that may do everything."""
    return boto3.client(service, endpoint_url=endpoint, aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY)


def _credentials(endpoint: str, name: str, role: Role, *, mfa: bool = False) -> dict[str, str]:
    """The environment of a user who has the role's policy for this bucket, and no other."""
    iam = as_root("iam", endpoint)
    user = f"{name}-{role}{'-with-mfa' if mfa else ''}"
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName=role.value, PolicyDocument=json.dumps(policy_document(role, name)))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def _store_as(endpoint: str, name: str, role: Role, *, mfa: bool = False) -> Store:
    with pytest.MonkeyPatch.context() as process:
        for variable, value in _credentials(endpoint, name, role, mfa=mfa).items():
            process.setenv(variable, value)
        return connect(name, endpoint, connect_timeout_s=5, read_timeout_s=30, part_size_bytes=5 * MIB)


def put(store: Store, name: str, lock: Lock | None = None, body: bytes = BODY) -> tuple[str, str]:
    """A new record of the worker's; its key and version."""
    stored = put_once(store, intent_for(body, key=f"archive/2026-01-01/{name}/r.wav", lock=lock), body, [])
    return stored.key, stored.version_id


def class_tags(store: Store, stored: Stored) -> list[str]:
    """The classes that an object's tags name."""
    answer = store.once.get_object_tagging(Bucket=store.bucket, Key=stored.key, VersionId=stored.version_id)
    return [tag["Value"] for tag in answer["TagSet"] if tag["Key"] == "retention-class"]


def refused(call: Callable[..., Any], **request: Any) -> bool:
    """Whether it is not permitted; any other error is an error here."""
    try:
        call(**request)
    except ClientError as error:
        assert error.response["Error"]["Code"] in DENIED, error
        return True
    return False


def test_the_worker_archives_reads_back_adopts_and_lengthens(as_role: As, tmp_path: Path) -> None:
    worker = as_role(Role.WORKER)
    intent = intent_for(lock=compliance(400))
    stored = put_once(worker, intent, BODY, [])
    assert put_once(worker, intent, BODY, []).adopted
    assert worker.sha256_of(KEY, stored.version_id) == intent.sha256
    longer = compliance(900)
    assert tighten(worker, KEY, stored.version_id, longer) == longer
    big = tmp_path / "big"
    big.write_bytes(b"x" * (11 * MIB))
    in_parts = intent_for(big.read_bytes(), key="archive/2026-01-01/big/r.wav")
    stored_in_parts = put_once(worker, in_parts, big, [])
    assert stored_in_parts.lock == in_parts.lock
    assert class_tags(worker, stored_in_parts) == [in_parts.retention_class], "ministack drops it from an upload"
    for key in ("evidence/custody/2026-01-01.jsonl", "probe/conditional-put-2"):
        assert put_once(worker, intent_for(key=key), BODY, []).version_id


def test_the_worker_can_not_delete_bypass_or_shorten(as_role: As) -> None:
    worker = as_role(Role.WORKER)
    for name, lock in (("g", governance()), ("c", compliance())):
        key, version = put(worker, f"worker-{name}", lock)
        at = {"Bucket": worker.bucket, "Key": key}
        assert refused(worker.once.delete_object, **at)
        assert refused(worker.once.delete_object, **at, VersionId=version)
        assert refused(worker.once.delete_object, **at, VersionId=version, BypassGovernanceRetention=True)
        batch = {"Objects": [{"Key": key, "VersionId": version}]}
        with pytest.raises(ClientError, match="AccessDenied"):
            worker.once.delete_objects(Bucket=worker.bucket, Delete=batch, BypassGovernanceRetention=True)
        shorter = {"Mode": lock.mode.value, "RetainUntilDate": in_days(1)}
        for bypass in (False, True):
            assert refused(
                worker.once.put_object_retention,
                **at,
                VersionId=version,
                Retention=shorter,
                BypassGovernanceRetention=bypass,
            )
        assert worker.describe(key, version).lock == lock
        assert not worker.standing(key).under_delete_marker


def test_the_worker_can_not_put_without_a_condition_hold_or_reconfigure(as_role: As) -> None:
    worker = as_role(Role.WORKER)
    key, version = put(worker, "worker-else")
    at = {"Bucket": worker.bucket, "Key": key}
    assert refused(worker.once.put_object, **at, Body=b"a second version")
    upload = worker.once.create_multipart_upload(**at)["UploadId"]
    part = worker.once.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"a second version")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    assert refused(worker.once.complete_multipart_upload, **at, UploadId=upload, MultipartUpload=parts)
    worker.once.abort_multipart_upload(**at, UploadId=upload)
    assert len(worker.standing(key).versions) == 1
    assert refused(worker.once.put_object_legal_hold, **at, VersionId=version, LegalHold={"Status": "ON"})
    other_tag = {"TagSet": [{"Key": "retention-class", "Value": "x"}, {"Key": "another", "Value": "x"}]}
    assert refused(worker.once.put_object_tagging, **at, VersionId=version, Tagging=other_tag)
    versioning = {"Status": "Suspended"}
    assert refused(worker.once.put_bucket_versioning, Bucket=worker.bucket, VersioningConfiguration=versioning)
    assert refused(worker.once.delete_bucket_policy, Bucket=worker.bucket)
    assert refused(worker.once.put_object, Bucket=worker.bucket, Key="elsewhere", Body=b"", IfNoneMatch="*")


def test_the_desk_reads_and_restores_and_can_not_write(as_role: As) -> None:
    key, version = put(as_role(Role.WORKER), "desk")
    desk = as_role(Role.LEGAL_DESK)
    assert desk.standing(key).versions[0].version_id == version
    assert b"".join(desk.read(key, version)) == BODY
    assert desk.describe(key, version).lock is not None
    at = {"Bucket": desk.bucket, "Key": key}
    with pytest.raises(ClientError) as answer:  # permitted, and the object is not a cold one
        desk.once.restore_object(**at, VersionId=version, RestoreRequest={"Days": 1})
    assert answer.value.response["Error"]["Code"] not in DENIED
    assert refused(desk.once.put_object, **at, Body=b"", IfNoneMatch="*")
    assert refused(desk.once.put_object, Bucket=desk.bucket, Key="archive/new", Body=b"", IfNoneMatch="*")
    assert refused(desk.once.create_multipart_upload, **at)
    assert refused(desk.once.delete_object, **at)
    assert refused(desk.once.delete_object, **at, VersionId=version)
    assert refused(desk.once.put_object_tagging, **at, Tagging={"TagSet": [{"Key": "retention-class", "Value": "x"}]})
    assert refused(desk.once.put_object_legal_hold, **at, VersionId=version, LegalHold={"Status": "OFF"})
    until = {"Mode": "COMPLIANCE", "RetainUntilDate": in_days(9000)}
    assert refused(desk.once.put_object_retention, **at, VersionId=version, Retention=until)
    assert refused(desk.once.get_bucket_policy, Bucket=desk.bucket)


def test_the_records_manager_holds_disposes_of_the_unlocked_and_can_not_bypass(as_role: As, endpoint: str) -> None:
    worker, manager = as_role(Role.WORKER), as_role(Role.RECORDS_MANAGER)
    key, version = put(worker, "manager", governance())
    at = {"Bucket": manager.bucket, "Key": key, "VersionId": version}
    for on in (True, False):
        for other in (Role.WORKER, Role.LEGAL_DESK, Role.AUDITOR, Role.BREAK_GLASS):
            with pytest.raises(VaultRefused, match="not permitted"):
                set_hold(as_role(other), key, version, on=on)
        assert worker.describe(key, version).held is not on
        assert set_hold(manager, key, version, on=on) == 1
        assert worker.describe(key, version).held is on
    assert refused(manager.once.delete_object, **at), "the lock decides"
    assert refused(manager.once.delete_object, **at, BypassGovernanceRetention=True)
    assert refused(manager.once.delete_object, Bucket=manager.bucket, Key=key)
    assert worker.standing(key).versions
    over = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(-1)}  # this server takes a date in the past: time goes by
    as_root("s3", endpoint).put_object_retention(**at, Retention=over, BypassGovernanceRetention=True)
    manager.once.delete_object(**at)
    assert worker.standing(key).versions == ()


def test_break_glass_lifts_governance_with_a_second_factor_and_never_compliance(as_role: As) -> None:
    worker = as_role(Role.WORKER)
    stolen, person = as_role(Role.BREAK_GLASS), as_role(Role.BREAK_GLASS, mfa=True)
    key, version = put(worker, "glass-g", governance())
    at = {"Bucket": worker.bucket, "Key": key, "VersionId": version}
    assert refused(stolen.once.delete_object, **at, BypassGovernanceRetention=True)
    assert refused(person.once.delete_object, **at), "without the header no lock is lifted"
    person.once.delete_object(**at, BypassGovernanceRetention=True)
    assert worker.standing(key).versions == ()

    key, version = put(worker, "glass-c", compliance())
    at = {"Bucket": worker.bucket, "Key": key, "VersionId": version}
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(1)}
    assert refused(person.once.delete_object, **at, BypassGovernanceRetention=True)
    assert refused(person.once.put_object_retention, **at, Retention=shorter, BypassGovernanceRetention=True)
    assert worker.describe(key, version).lock is not None

    key, version = put(worker, "glass-tightened", governance())
    stricter = compliance()
    assert tighten(person, key, version, stricter).mode is stricter.mode


def test_what_ends_records_deletes_by_its_own_role_and_never_against_lock_or_hold(as_role: As, endpoint: str) -> None:
    worker, manager = as_role(Role.WORKER), as_role(Role.RECORDS_MANAGER)
    stolen, person = as_role(Role.BREAK_GLASS), as_role(Role.BREAK_GLASS, mfa=True)
    locked, erasable = put(worker, "ends-c", compliance()), put(worker, "ends-g", governance())
    for store in (worker, as_role(Role.LEGAL_DESK), as_role(Role.AUDITOR), as_role(Role.PROVISIONER), manager, stolen):
        for key, version in (locked, erasable):
            for bypass in (False, True):
                with pytest.raises(VaultRefused) as refusal:
                    delete_version(store, key, version, bypass_governance=bypass)
                assert refusal.value.code in DENIED
    with pytest.raises(VaultRefused):
        delete_version(person, *locked, bypass_governance=True)
    at = {"Bucket": manager.bucket, "Key": erasable[0], "VersionId": erasable[1]}
    manager.once.put_object_legal_hold(**at, LegalHold={"Status": "ON"})
    with pytest.raises(VaultRefused):
        delete_version(person, *erasable, bypass_governance=True)
    held = look_at(person, *erasable, is_marker=False)
    assert held is not None
    assert (held.held, held.lock) == (True, worker.describe(*erasable).lock)
    manager.once.put_object_legal_hold(**at, LegalHold={"Status": "OFF"})
    delete_version(person, *erasable, bypass_governance=True)
    delete_version(person, *erasable, bypass_governance=True)  # what is gone is gone
    assert versions_below(person, erasable[0]) == []
    assert versions_below(person, locked[0]) == [(*locked, False)]

    # its retention runs out: the records manager may, and the worker still may not
    over = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(-1)}
    expired = put(worker, "ends-over", governance())
    as_root("s3", endpoint).put_object_retention(
        Bucket=worker.bucket, Key=expired[0], VersionId=expired[1], Retention=over, BypassGovernanceRetention=True
    )
    with pytest.raises(VaultRefused):
        delete_version(worker, *expired, bypass_governance=False)
    with pytest.raises(VaultRefused):
        delete_version(manager, *put(worker, "ends-other", governance()), bypass_governance=False)
    delete_version(manager, *expired, bypass_governance=False)
    assert look_at(manager, *expired, is_marker=False) is None


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.WORKER, Role.PROVISIONER])
@pytest.mark.parametrize(
    "operation",
    [
        "get_bucket_versioning",
        "get_object_lock_configuration",
        "get_public_access_block",
        "get_bucket_policy",
        "get_bucket_encryption",
        "get_bucket_lifecycle_configuration",
    ],
)
def test_who_checks_the_bucket_reads_its_configuration(as_role: As, role: Role, operation: str) -> None:
    store = as_role(role)
    assert getattr(store.once, operation)(Bucket=store.bucket)


def test_the_auditor_sees_all_and_changes_nothing(as_role: As) -> None:
    key, version = put(as_role(Role.WORKER), "auditor")
    auditor = as_role(Role.AUDITOR)
    assert auditor.sha256_of(key, version) == intent_for().sha256
    assert refused(auditor.once.put_object, Bucket=auditor.bucket, Key="archive/new", Body=b"", IfNoneMatch="*")
    assert refused(auditor.once.delete_object, Bucket=auditor.bucket, Key=key, VersionId=version)


def test_the_provisioner_can_not_reach_a_record_nor_dismantle_the_bucket(as_role: As) -> None:
    key, version = put(as_role(Role.WORKER), "provisioner")
    maker = as_role(Role.PROVISIONER)
    at = {"Bucket": maker.bucket, "Key": key}
    assert refused(maker.once.get_object, **at, VersionId=version)
    assert refused(maker.once.delete_object, **at, VersionId=version)
    assert refused(maker.once.put_object, Bucket=maker.bucket, Key="archive/new", Body=b"", IfNoneMatch="*")
    assert refused(maker.once.delete_bucket_policy, Bucket=maker.bucket)
    assert refused(maker.once.delete_bucket, Bucket=maker.bucket)
