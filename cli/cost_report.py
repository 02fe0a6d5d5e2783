"""What `strongroom vault cost` says: as tables for people, as JSON, and as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.output import columns, count, open_console, print_json, printable
from strongroom.plain_yaml.faults import Fault
from strongroom.vault.cost.comparison import Comparison, Projection
from strongroom.vault.cost.ingest import Ingest
from strongroom.vault.prices import KB_BYTES
from strongroom.vault.profiles import YEAR_MONTHS, break_even_bytes
from strongroom.vault.promise import ClassPromise, PromiseBroken
from strongroom.vault.tiers import Tiers

_GENESYS = "Genesys's own storage"
_NINETY_PERCENT = Decimal("0.9")
_NONE = Decimal(0)


@dataclass(frozen=True)
class Report:
    """A projection and what it was made from. `source` says where the ingest is from, in words."""

    tiers: Tiers
    promises: Mapping[str, ClassPromise]
    ingest: Ingest
    source: str
    retrievals_per_month: int
    years: int
    comparison: Comparison
    broken: PromiseBroken | None

    @property
    def arrives(self) -> str:
        """The ingest in words."""
        gb, objects = self.ingest.gb_per_month, self.ingest.objects_per_month
        return f"{gb:,.{0 if gb >= 100 else 3}f} GB in {objects:,.0f} objects a month, {self.source}"


def print_comparison(console: Console, report: Report) -> None:
    """The projection for people."""
    comparison, years = report.comparison, report.years
    console.print(f"ingest      {report.arrives}", soft_wrap=True)
    console.print(f"retrievals  {count(report.retrievals_per_month, 'interaction')} a month")
    console.print(f"prices      {report.tiers.file}, USD", soft_wrap=True)
    console.print()
    amounts = ("year 1", f"year {years}", f"{years} years") if years > 1 else ("year 1",)
    compared = ("than STANDARD", "than Genesys")
    table = columns("profile", "promises", *amounts, *compared, right=(*amounts, *compared))
    for each in comparison.rows:
        table.add_row(
            each.name,
            "kept" if each.keeps_promises else "broken",
            *_amounts([each.year_usd(year) for year in range(1, years + 1)]),
            _less(each.total_usd, comparison.standard_only.total_usd),
            _less(each.total_usd, comparison.genesys_usd),
        )
    genesys = comparison.genesys_month_usd
    by_year = [sum(genesys[month : month + YEAR_MONTHS], _NONE) for month in range(0, len(genesys), YEAR_MONTHS)]
    against_standard = _less(comparison.genesys_usd, comparison.standard_only.total_usd)
    table.add_row(_GENESYS, "–", *_amounts(by_year), against_standard, "–")
    console.print(table)
    console.print()
    console.print(_moves(report))
    console.print()
    if comparison.cheapest:
        console.print(f"cheapest that keeps every promise: {comparison.cheapest.name}", soft_wrap=True)
    else:
        console.print("! no profile keeps every promise", style="yellow")
    # what is refused is not recommended
    if not report.broken and (threshold := comparison.genesys_gb_month_for(_NINETY_PERCENT)):
        price = report.tiers.prices.genesys_gb_month_usd
        console.print(
            f"as configured it costs 90 % less than Genesys where a GB-month there costs ${threshold:.4f} or more "
            f"(the tiers file has ${price})",
            soft_wrap=True,
        )
    if report.broken:
        console.print(f"! {printable(str(report.broken))}", style="yellow", soft_wrap=True)


def _moves(report: Report) -> Table:
    """Where each class's records go, as the tiers file has it."""
    table = columns("class", "profile", "moves", "objects above", right=("objects above",))
    for name, promise in report.promises.items():
        profile = report.tiers.of_class(name).profile
        transitions = profile.within(promise.retained_years)
        least_bytes = break_even_bytes(report.tiers.prices, transitions, promise.retained_years)
        if transitions and least_bytes is not None:
            moves = ", ".join(
                f"{each.storage_class.name} after {count(each.after_days, 'day')}" for each in transitions
            )
            table.add_row(name, profile.name, moves, f"{least_bytes // KB_BYTES} KB")
        else:
            table.add_row(name, profile.name, "stays in STANDARD", "–")
    return table


