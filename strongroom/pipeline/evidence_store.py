"""Putting one object of the evidence where it belongs: intent first, then the vault, then the record of it."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import structlog

from strongroom import __version__
from strongroom.canonical import sha256_hex
from strongroom.errors import StrongroomError
from strongroom.house import House
from strongroom.ledger.evidence_objects import (
    EvidenceObject,
    intend_evidence,
    record_evidence,
    record_evidence_lock,
)
from strongroom.retention.calendar import add_years
from strongroom.times import day_of, format_instant, start_of, utc_now
from strongroom.vault.lock import Lock, LockMode, trial_lock
from strongroom.vault.put_once import Intent, put_once, tighten

EVIDENCE_CLASS = "evidence"
"""What the objects under `evidence/` have as retention class: no class of the policy, they outlast all of them."""

_log = structlog.get_logger()


class EvidenceDiffers(StrongroomError):
    """Other bytes were intended for this key before. Evidence is made from the ledger: one of the two was changed."""


def evidence_lock(house: House, now: datetime) -> Lock:
    """The lock of what is put now: as long as the policy's longest class, from the end of the present UTC day.

    In a trial vault a day from now, under GOVERNANCE.
    """
    if house.settings.trial:
        return trial_lock(now)
    end_of_day = start_of(day_of(now) + timedelta(days=1))
    longest = max(one.retained_years for one in house.policy.classes)
    return Lock(LockMode.COMPLIANCE, add_years(end_of_day, longest))


def store_evidence(
    house: House,
    kind: str,
    key: str,
    body: bytes,
    *,
    content_type: str,
    first_leaf: int | None = None,
    last_leaf: int | None = None,
    day: date | None = None,
) -> EvidenceObject:
    """Make these bytes stand at the key, locked, in one version; what stands already is adopted.

    `first_leaf` and `last_leaf` bound the leaves whose proof rests on it; without them every leaf's does. `day` is the
    UTC day it tells of. The bytes must be the same at every call: they are made from what is committed. Raises
    EvidenceDiffers, and the vault's and the ledger's errors.
    """
    lock = evidence_lock(house, utc_now())
    wanted = EvidenceObject(
        key=key,
        kind=kind,
        size_bytes=len(body),
        sha256=sha256_hex(body),
        content_type=content_type,
        lock_mode=lock.mode.value,
        retain_until=lock.retain_until,
        first_leaf=first_leaf,
        last_leaf=last_leaf,
        day=day,
    )
    row = intend_evidence(house.engine, wanted)
    if (row.size_bytes, row.sha256) != (wanted.size_bytes, wanted.sha256):
        raise EvidenceDiffers(
            f"other bytes were intended here before: SHA-256 {row.sha256}, not {wanted.sha256}",
            where=house.store.where(key),
            todo="the ledger was changed since; compare it with a backup and with what stands in the vault",
        )
    if row.version_id is not None:
        return row
    intent = Intent(
        key=key,
        size_bytes=wanted.size_bytes,
        sha256=wanted.sha256,
        content_type=content_type,
        lock=lock,
        retention_class=EVIDENCE_CLASS,
        metadata={"archived-at": format_instant(utc_now()), "pipeline-version": __version__},
    )
    stored = put_once(house.store, intent, body, [])
    if stored.other_versions:
        _log.error("more than one version stands", key=key, other_versions=list(stored.other_versions))
    record_evidence(house.engine, key, stored.version_id, stored.lock.mode.value, stored.lock.retain_until)
    return replace(
        row,
        version_id=stored.version_id,
        lock_mode=stored.lock.mode.value,
        retain_until=stored.lock.retain_until,
    )


def lengthen(house: House, standing: EvidenceObject, lock: Lock) -> None:
    """Make the lock of an object that stands cover another: one request to set it, one to see it."""
    recorded = Lock(LockMode(standing.lock_mode), standing.retain_until)
    held = tighten(house.store, standing.key, standing.standing_version, lock, recorded)
    record_evidence_lock(house.engine, standing.key, held.mode.value, held.retain_until)
