"""The rules that permissions are made of, those first that several roles share.

Actions and condition keys are those of AWS's Service Authorization Reference, "Amazon S3" and "AWS KMS".
"""

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a statement does. A Deny counts for more than any Allow."""

    ALLOW = "Allow"
    DENY = "Deny"


class Resource(StrEnum):
    """What a statement is about: the bucket, the objects below one of its prefixes, or a KMS key."""

    BUCKET = ""
    RECORDS = "/archive/*"
    EVIDENCE = "/evidence/*"
    PROBE = "/probe/*"
    OBJECTS = "/*"
    ENCRYPTION_KEY = "encryption key"
    SIGNING_KEY = "signing key"


@dataclass(frozen=True)
class Condition:
    """One line of a statement's Condition; all of them must hold. `values` are alternatives."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One rule and its reason. It is about `actions`, or about every action of S3 but `all_actions_but`."""

    sid: str
    effect: Effect
    resources: tuple[Resource, ...]
    why: str
    actions: tuple[str, ...] = ()
    all_actions_but: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


LONGEST_LOCK_DAYS = 31 * 366
"""No retention policy may ask for more than thirty years; one more leaves room for the time until a record is put."""

KEPT = (Resource.RECORDS, Resource.EVIDENCE)
WRITTEN = (*KEPT, Resource.PROBE)
_VAULT = (Resource.BUCKET, Resource.OBJECTS)
CONFIGURATION = (
    "s3:PutBucketVersioning",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketTagging",
)
_READ_OBJECT = (
    "s3:GetObjectVersion",
    "s3:GetObjectVersionTagging",
    "s3:GetObjectRetention",
    "s3:GetObjectLegalHold",
)
_CONDITIONAL = Condition("Null", "s3:if-none-match", ("false",))
_CREATES_NOTHING = Condition("Bool", "s3:ObjectCreationOperation", ("false",))
_CLASS_TAG_ONLY = (
    Condition("Null", "s3:RequestObjectTagKeys", ("false",)),
    Condition("ForAllValues:StringEquals", "s3:RequestObjectTagKeys", ("retention-class",)),
)
_THROUGH_S3 = Condition("StringLike", "kms:ViaService", ("s3.*.amazonaws.com", "s3.*.amazonaws.com.cn"))
WITH_MFA = Condition("Bool", "aws:MultiFactorAuthPresent", ("true",))


