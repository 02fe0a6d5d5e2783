"""`strongroom policy what-if`."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson, known_day, require_order
from cli.connections import ledger, settings_of_process
from cli.output import open_console, print_json
from cli.policy_changes import changes_document, print_changes
from strongroom.pipeline.policy_what_if import what_if as look_ahead
from strongroom.retention.policy import load_policy
from strongroom.times import day_of, utc_now
from strongroom.vault.tiers import load_tiers

EXAMPLE = "Example: strongroom policy what-if new-retention.yaml --from 2026-10-01 --to 2026-10-31"

DEFAULT_DAYS = 31

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The policy that might come.", show_default=False)]
FromOption = Annotated[
    date | None,
    typer.Option("--from", metavar="DAY", parser=known_day, help="First day (UTC); with --to.", show_default=False),
]
ToOption = Annotated[
    date | None,
    typer.Option("--to", metavar="DAY", parser=known_day, help="Last day, included.", show_default=False),
]
AllOption = Annotated[bool, typer.Option("--all", help="Everything that is archived.")]


def what_if(
    file: FileArgument,
    first: FromOption = None,
    last: ToOption = None,
    everything: AllOption = False,
    as_json: AsJson = False,
) -> None:
    """Show what another policy would change of what is archived: records, years, locks and dollars. Changes nothing.

    Every archived record is classified again, from its record and the names of its day. Without days it is the last 31
    that are over.
    """
    span = days_chosen(first, last, everything=everything)
    settings = settings_of_process()
    policy, tiers = load_policy(file), load_tiers(settings.tiers_file)
    with ledger(settings) as engine:
        found = look_ahead(engine, policy, tiers, *span)
    if as_json:
        print_json(changes_document(found, *span))
    else:
        print_changes(open_console(), found, *span)


def days_chosen(first: date | None, last: date | None, *, everything: bool) -> tuple[date | None, date | None]:
    """The days that were typed, first and last; nothing typed: the last month. Raises typer.BadParameter."""
    if everything:
        if first or last:
            raise typer.BadParameter("give days, or --all; one of the two")
        return None, None
    if (first is None) != (last is None):
        raise typer.BadParameter("--from and --to go together")
    if first is None or last is None:
        yesterday = day_of(utc_now()) - timedelta(days=1)
        return yesterday - timedelta(days=DEFAULT_DAYS - 1), yesterday
    require_order(first, last)
    return first, last
