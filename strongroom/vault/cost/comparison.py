"""Every profile beside the others, beside STANDARD alone and beside Genesys's own storage."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from strongroom.vault.cost.ingest import Ingest
from strongroom.vault.cost.projection import MonthBill, project
from strongroom.vault.profiles import YEAR_MONTHS, Profile
from strongroom.vault.promise import ClassPromise, too_slow
from strongroom.vault.tiers import Tiers

STANDARD_ONLY = Profile("everything in STANDARD", (), 0)


@dataclass(frozen=True)
class Projection:
    """One way to keep the records, and its bills. `keeps_promises`: from it every class comes back in time."""

    name: str
    keeps_promises: bool
    bills: tuple[MonthBill, ...]

    @property
    def total_usd(self) -> Decimal:
        """All of the months."""
        return sum((bill.total_usd for bill in self.bills), Decimal(0))

    def year_usd(self, year: int) -> Decimal:
        """One year, counted from 1."""
        months = self.bills[(year - 1) * YEAR_MONTHS : year * YEAR_MONTHS]
        return sum((bill.total_usd for bill in months), Decimal(0))


@dataclass(frozen=True)
class Comparison:
    """The tiers as the file has them, its profiles each for all classes, STANDARD alone, and Genesys (USD a month).

    `cheapest` is the profile that keeps every promise at the least cost; None when none does.
    """

    configured: Projection
    profiles: tuple[Projection, ...]
    standard_only: Projection
    genesys_month_usd: tuple[Decimal, ...]
    cheapest: Projection | None

    @property
    def rows(self) -> tuple[Projection, ...]:
        """The projections that differ by name and by what they do: all profiles, and STANDARD where none is that."""
        mixed = () if self.configured in self.profiles else (self.configured,)
        alone = () if any(each.bills == self.standard_only.bills for each in self.profiles) else (self.standard_only,)
        return (*mixed, *self.profiles, *alone)

    @property
    def genesys_usd(self) -> Decimal:
        """All of the months in Genesys's own storage."""
        return sum(self.genesys_month_usd, Decimal(0))

    def genesys_gb_month_for(self, less: Decimal) -> Decimal | None:
        """At which Genesys price for a GB-month the configured tiers cost this part less (0.9: 90 %).

        None when nothing is kept.
        """
        kept_gb_months = sum((bill.kept_gb for bill in self.configured.bills), Decimal(0))
        return self.configured.total_usd / kept_gb_months / (1 - less) if kept_gb_months else None


def compare(
    tiers: Tiers, promises: Mapping[str, ClassPromise], ingest: Ingest, *, years: int, retrievals_per_month: int
) -> Comparison:
    """Project the same ingest for the same years in every way it can be kept."""

    def projected(name: str, kept: Tiers) -> Projection:
        bills = project(kept, promises, ingest, months=years * YEAR_MONTHS, retrievals_per_month=retrievals_per_month)
        slow = any(too_slow(kept.of_class(each), promise) for each, promise in promises.items())
        return Projection(name, not slow, bills)

    profiles = tuple(projected(name, everywhere(tiers, profile)) for name, profile in tiers.profiles.items())
    configured = projected("as configured", tiers)
    if not tiers.classes:
        configured = next(each for each in profiles if each.name == tiers.default_profile.name)
    kept = [each for each in profiles if each.keeps_promises]
    return Comparison(
        configured=configured,
        profiles=profiles,
        standard_only=projected(STANDARD_ONLY.name, everywhere(tiers, STANDARD_ONLY)),
        genesys_month_usd=tuple(bill.kept_gb * tiers.prices.genesys_gb_month_usd for bill in configured.bills),
        cheapest=min(kept, key=lambda each: each.total_usd, default=None),
    )


def everywhere(tiers: Tiers, profile: Profile) -> Tiers:
    """The same tiers with this profile for every class; what a class accepts stays accepted."""
    classes = {name: replace(tier, profile=profile) for name, tier in tiers.classes.items()}
    return replace(tiers, default_profile=profile, classes=classes)
