"""`vault create` and the bucket's part of `vault check`, on both S3 stand-ins: each damage is found, and nothing else.

Both stand-ins let versioning be suspended on a bucket with Object Lock, which S3 refuses; both keep configurations as
they were put. Neither heeds the condition of a policy's statement.
"""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from s3proxy.running import S3Proxy
from vaulting import MIB, fresh_bucket

from strongroom.vault.blueprint import Blueprint
from strongroom.vault.bucket import AS_CREATED, Configuration, Encryption, read_configuration
from strongroom.vault.bucket_policy import DENY_DELETE_SID, TLS_ONLY_SID
from strongroom.vault.differences import Bucket, differences
from strongroom.vault.errors import VaultRefused, VaultUnreachable
from strongroom.vault.findings import Finding, faults
from strongroom.vault.lock import LockMode
from strongroom.vault.provision import check_bucket, create_bucket
from strongroom.vault.store import Store, connect

BREAK_GLASS = "arn:aws:iam::111122223333:role/break-glass"
STRANGER = "arn:aws:iam::111122223333:role/stranger"
RULES = [
    {
        "ID": "strongroom-abandoned-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
    {
        "ID": "strongroom-tier-chat",
        "Status": "Enabled",
        "Filter": {
            "And": {"Tags": [{"Key": "retention-class", "Value": "chat"}], "ObjectSizeGreaterThan": 200_000},
        },
        "Transitions": [{"Days": 30, "StorageClass": "GLACIER_IR"}],
    },
]
# As if over TLS: what differs of the stand-ins' plain HTTP is a test of its own.
BLUEPRINT = Blueprint(
    trial=False, endpoint_url=None, kms_key_id=None, break_glass_role_arn=BREAK_GLASS, lifecycle=RULES
)


@pytest.fixture(scope="module", params=["s3_endpoint", "ministack_endpoint"])
def client(request: pytest.FixtureRequest) -> Store:
    """A way to each of the two S3 servers; making one takes long."""
    return connect("none", request.getfixturevalue(request.param), 5, 30, 5 * MIB)


@pytest.fixture
def no_bucket(client: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose bucket is not made yet; KMS is at the same address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", client.once.meta.endpoint_url)
    return replace(client, bucket=fresh_bucket())


@pytest.fixture
def kms(no_bucket: Store) -> Any:
    """A client of the same server's KMS."""
    return boto3.client("kms", endpoint_url=no_bucket.once.meta.endpoint_url)


@pytest.fixture(scope="module")
def handed_on(client: Store) -> list[Store]:
    """A bucket that a test left as it must be: the next one need not make its own."""
    return []


@pytest.fixture
def vault(no_bucket: Store, handed_on: list[Store]) -> Store:
    """A store whose bucket is as the blueprint says."""
    if handed_on:
        return handed_on.pop()
    create_bucket(no_bucket, "us-east-1", BLUEPRINT)
    return no_bucket


def kinds(findings: list[Finding]) -> list[str]:
    """What was found."""
    return [finding.kind for finding in findings]


def differing(store: Store, blueprint: Blueprint) -> list[str]:
    """What differs in the bucket itself; KMS is not asked."""
    bucket = Bucket(store.bucket, f"arn:aws:s3:::{store.bucket}", read_configuration(store))
    return [difference.kind for difference in differences(bucket, blueprint)]


def policy_of(store: Store) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(store.patient.get_bucket_policy(Bucket=store.bucket)["Policy"])[
        "Statement"
    ]
    return statements


def put_policy(store: Store, statements: list[dict[str, Any]]) -> None:
    """Also one for everyone, which S3 takes only while it is not blocked."""
    blocks: Any = {"BlockPublicPolicy": False}
    standing = store.once.get_public_access_block(Bucket=store.bucket)["PublicAccessBlockConfiguration"]
    store.once.put_public_access_block(Bucket=store.bucket, PublicAccessBlockConfiguration=blocks)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    store.once.put_bucket_policy(Bucket=store.bucket, Policy=policy)
    store.once.put_public_access_block(Bucket=store.bucket, PublicAccessBlockConfiguration=standing)


def change_statement(store: Store, sid: str, **changes: Any) -> None:
    put_policy(store, [each | changes if each["Sid"] == sid else each for each in policy_of(store)])


def add_statement(store: Store, **statement: Any) -> None:
    arn = f"arn:aws:s3:::{store.bucket}/*"
    put_policy(store, [*policy_of(store), {"Sid": "Theirs", "Effect": "Allow", "Resource": arn, **statement}])


def put_rules(store: Store, rules: list[dict[str, Any]]) -> None:
    configuration: Any = {"Rules": rules}
    store.once.put_bucket_lifecycle_configuration(Bucket=store.bucket, LifecycleConfiguration=configuration)


def put_retention(store: Store, mode: str, **period: int) -> None:
    rule: Any = {"Rule": {"DefaultRetention": {"Mode": mode, **period}}} if period else {}
    store.once.put_object_lock_configuration(
        Bucket=store.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule}
    )


def put_blocks(store: Store, *, off: str) -> None:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    blocks: Any = {name: name != off for name in names}
    store.once.put_public_access_block(Bucket=store.bucket, PublicAccessBlockConfiguration=blocks)


def encrypt(store: Store, key_id: str, *, bucket_key: bool = True) -> None:
    by_default: Any = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_id}
    rule: Any = {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": bucket_key}
    store.once.put_bucket_encryption(Bucket=store.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def tag(store: Store, **tags: str) -> None:
    tag_set: Any = [{"Key": key, "Value": value} for key, value in tags.items()]
    store.once.put_bucket_tagging(Bucket=store.bucket, Tagging={"TagSet": tag_set})


MENDABLE: dict[str, tuple[str, Callable[[Store], Any]]] = {
    "versioning suspended": (
        "versioning-off",
        lambda store: store.once.put_bucket_versioning(
            Bucket=store.bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
    ),
    "default retention gone": ("default-retention-missing", lambda store: put_retention(store, "")),
    "default retention shortened": (
        "default-retention-short",
        lambda store: put_retention(store, "COMPLIANCE", Years=6),
    ),
    "default retention weakened": (
        "default-retention-short",
        lambda store: put_retention(store, "GOVERNANCE", Years=9),
    ),
    "public policies not blocked": ("public-access-open", lambda store: put_blocks(store, off="BlockPublicPolicy")),
    "public ACLs not blocked": ("public-access-open", lambda store: put_blocks(store, off="BlockPublicAcls")),
    "all public blocks gone": (
        "public-access-open",
        lambda store: store.once.delete_public_access_block(Bucket=store.bucket),
    ),
    "plain HTTP allowed": (
        "policy-allows-plain-http",
        lambda store: put_policy(store, [each for each in policy_of(store) if each["Sid"] != TLS_ONLY_SID]),
    ),
    "plain HTTP denied for some": (
        "policy-allows-plain-http",
        lambda store: change_statement(store, TLS_ONLY_SID, Principal={"AWS": STRANGER}),
    ),
    "deletes allowed": (
        "policy-allows-deletes",
        lambda store: put_policy(store, [each for each in policy_of(store) if each["Sid"] != DENY_DELETE_SID]),
    ),
    "deletes denied in one folder": (
        "policy-allows-deletes",
        lambda store: change_statement(
            store, DENY_DELETE_SID, Resource=f"arn:aws:s3:::{store.bucket}/archive/2020-01-01/*"
        ),
    ),
    "deletes denied to all but another": (
        "policy-allows-deletes",
        lambda store: change_statement(
            store, DENY_DELETE_SID, Condition={"ArnNotEquals": {"aws:PrincipalArn": [BREAK_GLASS, STRANGER]}}
        ),
    ),
    "deletes allowed under the name of the denial": (
        "policy-allows-deletes policy-allows-everyone",
        lambda store: change_statement(store, DENY_DELETE_SID, Effect="Allow", Condition={}),
    ),
    "lifecycle rule missing": ("lifecycle-rule-missing", lambda store: put_rules(store, RULES[:1])),
    "lifecycle rule changed": (
        "lifecycle-rule-changed",
        lambda store: put_rules(
            store, [RULES[0], RULES[1] | {"Transitions": [{"Days": 30, "StorageClass": "DEEP_ARCHIVE"}]}]
        ),
    ),
    "lifecycle rule for all sizes": (
        "lifecycle-rule-changed",
        lambda store: put_rules(
            store, [RULES[0], RULES[1] | {"Filter": {"Tag": {"Key": "retention-class", "Value": "chat"}}}]
        ),
    ),
    "lifecycle rule disabled": (
        "lifecycle-rule-changed",
        lambda store: put_rules(store, [RULES[0] | {"Status": "Disabled"}, RULES[1]]),
    ),
    "lifecycle gone": (
        "lifecycle-rule-missing lifecycle-rule-missing",
        lambda store: store.once.delete_bucket_lifecycle(Bucket=store.bucket),
    ),
    "tag gone": ("bucket-tag-missing", lambda store: store.once.delete_bucket_tagging(Bucket=store.bucket)),
    "tag of no meaning": ("bucket-tag-wrong", lambda store: tag(store, strongroom="archive", team="records")),
}

LEFT: dict[str, tuple[str, Callable[[Store], Any]]] = {
    "policy allows everyone to read": (
        "policy-allows-everyone",
        lambda store: add_statement(store, Principal="*", Action="s3:GetObject"),
    ),
    "policy lets a stranger bypass": (
        "policy-loosens",
        lambda store: add_statement(store, Principal={"AWS": STRANGER}, Action="s3:BypassGovernanceRetention"),
    ),
    "foreign rule expires": (
        "lifecycle-rule-foreign",
        lambda store: put_rules(
            store,
            [*RULES, {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 365}}],
        ),
    ),
    "foreign rule moves": (
        "lifecycle-rule-foreign",
        lambda store: put_rules(
            store,
            [
                *RULES,
                {
                    "ID": "cheaper",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "archive/"},
                    "Transitions": [{"Days": 365, "StorageClass": "DEEP_ARCHIVE"}],
                },
            ],
        ),
    ),
    "encrypted with a key nobody named": ("kms-key-unknown", lambda store: encrypt(store, "a-stranger-s-key")),
}


def test_made_twice_it_is_clean_and_the_second_time_changes_nothing(no_bucket: Store) -> None:
    first = create_bucket(no_bucket, "us-east-1", BLUEPRINT)
    assert "created bucket" in first.done[0]
    assert first.left == ()
    assert len(first.done) > len(first.calls) > 5
    before = read_configuration(no_bucket)
    again = create_bucket(no_bucket, "us-east-1", BLUEPRINT)
    assert (again.done, again.calls, again.left) == ((), (), ())
    assert read_configuration(no_bucket) == before
    assert check_bucket(no_bucket, BLUEPRINT) == []


@pytest.mark.parametrize("damage", MENDABLE)
def test_a_damage_that_can_be_mended_is_found_named_and_mended(
    vault: Store, handed_on: list[Store], damage: str
) -> None:
    expected, do = MENDABLE[damage]
    do(vault)
    found = check_bucket(vault, BLUEPRINT)
    assert " ".join(kinds(found)) == expected
    assert all(finding.what and finding.where == f"s3://{vault.bucket}/" for finding in found)
    assert found[0].mend == "strongroom vault create"

    assert len(create_bucket(vault, "us-east-1", BLUEPRINT).calls) == 1
    assert check_bucket(vault, BLUEPRINT) == []
    handed_on.append(vault)


@pytest.mark.parametrize("damage", LEFT)
def test_what_others_put_is_found_and_left(vault: Store, damage: str) -> None:
    expected, do = LEFT[damage]
    do(vault)
    before = read_configuration(vault)
    [finding] = check_bucket(vault, BLUEPRINT)
    assert finding.kind == expected
    assert "aws s3api" in finding.mend
    told = create_bucket(vault, "us-east-1", BLUEPRINT)
    assert (told.calls, told.left) == ((), (finding,))
    assert read_configuration(vault) == before


def test_a_policy_that_s3_would_not_take_is_not_tried(vault: Store) -> None:
    add_statement(vault, Principal="*", Action="s3:GetObject")
    put_policy(vault, [each for each in policy_of(vault) if each["Sid"] != DENY_DELETE_SID])
    told = create_bucket(vault, "us-east-1", BLUEPRINT)
    assert told.calls == ()
    assert kinds(list(told.left)) == ["policy-allows-deletes", "policy-allows-everyone"]
    assert "out of the policy" in told.left[0].mend


def test_the_command_for_what_is_foreign_mends_that_and_undoes_nothing(vault: Store) -> None:
    theirs = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 365}}
    put_rules(vault, [theirs])
    add_statement(vault, Principal={"AWS": STRANGER}, Action="s3:*")
    put_policy(vault, policy_of(vault)[-1:])
    told = create_bucket(vault, "us-east-1", BLUEPRINT)
    assert kinds(list(told.left)) == ["policy-loosens", "lifecycle-rule-foreign"]
    for finding in told.left:
        _, _, operation, *options = shlex.split(finding.mend)
        given = {name.removeprefix("--"): value for name, value in zip(options[::2], options[1::2], strict=True)}
        if operation == "put-bucket-policy":
            put_policy(vault, json.loads(given["policy"])["Statement"])
        else:
            put_rules(vault, json.loads(given["lifecycle-configuration"])["Rules"])
    assert check_bucket(vault, BLUEPRINT) == []


