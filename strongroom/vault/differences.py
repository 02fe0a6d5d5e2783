"""The table of what a bucket must be: each facet compared with the blueprint, with the call that mends it.

`vault create` makes the calls that lose no protection, `vault check` tells all differences: both follow from here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.vault import bucket_policy
from strongroom.vault.blueprint import TAG, TRIAL, VAULT, Blueprint, same_key
from strongroom.vault.bucket import PUBLIC_ACCESS_BLOCKS, Configuration, DefaultRetention
from strongroom.vault.calls import Call
from strongroom.vault.findings import Finding
from strongroom.vault.lifecycle import does_to_records, same_rule, with_rules
from strongroom.vault.lock import LockMode

_CREATE = "strongroom vault create"
_DAYS_A_YEAR = 365


@dataclass(frozen=True)
class Bucket:
    """A bucket as it is. `arn` is without a key."""

    name: str
    arn: str
    standing: Configuration


@dataclass(frozen=True)
class Difference:
    """Something that is not as the blueprint says.

    `call` mends it, where one call can. `loses_nothing` says that the call takes away no protection that stands, nor
    anything that others put there: then `vault create` makes it, and `done` says what it did. Else `step`, or the call
    as a command, is for the operator to judge.
    """

    kind: str
    what: str
    call: Call | None = None
    loses_nothing: bool = False
    done: str = ""
    step: str = ""
    is_remark: bool = False

    def finding(self, where: str, trial: bool) -> Finding:
        """As `vault check` tells it."""
        if self.loses_nothing:
            mend = f"{_CREATE} --trial" if trial else _CREATE
        else:
            mend = self.step or (self.call.as_aws_command() if self.call else "")
        return Finding(self.kind, self.what, where, mend, self.is_remark)


Facet = Callable[[Bucket, Blueprint], Iterator[Difference]]


def differences(bucket: Bucket, blueprint: Blueprint) -> Iterator[Difference]:
    """Every difference, in the order in which they are best mended.

    Each call mends all of its facet at once, so that differences of one facet share it.
    """
    for facet in _FACETS:
        yield from facet(bucket, blueprint)


def _object_lock(bucket: Bucket, _blueprint: Blueprint) -> Iterator[Difference]:
    if not bucket.standing.object_lock:
        yield Difference(
            "object-lock-off",
            "the bucket has no Object Lock: what is put there can be deleted",
            step="create another bucket with `strongroom vault create`; a lock is turned on before the first object",
        )


def _tag(bucket: Bucket, blueprint: Blueprint) -> Iterator[Difference]:
    tags = bucket.standing.tags
    if tags is None or tags.get(TAG) == blueprint.tag:
        return
    tag_set = [{"Key": key, "Value": value} for key, value in (dict(tags) | {TAG: blueprint.tag}).items()]
    call = Call("PutBucketTagging", {"Bucket": bucket.name, "Tagging": {"TagSet": tag_set}})
    standing = tags.get(TAG)
    if standing in (VAULT, TRIAL):
        what = f"the bucket's tag says {TAG}={standing}, and the settings are for {TAG}={blueprint.tag}"
        step = (
            "correct STRONGROOM_BUCKET and STRONGROOM_TRIAL; a vault is never made of a trial, nor a trial of a vault"
        )
        yield Difference("bucket-tag-wrong", what, step=step)
        return
    kind, found = (
        ("bucket-tag-missing", "has no tag")
        if standing is None
        else ("bucket-tag-wrong", f"is tagged {TAG}={standing}, not")
    )
    what = f"the bucket {found} {TAG}={blueprint.tag}"
    yield Difference(kind, what, call, loses_nothing=True, done=f"tagged it {TAG}={blueprint.tag}")


def _versioning(bucket: Bucket, _blueprint: Blueprint) -> Iterator[Difference]:
    if bucket.standing.versioning != "Enabled":
        yield Difference(
            "versioning-off",
            f"versioning is {bucket.standing.versioning.lower()}: an object could be overwritten",
            Call("PutBucketVersioning", {"Bucket": bucket.name, "VersioningConfiguration": {"Status": "Enabled"}}),
            loses_nothing=True,
            done="turned versioning on",
        )


def _default_retention(bucket: Bucket, blueprint: Blueprint) -> Iterator[Difference]:
    standing, wanted = bucket.standing.default_retention, blueprint.default_retention
    if standing == wanted:
        return
    if standing is None:
        what = f"there is no default retention: what is put without a lock stays without; it must be {wanted}"
        yield _retention("default-retention-missing", what, bucket, wanted)
    elif blueprint.trial:
        what = f"the default retention is {standing}: a trial's mistakes would stand for longer than {wanted}"
        call = _retention_call(bucket, wanted)
        yield Difference("default-retention-long", what, call)
    else:
        longer = DefaultRetention(LockMode.COMPLIANCE, max(standing.days, wanted.days))
        if longer != standing:
            what = f"the default retention is {standing}; it must be {wanted} or more"
            yield _retention("default-retention-short", what, bucket, longer)


def _retention(kind: str, what: str, bucket: Bucket, retention: DefaultRetention) -> Difference:
    call = _retention_call(bucket, retention)
    return Difference(kind, what, call, loses_nothing=True, done=f"set a default retention of {retention}")


def _retention_call(bucket: Bucket, retention: DefaultRetention) -> Call:
    years, days = divmod(retention.days, _DAYS_A_YEAR)
    period = {"Days": retention.days} if days else {"Years": years}
    rule = {"DefaultRetention": {"Mode": retention.mode.value, **period}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    return Call("PutObjectLockConfiguration", {"Bucket": bucket.name, "ObjectLockConfiguration": lock})


def _encryption(bucket: Bucket, blueprint: Blueprint) -> Iterator[Difference]:
    if "default encryption" in bucket.standing.not_offered:
        return
    standing = bucket.standing.encryption
    by_kms = standing is not None and standing.algorithm.startswith("aws:kms")
    call = _encryption_call(bucket, blueprint.kms_key_id)
    if blueprint.kms_key_id is None:
        if standing is None:
            what = "there is no default encryption"
            yield Difference("encryption-off", what, call, loses_nothing=True, done="set default encryption: SSE-S3")
        elif by_kms:
            key = standing.kms_key_id or "the account's own key for S3"
            what = f"new objects are encrypted with a KMS key that no setting names: {key}"
            step = f"name it in STRONGROOM_KMS_KEY_ID, so that its state is checked; or: {call.as_aws_command()}"
            yield Difference("kms-key-unknown", what, step=step)
        return
    done = f"set default encryption: SSE-KMS with key {blueprint.kms_key_id} and bucket keys"
    if standing is None or not by_kms:
        what = f"new objects are not encrypted with the KMS key {blueprint.kms_key_id}"
        yield Difference("kms-off", what, call, loses_nothing=True, done=done)
    elif not same_key(standing.kms_key_id, blueprint.kms_key_id):
        what = f"new objects are encrypted with another KMS key than {blueprint.kms_key_id}: {standing.kms_key_id}"
        yield Difference("kms-key-other", what, call, loses_nothing=True, done=done)
    elif not standing.bucket_key and standing.algorithm == "aws:kms":  # double encryption has no bucket keys
        what = "bucket keys are off: every object costs a request to KMS"
        yield Difference("bucket-key-off", what, call, loses_nothing=True, done=done)


def _encryption_call(bucket: Bucket, kms_key_id: str | None) -> Call:
    rule: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    if kms_key_id is not None:
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key_id}
        rule = {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}
    configuration = {"Rules": [rule]}
    return Call("PutBucketEncryption", {"Bucket": bucket.name, "ServerSideEncryptionConfiguration": configuration})


def _policy(bucket: Bucket, blueprint: Blueprint) -> Iterator[Difference]:
    if "bucket policies" in bucket.standing.not_offered:
        return
    standing = bucket.standing.policy
    lacking = _lacking_denials(bucket, blueprint)
    whole = bucket_policy.with_statements(standing, [statement for _, statement, _ in lacking])
    # under this block S3 takes no policy that gives anything to everyone (API reference, PutBucketPolicy)
    blocked = "BlockPublicPolicy" in (bucket.standing.public_access_blocks or ())
    is_refused = blocked and any(map(bucket_policy.allows_everyone, whole))
    for kind, statement, denied in lacking:
        what = f"the bucket policy does not deny {denied}"
        if any(each.get("Sid") == statement["Sid"] for each in standing):
            what += f" as it must: statement {statement['Sid']} was changed"
        yield Difference(
            kind,
            what,
            _policy_call(bucket, whole),
            loses_nothing=not is_refused,
            done=f"denied {denied} in the bucket policy",
            step="take what allows something to everyone out of the policy, then: strongroom vault create",
        )


def _lacking_denials(bucket: Bucket, blueprint: Blueprint) -> list[tuple[str, dict[str, Any], str]]:
    """The denials that the policy must have and hasn't: kind, statement, and what it denies in words."""
    statement = bucket_policy.deny_delete(bucket.arn, blueprint.break_glass_role_arn)
    wanted = [("policy-allows-deletes", statement, "plain deletes")]
    if blueprint.over_tls:
        wanted.append(("policy-allows-plain-http", bucket_policy.tls_only(bucket.arn), "plain HTTP"))
    return [
        (kind, statement, denied)
        for kind, statement, denied in wanted
        if not any(bucket_policy.denies_as_much(each, statement) for each in bucket.standing.policy)
    ]


