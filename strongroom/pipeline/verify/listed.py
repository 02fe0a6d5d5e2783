"""*listed*: what stands in the vault is what the ledger names, one version each, and nothing over it."""

from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from strongroom.evidence.findings import MISSING, TWICE, WRONG
from strongroom.house import House
from strongroom.ledger.kept_objects import KeptObject, find_kept, intended
from strongroom.pipeline.vault_check import Pair, side_by_side
from strongroom.pipeline.verify.reading import Findings, where_is
from strongroom.vault.fitness import PROBE_KEY
from strongroom.vault.listing import KeyVersions

_BATCH = 500


def check_listing(house: House, findings: Findings, prefix: str) -> int:
    """Hold the listing below a prefix against the ledger; how many objects the ledger names there.

    Raises the vault's and the ledger's errors.
    """
    named = 0
    pairs = side_by_side(house.engine, house.store, house.settings.trial, prefix)
    while batch := list(islice(pairs, _BATCH)):
        named += sum(kept is not None for kept, _ in batch)
        for kept, standing in _with_what_came_meanwhile(house, batch):
            if kept is None:
                _tell_extra(house, findings, standing)
            else:
                _check(house, findings, kept, standing)
    return named


def _with_what_came_meanwhile(house: House, batch: Sequence[Pair]) -> Iterator[Pair]:
    unknown = {
        standing.key: standing
        for kept, standing in batch
        if kept is None and standing.key != PROBE_KEY and (standing.versions or standing.markers)
    }
    since = find_kept(house.engine, unknown, trial=house.settings.trial)
    under_way = intended(house.engine, unknown)
    yield from ((kept, standing) for kept, standing in batch if kept is not None)
    for key, standing in unknown.items():
        if key in since or key not in under_way:
            yield since.get(key), standing


def _check(house: House, findings: Findings, kept: KeptObject, standing: KeyVersions) -> None:
    where, conversation_id = where_is(house.store, kept.key, kept.version_id), conversation_of(kept.key)
    if kept.version_id not in standing.versions:
        findings.tell(
            MISSING,
            "it does not stand in the vault",
            where,
            expected="an object",
            found="none",
            key=kept.key,
            conversation_id=conversation_id,
        )
    others = [version for version in standing.versions if version != kept.version_id]
    if others:
        findings.tell(
            TWICE,
            "other versions stand at the key",
            where,
            expected="this version alone",
            found=", ".join(others),
            conversation_id=conversation_id,
        )
    if standing.markers:
        findings.tell(
            WRONG,
            "a delete marker hides it",
            where,
            expected="no marker",
            found=", ".join(standing.markers),
            conversation_id=conversation_id,
        )


def _tell_extra(house: House, findings: Findings, standing: KeyVersions) -> None:
    versions = ", ".join((*standing.versions, *standing.markers))
    findings.tell(
        WRONG,
        "something stands that the ledger does not know",
        where_is(house.store, standing.key, versions),
        expected="nothing at this key",
        found=f"{len(standing.versions)} version(s), {len(standing.markers)} delete marker(s)",
        key=standing.key,
        conversation_id=conversation_of(standing.key),
    )


def conversation_of(key: str) -> UUID | None:
    """The conversation whose record a key belongs to, by the layout; None for evidence and for what is in no layout."""
    folder, _, rest = key.partition("/")
    _, _, rest = rest.partition("/")
    try:
        return UUID(rest.partition("/")[0]) if folder == "archive" else None
    except ValueError:
        return None
