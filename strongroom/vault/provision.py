"""Making the bucket: write-once from its first moment, private, and safe to make again."""

import json
from typing import TYPE_CHECKING, cast

from strongroom.vault import bucket
from strongroom.vault.errors import VaultRefused, s3_errors
from strongroom.vault.lock import LockMode
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

_DEFAULT_YEARS = 7
_REGION_WITHOUT_CONSTRAINT = "us-east-1"  # S3 API reference, CreateBucket: there the constraint must be absent
_ABANDONED_UPLOAD_DAYS = 7


def create_bucket(store: Store, region: str) -> list[str]:
    """Make the bucket fit to be a vault, and say in words what was done: nothing, when it is run again.

    Object Lock from creation, versioning, seven years COMPLIANCE for what arrives without a lock of its own, all
    public access blocked, plain deletes denied to everyone (they would hide records under delete markers), uploads
    that a crash left unfinished removed after a week. Locks and configuration that are stricter are left.
    Raises VaultRefused, for example when the bucket exists without Object Lock; VaultUnreachable.
    """
    done = []
    if not bucket.exists(store):
        _create(store, region)
        done.append(f"created bucket {store.bucket} in {region} with Object Lock")
    if not bucket.has_object_lock(store):
        raise VaultRefused(
            "the bucket exists without Object Lock",
            where=store.where(),
            todo="name another bucket in STRONGROOM_BUCKET; an archive must be write-once from its first object",
        )
    required = (
        (bucket.has_versioning, _turn_versioning_on, "turned versioning on"),
        (
            _has_default_retention,
            _set_default_retention,
            f"set a default retention of {_DEFAULT_YEARS} years COMPLIANCE",
        ),
        (_is_private, _block_public_access, "blocked all public access"),
        (bucket.denies_plain_deletes, _deny_plain_deletes, "denied plain deletes in the bucket policy"),
    )
    for is_done, make_it_so, words in required:
        if not is_done(store):
            with s3_errors(store.where()):
                make_it_so(store)
            done.append(words)
    if not bucket.has_lifecycle(store) and _remove_abandoned_uploads(store):
        done.append(f"set unfinished uploads to be removed after {_ABANDONED_UPLOAD_DAYS} days")
    return done


def _create(store: Store, region: str) -> None:
    with s3_errors(store.where()):
        if region == _REGION_WITHOUT_CONSTRAINT:
            store.once.create_bucket(Bucket=store.bucket, ObjectLockEnabledForBucket=True)
        else:
            constraint = cast("BucketLocationConstraintType", region)  # S3 knows its regions better than the stubs
            store.once.create_bucket(
                Bucket=store.bucket,
                ObjectLockEnabledForBucket=True,
                CreateBucketConfiguration={"LocationConstraint": constraint},
            )


def _turn_versioning_on(store: Store) -> None:
    store.patient.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})


def _has_default_retention(store: Store) -> bool:
    standing = bucket.default_retention(store)
    return standing is not None and standing.covers_years(_DEFAULT_YEARS)


def _set_default_retention(store: Store) -> None:
    store.patient.put_object_lock_configuration(
        Bucket=store.bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {
                "DefaultRetention": {"Mode": LockMode.COMPLIANCE.value, "Years": _DEFAULT_YEARS},
            },
        },
    )


def _is_private(store: Store) -> bool:
    return bucket.blocks_public_access(store) is not False


def _block_public_access(store: Store) -> None:
    store.patient.put_public_access_block(
        Bucket=store.bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _deny_plain_deletes(store: Store) -> None:
    statement = {
        "Sid": bucket.DENY_DELETE_SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",  # not DeleteObjectVersion: erasing a version is for its lock to allow
        "Resource": f"arn:aws:s3:::{store.bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [*bucket.policy_statements(store), statement]}
    store.patient.put_bucket_policy(Bucket=store.bucket, Policy=json.dumps(policy))


def _remove_abandoned_uploads(store: Store) -> bool:
    """False on a store without such a rule, as MinIO, which removes them by itself."""
    rule: LifecycleRuleTypeDef = {
        "ID": "strongroom-abandoned-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABANDONED_UPLOAD_DAYS},
    }
    try:
        with s3_errors(store.where()):
            store.patient.put_bucket_lifecycle_configuration(
                Bucket=store.bucket, LifecycleConfiguration={"Rules": [rule]}
            )
    except VaultRefused as refusal:
        if refusal.code in bucket.NOT_OFFERED:
            return False
        raise
    return True
