"""The vault as it is against what it must be: the bucket's configuration, and the objects that the ledger names.

Whoever misconfigures a bucket by hand in its third year is found the next morning.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain, islice

import structlog

from strongroom.ledger.checks import A_SAMPLE, EVERYTHING, record_check
from strongroom.ledger.engine import Engine
from strongroom.ledger.kept_objects import KeptObject, all_kept, find_kept, intended, sample_kept
from strongroom.times import utc_now
from strongroom.vault.blueprint import Blueprint
from strongroom.vault.findings import Finding, faults
from strongroom.vault.fitness import PROBE_KEY
from strongroom.vault.listing import KeyVersions, list_keys, versions_of
from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.object_check import Expected, check_object, extra_object
from strongroom.vault.provision import check_bucket
from strongroom.vault.store import Store

_AT_ONCE = 8  # requests under way; S3 answers each in some ten milliseconds
_BATCH = 500

_log = structlog.get_logger()


@dataclass(frozen=True)
class VaultCheck:
    """What was looked at, and what was found there."""

    objects: int
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> list[Finding]:
        """The findings that are no mere remarks."""
        return faults(self.findings)


def check_vault(engine: Engine, store: Store, blueprint: Blueprint, sample: int | None) -> VaultCheck:
    """Check the bucket, and `sample` objects of the records and as many of the evidence; None: all there are.

    With all of them also what stands in the bucket and is in no ledger. Nothing is written to the vault; the result is
    recorded in the ledger. Raises VaultUnreachable, VaultRefused, and the ledger's errors.
    """
    began_at = utc_now()
    findings = check_bucket(store, blueprint)
    examined, trial = 0, blueprint.trial
    pairs = side_by_side(engine, store, trial) if sample is None else _sampled(engine, store, sample, trial)
    while batch := list(islice(pairs, _BATCH)):
        examined += sum(kept is not None for kept, _ in batch)
        findings += _in_batch(engine, store, batch, trial)
    check = VaultCheck(examined, tuple(findings))
    told = [asdict(finding) for finding in check.faults]
    record_check(engine, "vault", EVERYTHING if sample is None else A_SAMPLE, began_at, examined, told)
    return check


def check_vault_nightly(engine: Engine, store: Store, blueprint: Blueprint, sample: int) -> VaultCheck:
    """Check a sample, and log each fault as an error for whoever is on duty."""
    check = check_vault(engine, store, blueprint, sample)
    for finding in check.faults:
        _log.error("vault finding", kind=finding.kind, what=finding.what, where=finding.where, mend=finding.mend)
    _log.info("vault checked", objects=check.objects, findings=len(check.faults))
    return check


Pair = tuple[KeptObject | None, KeyVersions]
"""What the ledger says of a key, and what stands there."""


def _sampled(engine: Engine, store: Store, sample: int, trial: bool) -> Iterator[Pair]:
    return ((kept, versions_of(store, kept.key)) for kept in sample_kept(engine, sample, trial=trial))


def side_by_side(engine: Engine, store: Store, trial: bool, prefix: str = "") -> Iterator[Pair]:
    """Ledger and listing below a prefix, key by key: each is in the order of the keys' bytes."""
    ledger = all_kept(engine, trial=trial, prefix=prefix)
    kept = next(ledger, None)  # before the listing: what is stored meanwhile is then in the listing alone
    for standing in list_keys(store, prefix):
        while kept is not None and kept.key.encode() < standing.key.encode():
            yield kept, KeyVersions(kept.key, (), ())
            kept = next(ledger, None)
        if kept is not None and kept.key == standing.key:
            yield kept, standing
            kept = next(ledger, None)
        else:
            yield None, standing
    while kept is not None:
        yield kept, KeyVersions(kept.key, (), ())
        kept = next(ledger, None)


def _in_batch(engine: Engine, store: Store, batch: Sequence[Pair], trial: bool) -> list[Finding]:
    known = [(kept, standing) for kept, standing in batch if kept is not None]
    unknown = {
        standing.key: standing
        for kept, standing in batch
        if kept is None and standing.versions and standing.key != PROBE_KEY
    }
    # what was archived since the list was made, and what is between its put and its record, is not extra
    since = find_kept(engine, unknown, trial=trial)
    under_way = intended(engine, unknown)
    known += [(kept, unknown[key]) for key, kept in since.items()]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(chain.from_iterable(pool.map(lambda pair: _check(store, *pair), known)))
    extra = [standing for key, standing in unknown.items() if key not in since and key not in under_way]
    return found + [extra_object(store, standing) for standing in extra]


def _check(store: Store, kept: KeptObject, standing: KeyVersions) -> list[Finding]:
    expected = Expected(
        kept.key,
        kept.version_id,
        kept.size_bytes,
        kept.sha256,
        Lock(LockMode(kept.lock_mode), kept.retain_until),
        kept.retention_class,
        kept.hold,
    )
    return check_object(store, expected, standing)
