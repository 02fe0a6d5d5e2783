"""Each policy, evaluated on every action S3 and KMS have: what a role may do is this, and nothing else."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_evaluation import (
    AT_ITS_BEST,
    BUCKET,
    ENCRYPTION_KEY,
    EVIDENCE,
    PROBE,
    RECORD,
    SIGNING_KEY,
    actions_on,
    arn,
    decision,
    details,
    document_of,
    exists,
)

from strongroom.retention.policy import HARD_CAP_YEARS
from strongroom.vault.iam_policy import permissions_page, policy_document, policy_text
from strongroom.vault.permissions import TABLE, Role
from strongroom.vault.statements import LONGEST_LOCK_DAYS

ROOT = Path(__file__).parents[2]
READ = {"GetObjectVersion", "GetObjectVersionTagging", "GetObjectRetention", "GetObjectLegalHold"}
PUT = {"PutObject", "AbortMultipartUpload", "PutObjectRetention", "PutObjectTagging", "PutObjectVersionTagging"}
LIFT = {"BypassGovernanceRetention", "DeleteObjectVersion", "PutObjectRetention"}
FIND = {"ListBucket", "ListBucketVersions"}
CONFIGURED = {
    "GetBucketLocation",
    "GetBucketVersioning",
    "GetBucketObjectLockConfiguration",
    "GetBucketPublicAccessBlock",
    "GetBucketPolicy",
    "GetBucketTagging",
    "GetEncryptionConfiguration",
    "GetLifecycleConfiguration",
}
CONFIGURE = {
    "CreateBucket",
    "PutBucketVersioning",
    "PutBucketObjectLockConfiguration",
    "PutBucketPublicAccessBlock",
    "PutBucketPolicy",
    "PutBucketTagging",
    "PutEncryptionConfiguration",
    "PutLifecycleConfiguration",
}
HOLD = {"PutObjectLegalHold", "DeleteObjectVersion"}
ALLOWED: dict[Role, dict[str, set[str]]] = {
    Role.WORKER: {RECORD: PUT | READ, EVIDENCE: PUT | READ, PROBE: PUT | READ, "": FIND | CONFIGURED},
    Role.LEGAL_DESK: {RECORD: READ | {"RestoreObject"}, EVIDENCE: READ | {"RestoreObject"}, "": FIND},
    Role.RECORDS_MANAGER: {RECORD: READ | HOLD, EVIDENCE: READ, "": FIND},
    Role.BREAK_GLASS: {RECORD: READ | LIFT, EVIDENCE: READ, "": FIND},
    Role.PROVISIONER: {PROBE: PUT | READ, "": FIND | CONFIGURED | CONFIGURE},
    Role.AUDITOR: {RECORD: READ, EVIDENCE: READ, "": FIND | CONFIGURED},
}
KEYS: dict[Role, dict[str, set[str]]] = {
    Role.WORKER: {ENCRYPTION_KEY: {"GenerateDataKey", "Decrypt", "DescribeKey"}, SIGNING_KEY: {"Sign", "GetPublicKey"}},
    Role.LEGAL_DESK: {ENCRYPTION_KEY: {"Decrypt"}},
    Role.RECORDS_MANAGER: {ENCRYPTION_KEY: {"Decrypt"}},
    Role.BREAK_GLASS: {ENCRYPTION_KEY: {"Decrypt"}},
    Role.PROVISIONER: {ENCRYPTION_KEY: {"GenerateDataKey", "Decrypt", "DescribeKey"}},
    Role.AUDITOR: {ENCRYPTION_KEY: {"Decrypt", "DescribeKey"}, SIGNING_KEY: {"GetPublicKey"}},
}
WITHOUT_MFA = {**AT_ITS_BEST, "aws:MultiFactorAuthPresent": "false"}


def allowed(role: Role, service: str, resource_type: str, resource: str) -> set[str]:
    """Every action of the service that the role may do there with a request that fulfils every condition."""
    return {
        action.partition(":")[2]
        for action in actions_on(service, resource_type)
        if decision(role, action, resource, AT_ITS_BEST) == "Allow"
    }


@pytest.mark.parametrize("key", [RECORD, EVIDENCE, PROBE, "elsewhere/object"])
@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_to_an_object_exactly_this(role: Role, key: str) -> None:
    assert allowed(role, "s3", "object", arn(key)) == ALLOWED[role].get(key, set())


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_to_the_bucket_exactly_this(role: Role) -> None:
    assert allowed(role, "s3", "bucket", arn()) == ALLOWED[role][""]


@pytest.mark.parametrize("role", Role)
def test_a_role_may_use_the_keys_for_exactly_this(role: Role) -> None:
    for key in (ENCRYPTION_KEY, SIGNING_KEY, SIGNING_KEY.replace("7d1f", "ffff")):
        assert allowed(role, "kms", "key", key) == KEYS[role].get(key, set())


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_nothing_to_another_bucket(role: Role) -> None:
    for other in ("strongroom-vault-2", "strongroom", "other"):
        assert allowed(role, "s3", "object", arn(RECORD, other)) == set()
        assert allowed(role, "s3", "bucket", arn("", other)) == set()


@pytest.mark.parametrize("key", [RECORD, EVIDENCE])
def test_the_desk_and_the_auditor_are_denied_every_kind_of_writing(key: str) -> None:
    for role, spared in ((Role.LEGAL_DESK, {"s3:RestoreObject"}), (Role.AUDITOR, set[str]())):
        for resource, resource_type in ((arn(key), "object"), (arn(), "bucket")):
            writing = {
                action
                for action in actions_on("s3", resource_type)
                if not {"Read", "List"} & set(re.split(r", ?", details(action)["accessLevel"]))
            }
            assert len(writing) > 20
            for action in writing - spared:
                assert decision(role, action, resource, AT_ITS_BEST) == "Deny", (role, action)


CONTEXTS = st.dictionaries(
    st.sampled_from([*AT_ITS_BEST, "s3:ObjectCreationOperation", "s3:object-lock-mode", "aws:SecureTransport"]),
    st.sampled_from(["true", "false", "*", "GOVERNANCE", "COMPLIANCE", "1", "2557", "99999"]),
)


@given(context=CONTEXTS, key=st.sampled_from([RECORD, EVIDENCE, PROBE, "elsewhere"]))
def test_no_condition_lets_the_worker_delete_or_bypass(context: dict[str, Any], key: str) -> None:
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"):
        assert decision(Role.WORKER, action, arn(key), context) == "Deny"


@given(context=CONTEXTS)
def test_nobody_but_break_glass_bypasses_and_only_on_records(context: dict[str, Any]) -> None:
    for role in Role:
        for key in (RECORD, EVIDENCE, PROBE):
            answer = decision(role, "s3:BypassGovernanceRetention", arn(key), context)
            with_mfa = context.get("aws:MultiFactorAuthPresent") == "true"
            assert (answer == "Allow") == (role is Role.BREAK_GLASS and key == RECORD and with_mfa)


@pytest.mark.parametrize(
    ("role", "action", "context", "answer"),
    [
        # a put creates an object only when it is conditional; what creates none needs no condition
        (Role.WORKER, "s3:PutObject", {"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"}, "Allow"),
        (Role.WORKER, "s3:PutObject", {"s3:ObjectCreationOperation": "true"}, "ImplicitDeny"),
        (Role.WORKER, "s3:PutObject", {"s3:ObjectCreationOperation": "false"}, "Allow"),
        (Role.WORKER, "s3:PutObject", {}, "ImplicitDeny"),
        # a tag is the class, and stays
        (Role.WORKER, "s3:PutObjectTagging", {"s3:RequestObjectTagKeys": ["retention-class"]}, "Allow"),
        (Role.WORKER, "s3:PutObjectTagging", {"s3:RequestObjectTagKeys": ["retention-class", "x"]}, "ImplicitDeny"),
        (Role.WORKER, "s3:PutObjectTagging", {}, "ImplicitDeny"),
        (Role.WORKER, "s3:PutObjectVersionTagging", {"s3:RequestObjectTagKeys": ["retention-class"]}, "Allow"),
        (Role.WORKER, "s3:PutObjectVersionTagging", {"s3:RequestObjectTagKeys": ["x"]}, "ImplicitDeny"),
        # no lock for ever
        (Role.WORKER, "s3:PutObjectRetention", {}, "Allow"),
        (Role.WORKER, "s3:PutObjectRetention", {"s3:object-lock-remaining-retention-days": "11346"}, "Allow"),
        (Role.WORKER, "s3:PutObjectRetention", {"s3:object-lock-remaining-retention-days": "11347"}, "Deny"),
        (
            Role.BREAK_GLASS,
            "s3:PutObjectRetention",
            {**AT_ITS_BEST, "s3:object-lock-remaining-retention-days": "36500"},
            "Deny",
        ),
        # the second factor
        (Role.BREAK_GLASS, "s3:DeleteObjectVersion", AT_ITS_BEST, "Allow"),
        (Role.BREAK_GLASS, "s3:DeleteObjectVersion", WITHOUT_MFA, "ImplicitDeny"),
        (Role.BREAK_GLASS, "s3:DeleteObjectVersion", {}, "ImplicitDeny"),
        (Role.BREAK_GLASS, "s3:PutObjectRetention", WITHOUT_MFA, "ImplicitDeny"),
        (Role.RECORDS_MANAGER, "s3:BypassGovernanceRetention", AT_ITS_BEST, "Deny"),
        (Role.RECORDS_MANAGER, "s3:PutObjectRetention", AT_ITS_BEST, "Deny"),
    ],
)
def test_conditions(role: Role, action: str, context: dict[str, Any], answer: str) -> None:
    assert decision(role, action, arn(RECORD), context) == answer


@pytest.mark.parametrize("role", [Role.WORKER, Role.LEGAL_DESK, Role.AUDITOR])
def test_the_encryption_key_opens_nothing_but_through_s3(role: Role) -> None:
    for service in ("secretsmanager.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com.example.org"):
        assert decision(role, "kms:Decrypt", ENCRYPTION_KEY, {"kms:ViaService": service}) == "ImplicitDeny"
    assert decision(role, "kms:Decrypt", ENCRYPTION_KEY, {}) == "ImplicitDeny"
    china = {"kms:ViaService": "s3.cn-north-1.amazonaws.com.cn"}
    assert decision(role, "kms:Decrypt", ENCRYPTION_KEY, china) == "Allow"


@pytest.mark.parametrize("role", Role)
def test_every_action_exists_on_what_it_is_about_and_knows_its_conditions(role: Role) -> None:
    """A misspelt action or key is no error to IAM: the statement says nothing."""
    for statement in document_of(role)["Statement"]:
        for action in (each for each in statement.get("Action", []) if "*" not in each):
            assert exists(action), action
            types = {each["name"] for each in details(action)["resourceTypes"]}
            for resource in statement["Resource"]:
                kind = "key" if ":kms:" in resource else "object" if "/" in resource else "bucket"
                assert kind in types, (action, resource)
            keys = [key for block in statement.get("Condition", {}).values() for key in block]
            for key in (key for key in keys if not key.startswith("aws:")):  # those are global
                assert any(fnmatchcase(key, known) for known in details(action)["conditionKeys"]), (action, key)


@pytest.mark.parametrize("role", Role)
def test_a_policy_is_one_that_iam_takes(role: Role) -> None:
    document = document_of(role)
    assert document["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids)
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    assert len(json.dumps(document, separators=(",", ":"))) <= 6144, "IAM's quota for a managed policy"
    assert all(bool(each.actions) != bool(each.all_actions_but) for each in TABLE[role].statements)
    assert all(each.why and each.resources for each in TABLE[role].statements)


def test_without_keys_nothing_is_said_of_keys_and_the_partition_is_the_sites() -> None:
    for role in Role:
        text = policy_text(policy_document(role, "held", partition="aws-cn"))
        assert "kms" not in text
        assert "arn:aws:" not in text
        assert "arn:aws-cn:s3:::held" in text


def test_the_longest_lock_leaves_room_for_every_policy() -> None:
    assert LONGEST_LOCK_DAYS > HARD_CAP_YEARS * 366


def test_the_files_in_deploy_are_what_the_table_gives() -> None:
    """Make them again with `strongroom vault iam --bucket strongroom-vault --out deploy/iam`."""
    expected = {f"{role}.json": policy_text(policy_document(role, BUCKET)) for role in Role}
    expected["README.md"] = permissions_page()
    assert {file.name: file.read_text() for file in (ROOT / "deploy" / "iam").iterdir()} == expected


def test_the_page_has_every_rule_with_its_reason() -> None:
    page = " ".join(permissions_page().split())
    for role in Role:
        assert f"## {role}" in page
        for statement in TABLE[role].statements:
            assert f"**{statement.sid}**" in page
            assert " ".join(statement.why.split()) in page
