"""What another policy would change of what is archived: records, years, locks and dollars, class by class."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from strongroom.ledger.archived import archived_revisions, not_archived
from strongroom.ledger.engine import Engine
from strongroom.pipeline.policy_document import document_sha256
from strongroom.pipeline.reclassify import CannotReclassify, Effect, Reclassified, reclassify
from strongroom.retention.policy import Policy
from strongroom.vault.cost.kept_longer import Keeping, KeptAs
from strongroom.vault.tiers import Tiers

_UNDER_WAY = "being archived: it has its decision already, and can be changed once it is archived"
_NOT_ARCHIVED = {
    "discovered": "not archived yet: the policy in force decides when it is",
    "capturing": _UNDER_WAY,
    "review": "in review: it has no manifest; mend and re-queue it first",
}


@dataclass(frozen=True, order=True)
class Kept:
    """A class, its years and its lock."""

    retention_class: str
    retained_years: int
    lock_mode: str


@dataclass(frozen=True, order=True)
class Group:
    """Records that are kept alike, and are decided alike by the other policy. `after` is how they are kept then."""

    before: Kept
    decided: Kept
    after: Kept
    effect: Effect


@dataclass
class Sum:
    """What a group comes to. `added_years` are calendar years, added up over its records; USD over those years."""

    records: int = 0
    objects: int = 0
    size_bytes: int = 0
    added_years: int = 0
    added_usd: Decimal = Decimal(0)


@dataclass
class WhatIf:
    """All that was looked at. `left_out` counts what can't be classified again, or is not archived, by its reason."""

    policy_version: str
    groups: dict[Group, Sum] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        """How many records were classified again."""
        return sum(one.records for one in self.groups.values())

    def with_effect(self, changes: bool) -> Sum:
        """What changes in all, or with False what does not."""
        total = Sum()
        for group, one in self.groups.items():
            if group.effect.changes is changes:
                total.records += one.records
                total.objects += one.objects
                total.size_bytes += one.size_bytes
                total.added_years += one.added_years
                total.added_usd += one.added_usd
        return total

    def stays(self) -> int:
        """For how many records the policy asks for less than what stands."""
        return sum(one.records for group, one in self.groups.items() if group.effect is Effect.STAYS)


def what_if(engine: Engine, policy: Policy, tiers: Tiers, first: date | None, last: date | None) -> WhatIf:
    """Classify again what is archived of these UTC days, both included (None: without that bound); nothing is changed.

    Read in batches: the memory it takes does not grow with the archive. Raises LedgerUnreachable.
    """
    found = WhatIf(policy.version)
    keeping = Keeping(tiers)
    for one in reclassified(engine, policy, first, last, found.left_out):
        _count(found, keeping, one)
    for state, number in sorted(not_archived(engine, first, last).items()):
        found.left_out[_NOT_ARCHIVED.get(state, f"{state}: nothing of it is to be kept longer")] += number
    return found


def reclassified(
    engine: Engine, policy: Policy, first: date | None, last: date | None, left_out: Counter[str]
) -> Iterator[Reclassified]:
    """Each archived revision of these days under a policy; what can't be classified again is counted in `left_out`."""
    document = document_sha256(policy)
    for batch in archived_revisions(engine, first, last):
        for revision in batch:
            try:
                yield reclassify(policy, revision, document)
            except CannotReclassify as error:
                left_out[error.what] += 1


def _count(found: WhatIf, keeping: Keeping, one: Reclassified) -> None:
    before = Kept(one.before.retention_class, one.before.decision["retainedYears"], one.before.lock_mode)
    after = Kept(one.after.retention_class, one.after.decision["retainedYears"], one.after.lock_mode)
    decision = one.decision
    decided = Kept(decision.retention_class.name, decision.retained_years, decision.lock_mode.value)
    total = found.groups.setdefault(Group(before, decided, after, one.effect), Sum())
    sizes = one.revision.sizes
    total.records += 1
    total.objects += len(sizes)
    total.size_bytes += sum(sizes)
    total.added_years += after.retained_years - before.retained_years
    total.added_usd += _more_usd(keeping, before, after, sizes)


def _more_usd(keeping: Keeping, before: Kept, after: Kept, sizes: Iterable[int]) -> Decimal:
    old_way, new_way = (KeptAs(kept.retention_class, kept.retained_years) for kept in (before, after))
    if old_way == new_way:
        return Decimal(0)
    return sum((keeping.more_usd(old_way, new_way, size) for size in sizes), Decimal(0))