def puts(resources: tuple[Resource, ...]) -> tuple[Statement, ...]:
    """Putting locked objects, each once."""
    return (
        Statement(
            "PutWhatIsNotThere",
            Effect.ALLOW,
            resources,
            "Promise 3: what is put under a key that stands is a second version, locked for years. S3 refuses it when "
            "the put is conditional, so only conditional puts and completions of uploads are allowed.",
            actions=("s3:PutObject",),
            conditions=(_CONDITIONAL,),
        ),
        Statement(
            "SendInParts",
            Effect.ALLOW,
            resources,
            "Beginning an upload and sending a part take no condition and create no object (S3 User Guide, "
            '"Enforce conditional writes"); the completion does, and must be conditional.',
            actions=("s3:PutObject",),
            conditions=(_CREATES_NOTHING,),
        ),
        Statement(
            "AbortOnesUpload",
            Effect.ALLOW,
            resources,
            "Promise 5: the parts of an upload that failed are paid for until it is aborted. No version is touched.",
            actions=("s3:AbortMultipartUpload",),
        ),
        Statement(
            "LockAndLengthen",
            Effect.ALLOW,
            resources,
            "Every put carries its lock, and a lock that is short is lengthened. Without a bypass S3 lets nobody "
            "shorten or lift one, in either mode. A condition could not say so: "
            "s3:object-lock-remaining-retention-days is the date asked for, not the one that stands.",
            actions=("s3:PutObjectRetention",),
        ),
        Statement(
            "TagWithTheClass",
            Effect.ALLOW,
            resources,
            "Promise 5: lifecycle rules go by the retention class, which is sent as a tag with the put, and put on the "
            "version where the store dropped it. No other tag may be set, nor all of them taken away.",
            actions=("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
            conditions=_CLASS_TAG_ONLY,
        ),
    )


def reads(resources: tuple[Resource, ...], why: str) -> Statement:
    """Reading versions, each by its id, with what HEAD says of them."""
    return Statement("ReadVersions", Effect.ALLOW, resources, why, actions=_READ_OBJECT)


FIND = Statement(
    "FindWhatStands",
    Effect.ALLOW,
    (Resource.BUCKET,),
    "Promise 3: a delete marker hides what stands from HEAD, so versions are listed. ListBucket answers whether the "
    "bucket is there, and lets S3 say 404 where it would say 403.",
    actions=("s3:ListBucket", "s3:ListBucketVersions"),
)
READ_CONFIGURATION = Statement(
    "ReadTheConfiguration",
    Effect.ALLOW,
    (Resource.BUCKET,),
    "Nothing is put into a bucket that could not keep it: Object Lock, versioning and the rest are looked at before "
    "work begins, and every night.",
    actions=(
        "s3:GetBucketLocation",
        "s3:GetBucketVersioning",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketPolicy",
        "s3:GetBucketTagging",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
    ),
)
ENCRYPT = Statement(
    "EncryptThroughS3",
    Effect.ALLOW,
    (Resource.ENCRYPTION_KEY,),
    "S3 encrypts with the key in this role's name, and needs Decrypt too to join the parts of an upload. Only through "
    "S3: the key itself opens nothing elsewhere.",
    actions=("kms:GenerateDataKey", "kms:Decrypt"),
    conditions=(_THROUGH_S3,),
)
DECRYPT = Statement(
    "DecryptThroughS3",
    Effect.ALLOW,
    (Resource.ENCRYPTION_KEY,),
    "Promise 4: what may be read must be readable. Only through S3, so never without a trace in the bucket's log.",
    actions=("kms:Decrypt",),
    conditions=(_THROUGH_S3,),
)
LOOK_AT_KEY = Statement(
    "SeeThatTheKeyLives",
    Effect.ALLOW,
    (Resource.ENCRYPTION_KEY,),
    "A key that is deleted destroys what it encrypted, lock or no lock: one that is disabled or scheduled for deletion "
    "must be noticed in time.",
    actions=("kms:DescribeKey",),
)
READ_SIGNING_KEY = Statement(
    "ReadTheVerifierKey",
    Effect.ALLOW,
    (Resource.SIGNING_KEY,),
    "Promise 2: a checkpoint's signature is checked with the public half of the key, which is no secret.",
    actions=("kms:GetPublicKey",),
)
NEVER_DELETE = Statement(
    "NeverDelete",
    Effect.DENY,
    (Resource.OBJECTS,),
    "Promise 1: this role deletes no version, and hides none under a delete marker.",
    actions=("s3:DeleteObject", "s3:DeleteObjectVersion"),
)
NEVER_BYPASS = Statement(
    "NeverBypassALock",
    Effect.DENY,
    (Resource.OBJECTS,),
    "A GOVERNANCE lock is shortened or lifted with this permission only. A change from GOVERNANCE to COMPLIANCE needs "
    "it as well: that is for break-glass, and the record waits in review until it is done.",
    actions=("s3:BypassGovernanceRetention",),
)
NEVER_RECONFIGURE = Statement(
    "NeverReconfigure",
    Effect.DENY,
    (Resource.BUCKET,),
    "The bucket's configuration is what protects the records from this role.",
    actions=(*CONFIGURATION, "s3:PutReplicationConfiguration", "s3:DeleteBucketPolicy", "s3:DeleteBucket"),
)
NEVER_FOR_EVER = Statement(
    "NeverLockForEver",
    Effect.DENY,
    (Resource.OBJECTS,),
    f"A COMPLIANCE lock can't be taken back. No class may ask for more than thirty years, so more than "
    f"{LONGEST_LOCK_DAYS:,} days are a mistake.",
    actions=("s3:PutObjectRetention",),
    conditions=(Condition("NumericGreaterThan", "s3:object-lock-remaining-retention-days", (str(LONGEST_LOCK_DAYS),)),),
)


def nothing_but(sid: str, why: str, *actions: str) -> Statement:
    """Everything denied that neither reads nor is one of these actions: also what S3 may come to offer."""
    return Statement(sid, Effect.DENY, _VAULT, why, all_actions_but=("s3:Get*", "s3:List*", *actions))
