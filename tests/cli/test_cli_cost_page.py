"""docs/cost.md: every command's output on it, and every amount in its text, computed again."""

import re
import shlex
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from command_line import Strongroom

from config.settings import Settings
from strongroom.vault.cost.comparison import Comparison, Projection, compare
from strongroom.vault.cost.guide import CLAIMED_USD, claim_years
from strongroom.vault.cost.ingest import given_ingest
from strongroom.vault.cost.sizes import price_sizes
from strongroom.vault.lock import LockMode
from strongroom.vault.profiles import MONTH_DAYS
from strongroom.vault.promise import ClassPromise
from strongroom.vault.tiers import load_tiers

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```\n\$ (?P<command>strongroom .+)\n(?P<output>(?:.*\n)*?)```$", re.MULTILINE)
AMOUNT = re.compile(r"~?\$\d+(?:,\d{3})*(?:\.\d+)?|\d+(?:\.\d+)? %|\d+ KB")
TIERS = load_tiers(Path(Settings.model_fields["tiers_file"].default))
CLASSES = TIERS.prices.storage_classes


def compared(mean_mb: str) -> Comparison:
    """What the page projects: 5 TB a month for seven years, over ten."""
    promises = {"all": ClassPromise(retrieval_promise_hours=4, retained_years=7, lock_mode=LockMode.GOVERNANCE)}
    ingest = given_ingest("all", 7, Decimal(5 * 1024), int(Decimal(mean_mb) * 1024 * 1024))
    return compare(TIERS, promises, ingest, years=10, retrievals_per_month=10)


def profile(comparison: Comparison, name: str) -> Projection:
    return next(each for each in comparison.profiles if each.name == name)


def less(cost: Decimal, than: Decimal) -> str:
    return f"{(1 - cost / than) * 100:.1f} %"


