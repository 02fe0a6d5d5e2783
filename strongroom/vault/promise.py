"""Whether a class's records come back in time from where its profile puts them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.errors import Misconfigured
from strongroom.vault.lock import LockMode
from strongroom.vault.prices import TB_GB, PriceTable, StorageClass
from strongroom.vault.profiles import Profile, Transition

_EASILY_ACCESSIBLE_DAYS = 2 * 365
"""17 CFR 240.17a-4(b): the first two years in an easily accessible place."""


@dataclass(frozen=True)
class ClassPromise:
    """What the retention policy promises of a class: hours from a request to the files, years, and the lock's mode."""

    retrieval_promise_hours: int
    retained_years: int
    lock_mode: LockMode


@dataclass(frozen=True)
class ClassTier:
    """How the tiers file keeps a class: its profile, and slower retrieval where it is accepted by name (hours)."""

    profile: Profile
    accepts_retrieval_hours: int | None
    line: int


class PromiseBroken(Misconfigured):
    """A profile would put records of a class where they can't be brought back in the time the policy promises."""


def too_slow(tier: ClassTier, promise: ClassPromise) -> tuple[Transition, ...]:
    """The transitions to classes from which retrieval may take longer than promised, and than accepted."""
    allowed_hours = max(promise.retrieval_promise_hours, tier.accepts_retrieval_hours or 0)
    return tuple(
        each
        for each in tier.profile.within(promise.retained_years)
        if each.storage_class.sure_minutes() > allowed_hours * 60
    )


def require_kept(
    file: str, prices: PriceTable, tiers: Mapping[str, ClassTier], promises: Mapping[str, ClassPromise]
) -> None:
    """Raise PromiseBroken unless every class's records come back as promised, or as slowly as the class accepts."""
    broken = [name for name, promise in promises.items() if too_slow(tiers[name], promise)]
    if not broken:
        return
    name = broken[0]
    tier, promise = tiers[name], promises[name]
    slow = too_slow(tier, promise)
    also = f". The same is so for {_listed([repr(each) for each in broken[1:]])}" if broken[1:] else ""
    hours = max(-(-each.storage_class.sure_minutes() // 60) for each in slow)
    raise PromiseBroken(
        f"class '{name}' promises its records within {promise.retrieval_promise_hours} hours, which profile "
        f"'{tier.profile.name}' breaks: {_why(slow)}{_easily_accessible(slow, promise)}{also}. {_prices(prices)}",
        where=f"{file}, line {tier.line}",
        todo="choose a profile that reads at once, or accept the wait by name, in the class's own entry: "
        f"accepts_retrieval_hours: {hours}",
    )


def _why(slow: Sequence[Transition]) -> str:
    return "; ".join(
        f"{each.storage_class.name} (after {each.after_days} days) {_needs(each.storage_class)}" for each in slow
    )


def _needs(storage_class: StorageClass) -> str:
    needs = f"needs up to {storage_class.sure_minutes() / 60:g} hours"
    faster = [
        f"its {each.tier} of {each.minutes_at_most} minutes may be refused without provisioned capacity"
        for each in storage_class.restores
        if each.refusable
    ]
    return f"{needs} ({', '.join(faster)})" if faster else needs


def _prices(prices: PriceTable) -> str:
    costs = [f"{each.name} ${each.gb_month_usd * TB_GB:.2f}" for each in prices.storage_classes.values()]
    instant = [each.name for each in prices.storage_classes.values() if not each.restores]
    return f"A TB-month costs in {_listed(costs)}, of which {_listed(instant)} can be read at once"


def _easily_accessible(slow: Sequence[Transition], promise: ClassPromise) -> str:
    if promise.lock_mode is not LockMode.COMPLIANCE or slow[0].after_days >= _EASILY_ACCESSIBLE_DAYS:
        return ""
    return ". SEC Rule 17a-4(b) also wants the first two years easily accessible"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
