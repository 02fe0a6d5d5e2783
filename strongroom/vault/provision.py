"""Making the bucket: write-once from its first moment, private, and safe to make again. And checking that it is so."""

from dataclasses import dataclass
from typing import Any

from strongroom.vault.blueprint import TAG, TRIAL, VAULT, Blueprint
from strongroom.vault.bucket import AS_CREATED, NOT_OFFERED, Configuration, exists, read_configuration
from strongroom.vault.calls import Call, make
from strongroom.vault.differences import Bucket, differences
from strongroom.vault.errors import VaultRefused
from strongroom.vault.findings import Finding
from strongroom.vault.kms_key import key_findings, key_state
from strongroom.vault.store import Store

_REGION_WITHOUT_CONSTRAINT = "us-east-1"  # S3 API reference, CreateBucket: there the constraint must be absent


@dataclass(frozen=True)
class Provisioned:
    """What `create_bucket` did in words, by which calls, and what it left as it was. Of a dry run: what it would do."""

    done: tuple[str, ...]
    calls: tuple[Call, ...]
    left: tuple[Finding, ...]


def create_bucket(store: Store, region: str, blueprint: Blueprint, *, dry_run: bool = False) -> Provisioned:
    """Make the bucket as the blueprint says; run again, it changes nothing.

    A bucket that exists is mended where that takes no protection away, nor anything that others put there. The rest
    is left, and told. Raises VaultRefused for a bucket without Object Lock, and for a trial's bucket that should be a
    vault, or the other way round; VaultUnreachable.
    """
    done: list[str] = []
    calls: list[Call] = []
    left: list[Finding] = []
    if exists(store):
        standing = read_configuration(store)
    else:
        calls.append(_creation(store, region))
        done.append(f"created bucket {store.bucket} in {region} with Object Lock")
        if not dry_run:
            make(store, calls[0])
        standing = AS_CREATED if dry_run else read_configuration(store)
    _require_ours(store, standing, blueprint)
    refused: list[Call] = []
    for difference in differences(_bucket(store, standing), blueprint):
        call = difference.call
        if call is None or not difference.loses_nothing:
            left.append(difference.finding(store.where(), blueprint.trial))
            continue
        if call not in (*calls, *refused):
            (calls if dry_run or _taken(store, call) else refused).append(call)
        if call in calls:
            done.append(difference.done)
        else:
            what = f"the store does not take {call.operation}: {difference.what}"
            step = "see in the store's documentation what it has in its place"
            left.append(Finding("not-offered", what, store.where(), step, is_remark=True))
    return Provisioned(tuple(done), tuple(calls), (*left, *_key_findings(store, blueprint)))


def check_bucket(store: Store, blueprint: Blueprint) -> list[Finding]:
    """How the bucket's configuration differs from the blueprint; nothing is written.

    Raises VaultRefused when there is no such bucket or something may not be read, VaultUnreachable.
    """
    if not exists(store):
        raise VaultRefused(
            "there is no such bucket",
            where=store.where(),
            todo="correct STRONGROOM_BUCKET, or create it with `strongroom vault create`",
        )
    found = differences(_bucket(store, read_configuration(store)), blueprint)
    told = [difference.finding(store.where(), blueprint.trial) for difference in found]
    return [*told, *_key_findings(store, blueprint)]


def _creation(store: Store, region: str) -> Call:
    parameters: dict[str, Any] = {"Bucket": store.bucket, "ObjectLockEnabledForBucket": True}
    if region != _REGION_WITHOUT_CONSTRAINT:
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": region}
    return Call("CreateBucket", parameters)


def _bucket(store: Store, standing: Configuration) -> Bucket:
    return Bucket(store.bucket, f"arn:{store.patient.meta.partition}:s3:::{store.bucket}", standing)


def _require_ours(store: Store, standing: Configuration, blueprint: Blueprint) -> None:
    if not standing.object_lock:
        raise VaultRefused(
            "the bucket exists without Object Lock",
            where=store.where(),
            todo="name another bucket in STRONGROOM_BUCKET; an archive must be write-once from its first object",
        )
    tag = (standing.tags or {}).get(TAG)
    if tag in (VAULT, TRIAL) and tag != blueprint.tag:
        raise VaultRefused(
            f"the bucket is tagged {TAG}={tag}, and the settings are for {TAG}={blueprint.tag}",
            where=store.where(),
            todo="correct STRONGROOM_BUCKET and STRONGROOM_TRIAL; a vault is never made of a trial, nor the reverse",
        )


def _taken(store: Store, call: Call) -> bool:
    """Make the call; False on a store that has no such thing."""
    try:
        make(store, call)
    except VaultRefused as refusal:
        if refusal.code in NOT_OFFERED:
            return False
        raise
    return True


def _key_findings(store: Store, blueprint: Blueprint) -> list[Finding]:
    return [] if blueprint.kms_key_id is None else key_findings(key_state(store, blueprint.kms_key_id))