def _policy_grants(bucket: Bucket, blueprint: Blueprint) -> Iterator[Difference]:
    lacking = [statement for _, statement, _ in _lacking_denials(bucket, blueprint)]
    for position, statement in enumerate(bucket.standing.policy, start=1):
        name = statement.get("Sid") or f"number {position}"
        others = [each for each in bucket.standing.policy if each is not statement]
        # with what is mended at the same time: the command must not undo it
        call = _policy_call(bucket, bucket_policy.with_statements(others, lacking))
        if bucket_policy.allows_everyone(statement):
            what = f"statement {name} of the bucket policy allows something to everyone"
            yield Difference("policy-allows-everyone", what, call)
        elif actions := bucket_policy.loosening(statement, bucket.arn, blueprint.break_glass_role_arn):
            what = f"statement {name} of the bucket policy allows {' and '.join(actions)} to others than break-glass"
            yield Difference("policy-loosens", what, call)


def _policy_call(bucket: Bucket, statements: list[Mapping[str, Any]]) -> Call:
    if not statements:
        return Call("DeleteBucketPolicy", {"Bucket": bucket.name})
    document = bucket_policy.document(statements)
    return Call("PutBucketPolicy", {"Bucket": bucket.name, "Policy": document})


def _public_access(bucket: Bucket, _blueprint: Blueprint) -> Iterator[Difference]:
    blocks = bucket.standing.public_access_blocks
    if blocks is None or blocks == set(PUBLIC_ACCESS_BLOCKS):
        return
    off = [name for name in PUBLIC_ACCESS_BLOCKS if name not in blocks]
    configuration = dict.fromkeys(PUBLIC_ACCESS_BLOCKS, True)
    yield Difference(
        "public-access-open",
        f"public access is not blocked: {', '.join(off)} {'is' if len(off) == 1 else 'are'} off",
        Call("PutPublicAccessBlock", {"Bucket": bucket.name, "PublicAccessBlockConfiguration": configuration}),
        loses_nothing=True,
        done="blocked all public access",
    )


