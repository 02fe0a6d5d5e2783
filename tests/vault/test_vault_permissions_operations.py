"""Every operation our code asks of S3, who runs it, and that their policy allows what S3 asks for it."""

import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from iam_evaluation import BUCKET, EVIDENCE, PROBE, RECORD, arn, decision
from vaulting import intent_for

from strongroom.vault.permissions import Role
from strongroom.vault.send import _headers
from strongroom.vault.store import Store

ROOT = Path(__file__).parents[2]
WRITERS = (Role.WORKER, Role.PROVISIONER)
READERS = (Role.WORKER, Role.LEGAL_DESK, Role.RECORDS_MANAGER, Role.BREAK_GLASS, Role.AUDITOR)
CHECKERS = (Role.WORKER, Role.PROVISIONER, Role.AUDITOR)
MAKER = (Role.PROVISIONER,)

CREATES = {"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"}
WITH_MFA = {"aws:MultiFactorAuthPresent": "true"}
CREATES_NOTHING = {"s3:ObjectCreationOperation": "false"}
CLASS = {"s3:RequestObjectTagKeys": ["retention-class"]}
LOCK = {"s3:object-lock-mode": "COMPLIANCE", "s3:object-lock-remaining-retention-days": "2557"}
LOOK = ("s3:GetObjectVersion", "s3:GetObjectRetention", "s3:GetObjectLegalHold")