def table_of_sizes() -> str:
    """The table of mean sizes."""
    lines = []
    for mean_mb in ("0.25", "1", "3", "10"):
        comparison = compared(mean_mb)
        cells = [f"{mean_mb} MB"]
        for name in ("promise", "guide"):
            total = profile(comparison, name).total_usd
            cells += [f"${total:,.2f}", less(total, comparison.standard_only.total_usd)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def table_of_the_steady_year() -> str:
    """The arithmetic of the 108,000, from the days alone."""
    year = Decimal(1024 * 12)
    tb = {
        "STANDARD, the first 90 days": (5 * 90 / MONTH_DAYS, "0.023"),
        "GLACIER, to day 365": (5 * 275 / MONTH_DAYS, "0.004"),
        "DEEP_ARCHIVE, the other six years": (Decimal(360), "0.00099"),
    }
    standard = 420 * Decimal("0.023") * year
    tiered = {where: amount * Decimal(price) * year for where, (amount, price) in tb.items()}
    lines = [f"| all in STANDARD | 420 | 0.023 | ${standard:,.2f} |"]
    for where, (amount, price) in tb.items():
        shown = f"{amount:.2f}".removesuffix(".00")
        lines.append(f"| {where} | {shown} | {price} | ${tiered[where]:,.2f} |")
    lines.append(f"| saved | | | ${standard - sum(tiered.values()):,.2f} |")
    return "\n".join(lines)


def table_of_ninety_percent() -> str:
    """What it is less than, for each profile."""
    comparison = compared("3")
    promise, guide = profile(comparison, "promise"), profile(comparison, "guide")
    standard, genesys = comparison.standard_only, comparison.genesys_usd
    against_genesys = [f"{less(each.total_usd, genesys)} less" for each in (promise, guide, standard)]
    lines = [f"| Genesys at ${TIERS.prices.genesys_gb_month_usd}, ten years | {' | '.join(against_genesys)} |"]
    cells = [f"{less(each.total_usd, standard.total_usd)} less" for each in (promise, guide)]
    lines.append(f"| STANDARD, ten years | {' | '.join(cells)} | |")
    for words, year in (("the first year", 1), ("from the eighth year on", 8)):
        cells = [f"{less(each.year_usd(year), standard.year_usd(year))} less" for each in (promise, guide)]
        lines.append(f"| STANDARD, {words} | {' | '.join(cells)} | |")
    return "\n".join(lines)


def amounts() -> set[str]:
    """Every amount that the page's text may name."""
    comparison, of_10_mb = compared("3"), compared("10")
    promise, guide, standard = (profile(comparison, name) for name in ("promise", "guide", "standard"))
    claimed = claim_years(TIERS.prices, 10)
    until_full = sum(year.saved_usd for year in claimed[:7])
    threshold = comparison.genesys_gb_month_for(Decimal("0.9"))
    steady_guide = less(profile(of_10_mb, "guide").year_usd(8), of_10_mb.standard_only.year_usd(8))
    return {
        *(f"${each.total_usd:,.2f}" for each in (promise, guide, standard)),
        less(promise.total_usd, standard.total_usd),
        *(f"{round((1 - each.total_usd / comparison.genesys_usd) * 100)} %" for each in (promise, standard)),
        f"${claimed[0].saved_usd:,.0f}",
        f"${until_full:,.0f}",
        f"${until_full / 7:,.0f}",
        f"${claimed[7].saved_without_glacier_usd:,.0f}",
        f"${claimed[7].saved_with_fees_usd:,.0f}",
        *(f"${CLAIMED_USD:,}", f"~${CLAIMED_USD:,}"),
        f"${TIERS.prices.genesys_gb_month_usd}",
        f"${threshold:.4f}",
        steady_guide,
        "90 %",  # the guide's word
        f"{CLASSES['GLACIER_IR'].minimum_bytes // 1024} KB",
        f"{CLASSES['GLACIER'].overhead_standard_bytes // 1024} KB",
        f"{(CLASSES['GLACIER'].overhead_bytes + CLASSES['GLACIER'].overhead_standard_bytes) // 1024} KB",
        *(f"{(price_sizes(TIERS.prices, years).break_even_bytes['GLACIER_IR'] or 0) // 1024} KB" for years in (3, 7)),
        *("4 KB", "16 KB"),  # a manifest, and what is assumed of a document
    }


@pytest.mark.parametrize("block", list(BLOCK.finditer(PAGE)), ids=lambda block: block["command"].split()[-1])
def test_a_command_prints_what_the_page_shows(
    strongroom: Strongroom, monkeypatch: pytest.MonkeyPatch, block: re.Match[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("COLUMNS", raising=False)
    program, *arguments = shlex.split(block["command"])
    outcome = strongroom(*arguments)
    assert (program, outcome.exit_code) == ("strongroom", 0)
    assert [line.rstrip() for line in outcome.out.splitlines()] == block["output"].splitlines()


def test_there_are_commands_on_the_page() -> None:
    assert len(BLOCK.findall(PAGE)) == 3


@pytest.mark.parametrize("table", [table_of_sizes, table_of_the_steady_year, table_of_ninety_percent])
def test_a_table_is_what_the_model_says(table: Callable[[], str]) -> None:
    assert table() in PAGE


def test_every_amount_in_the_text_is_what_the_model_says() -> None:
    text = "\n".join(line for line in BLOCK.sub("", PAGE).splitlines() if not line.startswith("|"))
    named = set(AMOUNT.findall(text))
    assert len(named) > 15
    assert named <= amounts()


def test_what_the_text_says_without_a_number() -> None:
    sizes = {row.size_bytes: row for row in price_sizes(TIERS.prices, 7).rows}
    manifest = sizes[4 * 1024].usd
    assert round(manifest["DEEP_ARCHIVE"] / manifest["STANDARD"]) == 9  # "nine times as dear"
    for mean_mb in ("3", "10"):
        comparison = compared(mean_mb)
        for year in range(1, 11):
            for each in comparison.profiles:  # "against STANDARD, in any year, with any profile"
                assert each.year_usd(year) > comparison.standard_only.year_usd(year) / 10
    keeping = [each for each in compared("3").profiles if each.keeps_promises]
    assert min(keeping, key=lambda each: each.total_usd).name == TIERS.default_profile.name