def test_two_damages_are_two_findings_and_a_mend_keeps_what_is_foreign(vault: Store) -> None:
    tag(vault, team="records")
    put_policy(vault, [{"Sid": "Logs", "Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "s3:ListBucket",
                        "Resource": f"arn:aws:s3:::{vault.bucket}"}])  # fmt: skip
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 5}}
    put_rules(vault, [theirs])
    put_retention(vault, "GOVERNANCE", Days=4000)
    assert kinds(check_bucket(vault, BLUEPRINT)) == [
        "bucket-tag-missing",
        "default-retention-short",
        "policy-allows-deletes",
        "policy-allows-plain-http",
        "lifecycle-rule-missing",
        "lifecycle-rule-missing",
    ]
    assert len(create_bucket(vault, "us-east-1", BLUEPRINT).calls) == 4
    standing = read_configuration(vault)
    assert standing.tags == {"team": "records", "strongroom": "vault"}
    assert {statement["Sid"] for statement in standing.policy} == {"Logs", DENY_DELETE_SID, TLS_ONLY_SID}
    assert "theirs" in {rule["ID"] for rule in standing.lifecycle}
    assert standing.default_retention is not None
    assert (standing.default_retention.mode, standing.default_retention.days) == (LockMode.COMPLIANCE, 4000)


