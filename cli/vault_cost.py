"""`strongroom vault cost`."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import ledger, settings_of_process
from cli.cost_chart import chart
from cli.cost_report import (
    Report,
    comparison_document,
    csv_text,
    print_comparison,
    print_faults,
)
from cli.cost_tables import guide_document, print_guide, print_sizes, sizes_document
from cli.output import open_console, print_json
from strongroom.errors import Misconfigured
from strongroom.house import class_promises
from strongroom.pipeline.cost import measured_ingest
from strongroom.retention.policy import Policy, RetentionClass, load_policy
from strongroom.times import day_of, utc_now
from strongroom.vault.cost.comparison import compare
from strongroom.vault.cost.guide import claim_years, guide_table
from strongroom.vault.cost.ingest import Ingest, given_ingest
from strongroom.vault.cost.sizes import price_sizes
from strongroom.vault.tiers import PromiseBroken, Tiers, TiersInvalid, lifecycle_rules, load_tiers

EXAMPLE = "Example: strongroom vault cost --ingest-gb-per-month 5120 --years 10 --chart cost.svg"

_MIB = 1024 * 1024
_MAX_GB = 100_000_000


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount <= _MAX_GB:
        raise typer.BadParameter(f"{text!r} is not an amount above 0, such as 5120 or 0.5")
    return amount


def _svg_file(text: str) -> Path:
    if not text.endswith(".svg"):
        raise typer.BadParameter(f"{text!r} does not end in .svg: the chart is an SVG")
    return Path(text)


IngestOption = Annotated[
    Decimal | None,
    typer.Option(
        "--ingest-gb-per-month",
        metavar="GB",
        parser=_amount,
        help="GB of recordings that arrive in a month (1,024 GB are a TB); measured from the ledger if not given.",
        show_default=False,
    ),
]
MeanOption = Annotated[
    Decimal, typer.Option("--mean-mb", metavar="MB", parser=_amount, help="Mean size of a recording; with GB given.")
]
ClassOption = Annotated[
    str | None,
    typer.Option(
        "--class", metavar="NAME", help="Class of all of it, with GB given or --sizes; the policy's default if not."
    ),
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=366, help="How many of the last days are measured.")]
YearsOption = Annotated[int, typer.Option("--years", min=1, max=30, help="How far it is projected.")]
RetrievalsOption = Annotated[
    int, typer.Option("--retrievals-per-month", min=0, max=1_000_000, help="Interactions that are read in a month.")
]
GuideOption = Annotated[
    bool, typer.Option("--guide", help="Only the archiving guide's table, and its $108,000 a year, year by year.")
]
SizesOption = Annotated[
    bool, typer.Option("--sizes", help="Only what objects of each size cost in each storage class over their years.")
]
CsvOption = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write every month's bill there.", show_default=False)
]
ChartOption = Annotated[
    Path | None,
    typer.Option("--chart", metavar="FILE.svg", parser=_svg_file, help="Draw the bills there.", show_default=False),
]
TiersOption = Annotated[
    Path | None, typer.Option("--tiers", metavar="FILE", help="A tiers file; the one of STRONGROOM_TIERS_FILE if not.")
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="A policy; the one of STRONGROOM_POLICY_FILE if not.")
]


def cost(
    ingest_gb_per_month: IngestOption = None,
    mean_mb: MeanOption = Decimal(3),
    class_name: ClassOption = None,
    days: DaysOption = 30,
    years: YearsOption = 10,
    retrievals_per_month: RetrievalsOption = 10,
    guide: GuideOption = False,
    sizes: SizesOption = False,
    csv_file: CsvOption = None,
    chart_file: ChartOption = None,
    tiers_file: TiersOption = None,
    policy_file: PolicyOption = None,
    as_json: AsJson = False,
) -> None:
    """Project what the vault costs, by the prices of the tiers file, and name the cheapest profile that keeps promises.

    The monthly ingest is measured from the ledger, or given. Compared are the profiles of the tiers file, everything
    in STANDARD, and Genesys's own storage. A promise that the configured tiers break, or a fault of the file, is a
    finding: exit code 1. With --tiers, --policy and an ingest it needs no settings.
    """
    if (guide or sizes) and (guide == sizes or csv_file or chart_file):
        raise typer.BadParameter("--guide and --sizes stand alone; --csv and --chart are for the projection")
    path = tiers_file or settings_of_process().tiers_file
    try:
        tiers = load_tiers(path)
    except TiersInvalid as invalid:
        print_faults(path, invalid.faults, as_json=as_json)
        raise typer.Exit(1) from None
    if guide:
        _show_guide(tiers, years, as_json=as_json)
        return
    policy = load_policy(policy_file or settings_of_process().policy_file)
    if sizes:
        _show_sizes(tiers, _class_named(policy, class_name).retained_years, as_json=as_json)
        return
    measured = _measured(policy, days) if ingest_gb_per_month is None else None
    ingest = measured or _given(policy, class_name, ingest_gb_per_month or Decimal(0), mean_mb)
    report = _report(tiers, policy, ingest, years, retrievals_per_month)
    if csv_file:
        _write(csv_file, csv_text(report))
    if chart_file:
        _write(chart_file, chart(report.comparison, report.arrives))
    if as_json:
        print_json(comparison_document(report))
    else:
        print_comparison(open_console(), report)
    if report.broken:
        raise typer.Exit(1)


def _show_guide(tiers: Tiers, years: int, *, as_json: bool) -> None:
    table, claimed = guide_table(), claim_years(tiers.prices, years)
    if as_json:
        print_json(guide_document(table, claimed))
    else:
        print_guide(open_console(), table, claimed)


def _show_sizes(tiers: Tiers, retained_years: int, *, as_json: bool) -> None:
    priced = price_sizes(tiers.prices, retained_years)
    if as_json:
        print_json(sizes_document(priced))
    else:
        print_sizes(open_console(), priced)


@dataclass(frozen=True)
class _Given:
    """An ingest and where it is from, in words."""

    ingest: Ingest
    source: str


def _measured(policy: Policy, days: int) -> _Given:
    with ledger(settings_of_process()) as engine:
        measured = measured_ingest(engine, policy, day_of(utc_now()), days)
    return _Given(measured.ingest, f"measured from {measured.first_day} to {measured.last_day}")


def _given(policy: Policy, class_name: str | None, gb_per_month: Decimal, mean_mb: Decimal) -> _Given:
    all_of = _class_named(policy, class_name)
    ingest = given_ingest(all_of.name, all_of.retained_years, gb_per_month, max(1, round(mean_mb * _MIB)))
    return _Given(ingest, f"given, all of class {all_of.name}, kept {all_of.retained_years} years")


def _class_named(policy: Policy, name: str | None) -> RetentionClass:
    """The class of this name, or the default class. Raises typer.BadParameter."""
    found = next((each for each in policy.classes if each.name == name), policy.default_class)
    if name not in (None, found.name):
        raise typer.BadParameter(f"the policy has no class {name!r}", param_hint="'--class'")
    return found


def _report(tiers: Tiers, policy: Policy, given: _Given, years: int, retrievals_per_month: int) -> Report:
    promises = class_promises(policy)
    broken = None
    try:
        lifecycle_rules(tiers, promises)
    except PromiseBroken as error:
        broken = error
    comparison = compare(tiers, promises, given.ingest, years=years, retrievals_per_month=retrievals_per_month)
    return Report(
        tiers=tiers,
        promises=promises,
        ingest=given.ingest,
        source=given.source,
        retrievals_per_month=retrievals_per_month,
        years=years,
        comparison=comparison,
        broken=broken,
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Misconfigured(
            f"the file can't be written: {error.strerror}", where=str(path), todo="name another file"
        ) from error