# boto3's name: the IAM actions S3 checks (S3 User Guide, "Required permissions for Amazon S3 API operations"), who
# runs it, and the condition keys that our request has.
OPERATIONS: dict[str, tuple[tuple[str, ...], tuple[Role, ...], dict[str, Any]]] = {
    "put_object": (("s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectTagging"), WRITERS, CREATES | CLASS | LOCK),
    "create_multipart_upload": (
        ("s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectTagging"),
        WRITERS,
        CREATES_NOTHING | CLASS | LOCK,
    ),
    "upload_part": (("s3:PutObject",), WRITERS, CREATES_NOTHING),
    "complete_multipart_upload": (("s3:PutObject",), WRITERS, CREATES),
    "abort_multipart_upload": (("s3:AbortMultipartUpload",), WRITERS, {}),
    "put_object_legal_hold": (("s3:PutObjectLegalHold",), (Role.RECORDS_MANAGER,), {}),
    "put_object_retention": (("s3:PutObjectRetention",), WRITERS, LOCK),
    "head_object": (LOOK, READERS, {}),
    "get_object": (("s3:GetObjectVersion",), READERS, {}),
    "get_object_tagging": (("s3:GetObjectVersionTagging",), (Role.WORKER, Role.AUDITOR), {}),
    "put_object_tagging": (("s3:PutObjectVersionTagging",), WRITERS, CLASS),
    "delete_object": (("s3:DeleteObjectVersion",), (Role.RECORDS_MANAGER, Role.BREAK_GLASS), WITH_MFA),
    "restore_object": (("s3:RestoreObject",), (Role.LEGAL_DESK,), {}),
    "head_bucket": (("s3:ListBucket",), tuple(Role), {}),
    "list_object_versions": (("s3:ListBucketVersions",), tuple(Role), {}),
    "get_bucket_location": (("s3:GetBucketLocation",), CHECKERS, {}),
    "get_bucket_versioning": (("s3:GetBucketVersioning",), CHECKERS, {}),
    "get_bucket_policy": (("s3:GetBucketPolicy",), CHECKERS, {}),
    "get_bucket_tagging": (("s3:GetBucketTagging",), CHECKERS, {}),
    "get_bucket_encryption": (("s3:GetEncryptionConfiguration",), CHECKERS, {}),
    "get_bucket_lifecycle_configuration": (("s3:GetLifecycleConfiguration",), CHECKERS, {}),
    "get_object_lock_configuration": (("s3:GetBucketObjectLockConfiguration",), CHECKERS, {}),
    "get_public_access_block": (("s3:GetBucketPublicAccessBlock",), CHECKERS, {}),
    "create_bucket": (
        ("s3:CreateBucket", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"),
        MAKER,
        {},
    ),
    "put_bucket_versioning": (("s3:PutBucketVersioning",), MAKER, {}),
    "put_bucket_policy": (("s3:PutBucketPolicy",), MAKER, {}),
    "put_bucket_tagging": (("s3:PutBucketTagging",), MAKER, {}),
    "put_bucket_encryption": (("s3:PutEncryptionConfiguration",), MAKER, {}),
    "put_bucket_lifecycle_configuration": (("s3:PutLifecycleConfiguration",), MAKER, {}),
    "delete_bucket_lifecycle": (("s3:PutLifecycleConfiguration",), MAKER, {}),
    "put_object_lock_configuration": (("s3:PutBucketObjectLockConfiguration",), MAKER, {}),
    "put_public_access_block": (("s3:PutBucketPublicAccessBlock",), MAKER, {}),
}
TOLD_NOT_MADE = {"delete_bucket_policy"}
"""Told to an operator by `vault check` as the way to mend something; no process of ours makes them."""
THE_TABLE_ITSELF = {ROOT / "strongroom" / "vault" / name for name in ("permissions.py", "statements.py")}
RECORDS_ALONE = {"put_object_legal_hold", "delete_object"}
"""Evidence outlives what rests on it; no matter holds it, and nobody deletes it."""
OF_THE_BUCKET = re.compile(r"bucket|list_|_lock_configuration|public_access")


def operations_in_code() -> dict[str, str]:
    """Each operation of S3 that the vault's modules name, as boto3 or as the API does, and a module that does."""
    methods = boto3.client("s3").meta.method_to_api_mapping
    known = {name: method for method, api in methods.items() for name in (method, api)}
    modules = sorted(set((ROOT / "strongroom" / "vault").rglob("*.py")) - THE_TABLE_ITSELF)
    return {
        known[word]: module.name
        for module in modules
        for word in re.findall(r"(?<!s3:)\b\w+", module.read_text())
        if word in known
    }


def test_every_operation_in_the_code_is_known_here() -> None:
    """A new one: say here what S3 asks for it and who runs it, and give them that in vault/permissions.py."""
    found = operations_in_code()
    assert found.keys() >= {"put_object", "list_object_versions", "put_bucket_policy"}, "the search finds them"
    assert {name: module for name, module in found.items() if name not in OPERATIONS.keys() | TOLD_NOT_MADE} == {}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_those_who_run_it_may(operation: str) -> None:
    actions, roles, context = OPERATIONS[operation]
    for role in roles:
        if OF_THE_BUCKET.search(operation):
            resources = [arn()]
        elif role is Role.PROVISIONER:
            resources = [arn(PROBE)]
        elif operation in RECORDS_ALONE:
            resources = [arn(RECORD)]
        else:
            resources = [arn(RECORD), arn(EVIDENCE)]
        for resource in resources:
            for action in actions:
                assert decision(role, action, resource, context) == "Allow", (role, action, resource)
                if operation in RECORDS_ALONE:
                    assert decision(role, action, arn(EVIDENCE), context) != "Allow", (role, action)


def test_a_put_asks_for_no_more_than_is_said_here() -> None:
    """A header more may need a permission more: an ACL, a hold, encryption by another key."""
    store = Store(bucket=BUCKET, part_size_bytes=1, once=None, patient=None)  # type: ignore[arg-type]
    intent = intent_for(retention_class="email")
    assert _headers(store, intent).keys() == {
        "Bucket",
        "Key",
        "ContentType",
        "ChecksumAlgorithm",
        "ObjectLockMode",
        "ObjectLockRetainUntilDate",
        "Metadata",
        "Tagging",
    }
    assert _headers(store, intent)["Tagging"] == "retention-class=email"
