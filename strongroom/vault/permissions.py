"""Who may do what to the vault: one table, from which the IAM policies in deploy/iam are made.

What the promises forbid a role is denied to it explicitly: no policy that is attached beside its own can then allow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from strongroom.vault import statements
from strongroom.vault.statements import Effect, Resource, Statement


class Role(StrEnum):
    """What a process or a person is to the vault; the value is the name of the policy's file."""

    WORKER = "worker"
    LEGAL_DESK = "legal-desk"
    RECORDS_MANAGER = "records-manager"
    BREAK_GLASS = "break-glass"
    PROVISIONER = "provisioner"
    AUDITOR = "auditor"


@dataclass(frozen=True)
class Permissions:
    """All that one role may do, and who holds it."""

    holder: str
    statements: tuple[Statement, ...]


TABLE: Mapping[Role, Permissions] = {
    Role.WORKER: Permissions(
        "The workers of the queues `bulk`, `sweep` and `control`, and commands that share their environment.",
        (
            *statements.puts(statements.WRITTEN),
            statements.reads(
                statements.WRITTEN,
                "Promise 2: what was put is read back, its size, hash and lock; what stands from an earlier attempt is "
                "hashed before it is adopted. HEAD leaves lock and hold out without their permissions.",
            ),
            statements.FIND,
            statements.READ_CONFIGURATION,
            statements.ENCRYPT,
            statements.LOOK_AT_KEY,
            Statement(
                "SignCheckpoints",
                Effect.ALLOW,
                (Resource.SIGNING_KEY,),
                "Promise 2: the checkpoint of each day is signed by a key that no machine holds.",
                actions=("kms:Sign",),
            ),
            statements.READ_SIGNING_KEY,
            statements.NEVER_DELETE,
            statements.NEVER_BYPASS,
            statements.NEVER_FOR_EVER,
            statements.NEVER_RECONFIGURE,
        ),
    ),
    Role.LEGAL_DESK: Permissions(
        "The Legal desk, and the worker of the queue `restore`.",
        (
            statements.reads(
                statements.KEPT,
                "Promise 4: records and their evidence, by version. A pre-signed link can do what its signer may: read "
                "the version it names, and no other thing.",
            ),
            statements.FIND,
            Statement(
                "RestoreColdRecords",
                Effect.ALLOW,
                statements.KEPT,
                "Promise 4: what lies in an archive tier is readable after a restore only. It makes a copy for some "
                "days; the version and its lock stay as they are.",
                actions=("s3:RestoreObject",),
            ),
            statements.DECRYPT,
            statements.nothing_but(
                "NeverWrite", "The desk reads and restores; it changes no record.", "s3:RestoreObject"
            ),
        ),
    ),
    Role.RECORDS_MANAGER: Permissions(
        "The worker of the queue `records`, which tells the store of legal holds, and whoever disposes of what need no "
        "longer be kept.",
        (
            statements.reads(
                statements.KEPT, "Holds and disposition are decided on what stands: its lock, its hold, its class."
            ),
            statements.FIND,
            Statement(
                "PlaceAndReleaseHolds",
                Effect.ALLOW,
                (Resource.RECORDS,),
                "A hold keeps a record beyond its lock, until the matter is closed. S3 asks one permission for both.",
                actions=("s3:PutObjectLegalHold",),
            ),
            Statement(
                "DisposeOfWhatNoLockKeeps",
                Effect.ALLOW,
                (Resource.RECORDS,),
                "Disposition. Without a bypass the lock and the hold decide: S3 refuses it while either lasts. "
                "Evidence is not disposed of with the records.",
                actions=("s3:DeleteObjectVersion",),
            ),
            statements.DECRYPT,
            statements.nothing_but(
                "NothingElse",
                "No new records, no other locks, no delete markers, and no bypass: what must go before its time goes "
                "by break-glass.",
                "s3:PutObjectLegalHold",
                "s3:DeleteObjectVersion",
            ),
        ),
    ),
    Role.BREAK_GLASS: Permissions(
        "A person, for an hour, with a second person who knows: an erasure that the law demands, a lock that is wrong.",
        (
            statements.reads(statements.KEPT, "What is to go is looked at first."),
            statements.FIND,
            Statement(
                "LiftGovernance",
                Effect.ALLOW,
                (Resource.RECORDS,),
                "Erasable classes are locked under GOVERNANCE so that the law can be obeyed (GDPR, article 17) and a "
                "mistake mended. COMPLIANCE is not within reach: no condition key tells the lock that stands, and S3 "
                "itself refuses everyone, root included. A stolen password is not enough.",
                actions=("s3:BypassGovernanceRetention", "s3:DeleteObjectVersion", "s3:PutObjectRetention"),
                conditions=(statements.WITH_MFA,),
            ),
            statements.DECRYPT,
            statements.NEVER_FOR_EVER,
            statements.nothing_but(
                "NothingElse",
                "Nothing is put, held, or hidden under a delete marker, and the bucket stays as it is.",
                "s3:BypassGovernanceRetention",
                "s3:DeleteObjectVersion",
                "s3:PutObjectRetention",
            ),
        ),
    ),
    Role.PROVISIONER: Permissions(
        "Who runs `strongroom vault create`. Taken away afterwards: who writes the bucket policy can weaken it.",
        (
            Statement(
                "MakeTheBucketRight",
                Effect.ALLOW,
                (Resource.BUCKET,),
                "Each facet of the bucket that `vault create` sets. Object Lock at creation asks for the permissions "
                "on lock configuration and versioning besides.",
                actions=("s3:CreateBucket", *statements.CONFIGURATION),
            ),
            statements.READ_CONFIGURATION,
            statements.FIND,
            *statements.puts((Resource.PROBE,)),
            statements.reads((Resource.PROBE,), "The probe shows whether the store heeds conditions and keeps locks."),
            statements.ENCRYPT,
            statements.LOOK_AT_KEY,
            Statement(
                "NeverTouchRecords",
                Effect.DENY,
                statements.KEPT,
                "Who makes the bucket needs nothing of what is in it.",
                actions=("s3:*",),
            ),
            statements.NEVER_DELETE,
            statements.NEVER_BYPASS,
            statements.NEVER_FOR_EVER,
            Statement(
                "NeverDismantle",
                Effect.DENY,
                (Resource.BUCKET,),
                "The policy is replaced, never removed, and a vault has no end that a command could bring about.",
                actions=("s3:DeleteBucket", "s3:DeleteBucketPolicy"),
            ),
        ),
    ),
    Role.AUDITOR: Permissions(
        "Whoever runs `strongroom vault check` and the verifying of evidence apart from the fleet.",
        (
            statements.reads(statements.KEPT, "Promise 2: the locks as they are, and the bytes, hashed again."),
            statements.FIND,
            statements.READ_CONFIGURATION,
            statements.DECRYPT,
            statements.LOOK_AT_KEY,
            statements.READ_SIGNING_KEY,
            statements.nothing_but(
                "NeverWrite", "This role writes nothing, whatever S3 may come to offer for writing."
            ),
        ),
    ),
}
"""The table."""