def test_what_is_stricter_is_kept(vault: Store) -> None:
    put_retention(vault, "COMPLIANCE", Years=10)
    change_statement(vault, DENY_DELETE_SID, Condition={}, Action="s3:Delete*")
    before = read_configuration(vault)
    assert check_bucket(vault, BLUEPRINT) == []
    assert create_bucket(vault, "us-east-1", BLUEPRINT).calls == ()
    assert read_configuration(vault) == before


def test_encryption_off_is_mended(vault: Store) -> None:
    """One of the stand-ins, as S3 now, knows no bucket without it: there this shows that it isn't missed by mistake."""
    vault.once.delete_bucket_encryption(Bucket=vault.bucket)
    off = read_configuration(vault).encryption is None
    assert kinds(check_bucket(vault, BLUEPRINT)) == (["encryption-off"] if off else [])
    create_bucket(vault, "us-east-1", BLUEPRINT)
    assert check_bucket(vault, BLUEPRINT) == []


def test_kms_is_set_and_each_damage_to_it_is_found(no_bucket: Store, kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]
    blueprint = replace(BLUEPRINT, kms_key_id=key["Arn"])
    assert create_bucket(no_bucket, "us-east-1", blueprint).left == ()
    assert read_configuration(no_bucket).encryption == Encryption("aws:kms", key["Arn"], bucket_key=True)
    assert differing(no_bucket, blueprint) == []
    assert differing(no_bucket, replace(blueprint, kms_key_id=key["KeyId"])) == []

    sse_s3: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    for kind, do in (
        (
            "kms-off",
            lambda: no_bucket.once.put_bucket_encryption(
                Bucket=no_bucket.bucket, ServerSideEncryptionConfiguration=sse_s3
            ),
        ),
        ("kms-key-other", lambda: encrypt(no_bucket, kms.create_key()["KeyMetadata"]["Arn"])),
        ("bucket-key-off", lambda: encrypt(no_bucket, key["Arn"], bucket_key=False)),
    ):
        do()
        assert differing(no_bucket, blueprint) == [kind]
        assert len(create_bucket(no_bucket, "us-east-1", blueprint).calls) == 1
    assert differing(no_bucket, blueprint) == []


