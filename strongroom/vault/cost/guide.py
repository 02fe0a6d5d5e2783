"""The archiving guide's figures, computed: its table of storage classes, and what its $108,000 a year holds for."""

from dataclasses import dataclass
from decimal import Decimal

from strongroom.errors import Misconfigured
from strongroom.vault.cost.comparison import STANDARD_ONLY
from strongroom.vault.cost.ingest import Ingest, Stream, given_ingest
from strongroom.vault.cost.projection import project
from strongroom.vault.lock import LockMode
from strongroom.vault.prices import GB_BYTES, STANDARD, TB_GB, PriceStep, PriceTable, StorageClass
from strongroom.vault.profiles import YEAR_MONTHS, Profile, Transition
from strongroom.vault.promise import ClassPromise
from strongroom.vault.tiers import Tiers

GUIDE_PRICES = {
    STANDARD: Decimal("0.023"),
    "GLACIER": Decimal("0.004"),
    "DEEP_ARCHIVE": Decimal("0.00099"),
}
"""USD for a GB-month, as the guide's section 3 has them."""
CLAIMED_USD = 108_000
CLAIMED_TB_PER_MONTH = 5
GUIDE_YEARS = 7
MEAN_RECORDING_BYTES = 3 * 1024 * 1024
"""For the column with fees: they go by the object, and the guide names no size."""

_CLASS = "as the guide keeps all"
_PROMISES = {
    _CLASS: ClassPromise(retrieval_promise_hours=720, retained_years=GUIDE_YEARS, lock_mode=LockMode.COMPLIANCE)
}


@dataclass(frozen=True)
class GuideRow:
    """A line of the guide's table: USD for a GB-month and, to the cent, for a TB (of 1,024 GB)."""

    storage_class: str
    gb_month_usd: Decimal
    tb_month_usd: Decimal


@dataclass(frozen=True)
class ClaimYear:
    """One year of 5 TB a month, counted from 1; USD a year. `kept_tb` at its end.

    `saved_usd` by the guide's prices alone. `saved_without_glacier_usd` for its sentence as it is worded: Deep Archive
    after a year, STANDARD before. `saved_with_fees_usd` by the price table: STANDARD's steps, transitions, overheads.
    """

    year: int
    kept_tb: Decimal
    standard_usd: Decimal
    tiered_usd: Decimal
    saved_without_glacier_usd: Decimal
    saved_with_fees_usd: Decimal

    @property
    def saved_usd(self) -> Decimal:
        """What the guide's tiers save against STANDARD, by the guide's prices."""
        return self.standard_usd - self.tiered_usd


def guide_table() -> list[GuideRow]:
    """The guide's comparison of storage classes."""
    return [GuideRow(name, price, (price * TB_GB).quantize(Decimal("0.01"))) for name, price in GUIDE_PRICES.items()]


def claim_years(prices: PriceTable, years: int) -> list[ClaimYear]:
    """What tiering saves year by year, of 5 TB a month that are kept for seven years.

    Raises Misconfigured when the price table lacks a storage class of the guide's.
    """
    plain, whole = _guide_prices(), _one_object_a_gb()
    with_fees = given_ingest(_CLASS, GUIDE_YEARS, Decimal(CLAIMED_TB_PER_MONTH * TB_GB), MEAN_RECORDING_BYTES)
    missing = [name for name in GUIDE_PRICES if name not in prices.storage_classes]
    if missing:
        raise Misconfigured(
            f"the price table has no {missing[0]}", where="storage_classes", todo="add it, or leave out --guide"
        )
    in_standard = _yearly(plain, STANDARD_ONLY, whole, years)
    tiered = _yearly(plain, _tiering(plain), whole, years)
    without_glacier = _yearly(plain, _deep_archive_only(plain), whole, years)
    standard_with_fees = _yearly(prices, STANDARD_ONLY, with_fees, years)
    tiered_with_fees = _yearly(prices, _tiering(prices), with_fees, years)
    return [
        ClaimYear(
            year=index + 1,
            kept_tb=Decimal(min((index + 1), GUIDE_YEARS) * YEAR_MONTHS * CLAIMED_TB_PER_MONTH),
            standard_usd=in_standard[index],
            tiered_usd=tiered[index],
            saved_without_glacier_usd=in_standard[index] - without_glacier[index],
            saved_with_fees_usd=standard_with_fees[index] - tiered_with_fees[index],
        )
        for index in range(years)
    ]


def _yearly(prices: PriceTable, profile: Profile, ingest: Ingest, years: int) -> list[Decimal]:
    tiers = Tiers("the guide", prices, {profile.name: profile}, profile, {})
    bills = project(tiers, _PROMISES, ingest, months=years * YEAR_MONTHS, retrievals_per_month=0)
    totals = [bill.total_usd for bill in bills]
    return [sum(totals[month : month + YEAR_MONTHS], Decimal(0)) for month in range(0, len(totals), YEAR_MONTHS)]


def _tiering(prices: PriceTable) -> Profile:
    glacier, deep_archive = prices.storage_classes["GLACIER"], prices.storage_classes["DEEP_ARCHIVE"]
    return Profile("guide", (Transition(90, glacier), Transition(365, deep_archive)), 0)


def _deep_archive_only(prices: PriceTable) -> Profile:
    return Profile("guide's sentence", (Transition(365, prices.storage_classes["DEEP_ARCHIVE"]),), 0)


def _guide_prices() -> PriceTable:
    none = Decimal(0)
    classes = {
        name: StorageClass(name, (PriceStep(None, price),), 0, 0, 0, 0, none, none, none, none, ())
        for name, price in GUIDE_PRICES.items()
    }
    return PriceTable(classes, none)


def _one_object_a_gb() -> Ingest:
    gb_per_month = Decimal(CLAIMED_TB_PER_MONTH * TB_GB)
    return Ingest((Stream(_CLASS, GUIDE_YEARS, gb_per_month, GB_BYTES),), gb_per_month)