def _lifecycle(bucket: Bucket, blueprint: Blueprint) -> Iterator[Difference]:
    if "lifecycle rules" in bucket.standing.not_offered:
        return
    standing = {rule.get("ID"): rule for rule in bucket.standing.lifecycle}
    call = _lifecycle_call(bucket, with_rules(bucket.standing.lifecycle, blueprint.lifecycle))
    for rule in blueprint.lifecycle:
        name = rule["ID"]
        if name not in standing:
            what = f"lifecycle rule {name} is missing"
            yield Difference(
                "lifecycle-rule-missing", what, call, loses_nothing=True, done=f"set lifecycle rule {name}"
            )
        elif not same_rule(rule, standing[name]):
            off = standing[name].get("Status") != rule["Status"]
            what = f"lifecycle rule {name} is {'disabled' if off else 'not as it must be'}"
            yield Difference(
                "lifecycle-rule-changed", what, call, loses_nothing=True, done=f"mended lifecycle rule {name}"
            )
    wanted = {rule["ID"] for rule in blueprint.lifecycle}
    for rule in bucket.standing.lifecycle:
        does = does_to_records(rule)
        if rule.get("ID") not in wanted and does is not None:
            others = with_rules([each for each in bucket.standing.lifecycle if each is not rule], blueprint.lifecycle)
            what = f"lifecycle rule {rule.get('ID') or 'without a name'} is none of ours and {does}"
            yield Difference("lifecycle-rule-foreign", what, _lifecycle_call(bucket, others))


def _lifecycle_call(bucket: Bucket, rules: list[Mapping[str, Any]]) -> Call:
    if not rules:
        return Call("DeleteBucketLifecycle", {"Bucket": bucket.name})
    parameters: dict[str, Any] = {"Bucket": bucket.name, "LifecycleConfiguration": {"Rules": rules}}
    minimum = bucket.standing.transition_minimum
    if minimum not in (None, "all_storage_classes_128K"):  # S3's own default comes back where it is not named
        parameters["TransitionDefaultMinimumObjectSize"] = minimum
    return Call("PutBucketLifecycleConfiguration", parameters)


def _endpoint(_bucket: Bucket, blueprint: Blueprint) -> Iterator[Difference]:
    if not blueprint.over_tls:
        yield Difference(
            "plain-http",
            f"the store is spoken to over plain HTTP: {blueprint.endpoint_url}",
            step="give the store a certificate, and STRONGROOM_S3_ENDPOINT_URL an https address",
            is_remark=blueprint.on_this_machine,
        )


def _not_offered(bucket: Bucket, _blueprint: Blueprint) -> Iterator[Difference]:
    for feature in bucket.standing.not_offered:
        step = "see in the store's documentation what it has in their place"
        yield Difference("not-offered", f"the store has no {feature}", step=step, is_remark=True)


_FACETS: tuple[Facet, ...] = (
    _object_lock,
    _tag,
    _versioning,
    _default_retention,
    _encryption,
    # before the public access blocks: S3 refuses a policy under them that gives anything to everyone
    _policy,
    _policy_grants,
    _public_access,
    _lifecycle,
    _endpoint,
    _not_offered,
)