def test_a_key_that_is_disabled_scheduled_for_deletion_or_gone_is_found_with_its_mend(
    no_bucket: Store, kms: Any
) -> None:
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    blueprint = replace(BLUEPRINT, kms_key_id=key_id)
    create_bucket(no_bucket, "us-east-1", blueprint)
    kms.disable_key(KeyId=key_id)
    [finding] = check_bucket(no_bucket, blueprint)
    assert (finding.kind, "enable-key" in finding.mend, key_id in finding.where) == ("kms-key-disabled", True, True)
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    [finding] = check_bucket(no_bucket, blueprint)
    assert finding.kind == "kms-key-pending-deletion"
    # a key whose deletion was cancelled stays disabled
    assert finding.mend.index("cancel-key-deletion") < finding.mend.index("enable-key")
    assert create_bucket(no_bucket, "us-east-1", blueprint).left == (finding,)
    gone = "00000000-0000-0000-0000-000000000000"
    found = check_bucket(no_bucket, replace(blueprint, kms_key_id=gone))
    assert kinds(found) == ["kms-key-other", "kms-key-missing"]


@pytest.mark.parametrize(("region", "constraint"), [("us-east-1", None), ("eu-central-1", "eu-central-1")])
def test_in_any_region(client: Store, monkeypatch: pytest.MonkeyPatch, region: str, constraint: str | None) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    store = connect(fresh_bucket(), client.once.meta.endpoint_url, 5, 30, 5 * MIB)
    assert create_bucket(store, region, BLUEPRINT).left == ()
    assert check_bucket(store, BLUEPRINT) == []
    assert store.patient.get_bucket_location(Bucket=store.bucket)["LocationConstraint"] == constraint


