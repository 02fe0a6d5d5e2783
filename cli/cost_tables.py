"""The tables of `strongroom vault cost` that need no ingest: the archiving guide's figures, and objects by size."""

from collections.abc import Sequence

from rich.console import Console

from cli.cost_report import cents
from cli.output import columns, count
from strongroom.vault.cost.guide import CLAIMED_TB_PER_MONTH, CLAIMED_USD, GUIDE_YEARS, ClaimYear, GuideRow
from strongroom.vault.cost.sizes import Sizes
from strongroom.vault.prices import KB_BYTES


def print_guide(console: Console, table: Sequence[GuideRow], years: Sequence[ClaimYear]) -> None:
    """The guide's figures for people."""
    prices = columns("storage class", "GB-month", "TB-month", right=("GB-month", "TB-month"))
    for row in table:
        prices.add_row(row.storage_class, f"${row.gb_month_usd}", f"${row.tb_month_usd}")
    console.print(prices)
    console.print()
    console.print(
        f"{CLAIMED_TB_PER_MONTH} TB a month kept {GUIDE_YEARS} years, by the guide's prices; USD a year", soft_wrap=True
    )
    console.print("tiered: GLACIER after 90 days, DEEP_ARCHIVE after 365")
    console.print("saved, alone: DEEP_ARCHIVE after 365 days, and no GLACIER")
    console.print("saved, fees: by the tiers file's prices, with steps, transitions and overheads")
    console.print()
    headers = ("year", "kept TB", "STANDARD", "tiered", "saved", "saved, alone", "saved, fees")
    claim = columns(*headers, right=headers)
    for year in years:
        amounts = [year.standard_usd, year.tiered_usd, year.saved_usd]
        amounts += [year.saved_without_glacier_usd, year.saved_with_fees_usd]
        claim.add_row(str(year.year), f"{year.kept_tb:,}", *(f"${amount:,.0f}" for amount in amounts))
    console.print(claim)
    console.print()
    first = next((year for year in years if round(year.saved_usd, -3) >= CLAIMED_USD), None)
    holds = f"from year {first.year} on" if first else f"in none of {count(len(years), 'year')}"
    console.print(f"the guide's ~${CLAIMED_USD:,} a year holds {holds}", soft_wrap=True)


def guide_document(table: Sequence[GuideRow], years: Sequence[ClaimYear]) -> dict[str, object]:
    """The guide's figures for machines."""
    return {
        "table": [
            {
                "storage_class": row.storage_class,
                "gb_month_usd": float(row.gb_month_usd),
                "tb_month_usd": float(row.tb_month_usd),
            }
            for row in table
        ],
        "claimed_usd": CLAIMED_USD,
        "years": [
            {
                "year": year.year,
                "kept_tb": int(year.kept_tb),
                "standard_usd": cents(year.standard_usd),
                "tiered_usd": cents(year.tiered_usd),
                "saved_usd": cents(year.saved_usd),
                "saved_without_glacier_usd": cents(year.saved_without_glacier_usd),
                "saved_with_fees_usd": cents(year.saved_with_fees_usd),
            }
            for year in years
        ],
    }


def print_sizes(console: Console, sizes: Sizes) -> None:
    """What objects of each size cost, for people."""
    console.print(f"a million objects kept {sizes.retained_years} years, moved on the first day; USD")
    console.print()
    classes = tuple(sizes.rows[0].usd)
    table = columns("size", *classes, "cheapest", right=("size", *classes))
    for row in sizes.rows:
        table.add_row(_kb(row.size_bytes), *(f"${row.usd[name]:,.2f}" for name in classes), row.cheapest)
    console.print(table)
    console.print()
    for name, least_bytes in sizes.break_even_bytes.items():
        pays = "never pays" if least_bytes is None else f"costs no more than STANDARD from {_kb(least_bytes)} on"
        console.print(f"{name} {pays}")


def sizes_document(sizes: Sizes) -> dict[str, object]:
    """What objects of each size cost, for machines."""
    return {
        "retained_years": sizes.retained_years,
        "sizes": [
            {
                "size_bytes": row.size_bytes,
                "million_usd": {name: cents(usd) for name, usd in row.usd.items()},
                "cheapest": row.cheapest,
            }
            for row in sizes.rows
        ],
        "break_even_bytes": dict(sizes.break_even_bytes),
    }


def _kb(size_bytes: int) -> str:
    return f"{size_bytes // KB_BYTES:,} KB"