def print_faults(path: Path, faults: Sequence[Fault], *, as_json: bool) -> None:
    """What is wrong with a tiers file, each with its line."""
    if as_json:
        lines = [{"line": fault.line, "message": fault.message} for fault in faults]
        print_json({"file": str(path), "valid": False, "faults": lines})
        return
    console = open_console()
    for fault in faults:
        console.print(f"{path}:{fault.line}: {printable(fault.message)}", soft_wrap=True)
    console.print(f"{count(len(faults), 'fault')}; the tiers file is not usable")


def comparison_document(report: Report) -> dict[str, object]:
    """The projection for machines; docs/commands.md has the keys. USD as numbers, to the cent."""
    comparison = report.comparison
    threshold = comparison.genesys_gb_month_for(_NINETY_PERCENT)
    return {
        "ingest": {
            "gb_per_month": float(round(report.ingest.gb_per_month, 6)),
            "objects_per_month": float(round(report.ingest.objects_per_month, 2)),
            "interactions_per_month": float(round(report.ingest.interactions_per_month, 2)),
            "source": report.source,
        },
        "retrievals_per_month": report.retrievals_per_month,
        "years": report.years,
        "configured": _projection_document(comparison.configured, report.years),
        "profiles": [_projection_document(each, report.years) for each in comparison.profiles],
        "standard": _projection_document(comparison.standard_only, report.years),
        "genesys": {
            "gb_month_usd": float(report.tiers.prices.genesys_gb_month_usd),
            "total_usd": cents(comparison.genesys_usd),
            "gb_month_usd_for_90_percent_less": None if threshold is None else float(round(threshold, 6)),
        },
        "cheapest": comparison.cheapest.name if comparison.cheapest else None,
        "broken": report.broken.what if report.broken else None,
    }


def csv_text(report: Report) -> str:
    """Every month's bill of every projection, one a line (RFC 4180), and Genesys's."""
    out = io.StringIO()
    lines = csv.writer(out)
    classes = list(report.tiers.prices.storage_classes)
    parts = ("storage_usd", "requests_usd", "transitions_usd", "retrievals_usd", "total_usd")
    lines.writerow(["profile", "month", "kept_gb", *(f"billed_gb_{name}" for name in classes), *parts])
    for each in report.comparison.rows:
        for bill in each.bills:
            billed = [f"{bill.billed_gb[name]:.6f}" for name in classes]
            amounts = [f"{getattr(bill, part):.6f}" for part in parts]
            lines.writerow([each.name, bill.month, f"{bill.kept_gb:.6f}", *billed, *amounts])
    for bill, genesys in zip(report.comparison.configured.bills, report.comparison.genesys_month_usd, strict=True):
        nothing = [""] * (len(classes) + len(parts) - 1)
        lines.writerow([_GENESYS, bill.month, f"{bill.kept_gb:.6f}", *nothing, f"{genesys:.6f}"])
    return out.getvalue()


def _usd(amount: Decimal) -> str:
    """An amount for people: to the cent."""
    return f"${amount:,.2f}"


def _less(cost: Decimal, than: Decimal) -> str:
    if not than:
        return "–"
    part = cost / than
    if part >= 2:
        return f"{part:.1f} times"
    return f"{abs(1 - part) * 100:.1f} % {'less' if part <= 1 else 'more'}"


def _amounts(by_year: Sequence[Decimal]) -> list[str]:
    """The first year, and where there are more the last and all of them."""
    amounts = by_year if len(by_year) == 1 else [by_year[0], by_year[-1], sum(by_year, _NONE)]
    return [_usd(amount) for amount in amounts]


def _projection_document(projection: Projection, years: int) -> dict[str, object]:
    last = projection.bills[-1]
    return {
        "profile": projection.name,
        "keeps_promises": projection.keeps_promises,
        "years_usd": [cents(projection.year_usd(year)) for year in range(1, years + 1)],
        "total_usd": cents(projection.total_usd),
        "last_month": {
            "kept_gb": float(round(last.kept_gb, 6)),
            "billed_gb": {name: float(round(gb, 6)) for name, gb in last.billed_gb.items()},
            "storage_usd": cents(last.storage_usd),
            "requests_usd": cents(last.requests_usd),
            "transitions_usd": cents(last.transitions_usd),
            "retrievals_usd": cents(last.retrievals_usd),
        },
    }


def cents(amount: Decimal) -> float:
    """An amount for machines: a number, to the cent."""
    return float(round(amount, 2))