def test_a_bucket_without_object_lock_is_refused_and_left(no_bucket: Store) -> None:
    no_bucket.once.create_bucket(Bucket=no_bucket.bucket)
    before = read_configuration(no_bucket)
    for dry_run in (True, False):
        with pytest.raises(VaultRefused, match="exists without Object Lock"):
            create_bucket(no_bucket, "us-east-1", BLUEPRINT, dry_run=dry_run)
    assert read_configuration(no_bucket) == before
    assert "object-lock-off" in kinds(check_bucket(no_bucket, BLUEPRINT))


def test_a_trial_is_made_for_a_day_and_neither_becomes_the_other(no_bucket: Store) -> None:
    trial = replace(BLUEPRINT, trial=True)
    create_bucket(no_bucket, "us-east-1", trial)
    standing = read_configuration(no_bucket)
    assert standing.tags == {"strongroom": "trial"}
    assert str(standing.default_retention) == "GOVERNANCE for 1 day"
    assert check_bucket(no_bucket, trial) == []
    assert "bucket-tag-wrong" in kinds(check_bucket(no_bucket, BLUEPRINT))
    put_retention(no_bucket, "COMPLIANCE", Years=7)
    assert kinds(check_bucket(no_bucket, trial)) == ["default-retention-long"]
    assert kinds(list(create_bucket(no_bucket, "us-east-1", trial).left)) == ["default-retention-long"]

    vault = replace(no_bucket, bucket=fresh_bucket())
    create_bucket(vault, "us-east-1", BLUEPRINT)
    for store, other in ((vault, trial), (no_bucket, BLUEPRINT)):
        before = read_configuration(store)
        with pytest.raises(VaultRefused, match="tagged strongroom="):
            create_bucket(store, "us-east-1", other)
        assert read_configuration(store) == before


