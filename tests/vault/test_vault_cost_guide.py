"""The guide's figures: its table to the cent, and the year from which its $108,000 holds."""

from decimal import Decimal

import pytest
from tier_files import shipped

from strongroom.errors import Misconfigured
from strongroom.vault.cost.guide import claim_years, guide_table
from strongroom.vault.prices import PriceTable

YEARS = claim_years(shipped().prices, 12)


def test_the_guides_table_to_the_cent() -> None:
    assert [(row.storage_class, str(row.gb_month_usd), str(row.tb_month_usd)) for row in guide_table()] == [
        ("STANDARD", "0.023", "23.55"),
        ("GLACIER", "0.004", "4.10"),
        ("DEEP_ARCHIVE", "0.00099", "1.01"),
    ]


def test_the_claim_holds_from_the_eighth_year_on_and_in_no_year_before() -> None:
    assert [round(year.saved_usd, -3) for year in YEARS] == [
        *(4_000, 19_000, 36_000, 52_000, 68_000, 84_000, 100_000),
        *(108_000, 108_000, 108_000, 108_000, 108_000),
    ]


def test_the_steady_year_by_hand() -> None:
    """420 TB: 5 a month for 84 months; of their lives 365 days are before Deep Archive, 90 before GLACIER."""
    month = Decimal(365) / 12
    glacier_tb = 5 * (365 - 90) / month
    deep_archive_tb = Decimal(5 * (84 - 12))
    standard_tb = 5 * 90 / month
    in_standard = Decimal(420) * 1024 * Decimal("0.023") * 12
    tiered = (
        1024
        * 12
        * (standard_tb * Decimal("0.023") + glacier_tb * Decimal("0.004") + deep_archive_tb * Decimal("0.00099"))
    )
    steady = YEARS[7]
    assert round(steady.standard_usd, 6) == round(in_standard, 6)
    assert round(steady.tiered_usd, 6) == round(tiered, 6)
    # 22.54 USD a TB-month between STANDARD and Deep Archive, for 360 TB and twelve months
    assert round(steady.saved_without_glacier_usd, 2) == round(Decimal("22.53824") * 360 * 12, 2)


def test_years_before_are_filled_month_by_month() -> None:
    in_first_year = sum(5 * month for month in range(1, 13))
    assert YEARS[0].standard_usd == in_first_year * 1024 * Decimal("0.023")
    assert YEARS[0].saved_without_glacier_usd == 0
    assert [year.kept_tb for year in YEARS] == [60, 120, 180, 240, 300, 360, 420, 420, 420, 420, 420, 420]


def test_with_steps_and_fees_less_is_saved() -> None:
    for year in YEARS:
        assert year.saved_with_fees_usd < year.saved_usd
    assert YEARS[-1].saved_with_fees_usd > 100_000


def test_a_price_table_without_the_guides_classes_is_refused() -> None:
    prices = shipped().prices
    standard_only = PriceTable({"STANDARD": prices.standard}, prices.genesys_gb_month_usd)
    with pytest.raises(Misconfigured, match="no GLACIER"):
        claim_years(standard_only, 1)