@pytest.mark.parametrize(
    ("url", "is_remark"),
    [("http://127.0.0.1:9000", True), ("http://[::1]:9000", True), ("http://localhost", True),
     ("http://s3.example.internal:9000", False), ("http://10.0.0.5:9000", False)],
)  # fmt: skip
def test_plain_http_is_a_finding_unless_it_stays_on_the_machine(url: str, is_remark: bool) -> None:
    [difference] = [
        each
        for each in differences(Bucket("b", "arn:aws:s3:::b", AS_CREATED), replace(BLUEPRINT, endpoint_url=url))
        if each.kind == "plain-http"
    ]
    assert difference.is_remark == is_remark


def test_over_plain_http_the_policy_does_not_shut_everyone_out(no_bucket: Store) -> None:
    blueprint = replace(BLUEPRINT, endpoint_url=no_bucket.once.meta.endpoint_url)
    create_bucket(no_bucket, "us-east-1", blueprint)
    assert [statement["Sid"] for statement in policy_of(no_bucket)] == [DENY_DELETE_SID]
    found = check_bucket(no_bucket, blueprint)
    assert kinds(found) == ["plain-http"]
    assert faults(found) == []


def test_what_a_store_does_not_have_is_a_remark() -> None:
    poor: Configuration = replace(
        AS_CREATED,
        public_access_blocks=None,
        tags=None,
        not_offered=("public access blocks", "bucket tags", "default encryption", "lifecycle rules", "bucket policies"),
    )
    found = list(differences(Bucket("b", "arn:aws:s3:::b", poor), BLUEPRINT))
    assert [each.kind for each in found if not each.is_remark] == ["default-retention-missing"]
    assert sum(each.is_remark for each in found) == 5


def test_a_dry_run_prints_the_calls_of_the_real_one_and_makes_none(s3_proxy: S3Proxy) -> None:
    store = connect(fresh_bucket(), s3_proxy.url, 5, 30, 5 * MIB)
    reads = {"HeadBucket", "GetBucketVersioning", "GetObjectLockConfiguration"}

    def writes() -> int:
        counts = s3_proxy.counts()
        return sum(count for name, count in counts.items() if name not in reads and not name.startswith("GET "))

    before = writes()
    planned = create_bucket(store, "us-east-1", BLUEPRINT, dry_run=True)
    assert writes() == before
    made = create_bucket(store, "us-east-1", BLUEPRINT)
    assert planned.calls == made.calls
    assert writes() == before + len(made.calls)
    store.once.delete_public_access_block(Bucket=store.bucket)
    before = writes()
    again = create_bucket(store, "us-east-1", BLUEPRINT, dry_run=True)
    assert [call.operation for call in again.calls] == ["PutPublicAccessBlock"]
    assert again.calls[0].as_aws_command().startswith("aws s3api put-public-access-block --bucket vault-")
    assert check_bucket(store, BLUEPRINT) != []
    assert writes() == before


def test_an_unreachable_store_is_not_taken_for_a_missing_bucket() -> None:
    store = connect("bucket", "http://127.0.0.1:1", 0.5, 0.5, 5 * MIB)
    with pytest.raises(VaultUnreachable):
        create_bucket(store, "us-east-1", BLUEPRINT)
