"""`strongroom policy apply`."""

from collections.abc import Callable
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.operator import operator
from cli.output import count, open_console, print_json, printable
from cli.policy_changes import changes_document, print_changes
from cli.policy_what_if import AllOption, FromOption, ToOption, days_chosen
from strongroom.house import new_instance, open_house
from strongroom.ledger.revision import require_current_schema
from strongroom.pipeline.policy_apply import apply_policy
from strongroom.pipeline.policy_what_if import what_if

EXAMPLE = "Example: strongroom policy apply --all --yes"

_TELL_EVERY = 2_000

YesOption = Annotated[
    bool, typer.Option("--yes", help="Do it. Without it nothing is changed, and what would be is shown.")
]


def apply(
    first: FromOption = None,
    last: ToOption = None,
    everything: AllOption = False,
    yes: YesOption = False,
    as_json: AsJson = False,
) -> None:
    """Apply the policy in force to what is archived: locks are made longer and stricter, never shorter or weaker.

    First put the policy in force and restart the workers: what is archived meanwhile goes by theirs. It can be stopped
    and run again. Each change is an event of the custody chain. Ends with 1 where the store refused a lock.
    """
    span = days_chosen(first, last, everything=everything)
    settings = settings_of_process()
    house = open_house(settings, new_instance())
    try:
        require_current_schema(house.engine)
        if not yes:
            found = what_if(house.engine, house.policy, house.tiers, *span)
            if as_json:
                print_json({"dry_run": True, **changes_document(found, *span)})
            else:
                console = open_console()
                print_changes(console, found, *span)
                console.print("nothing was changed; with --yes it is done")
            return
        applied = apply_policy(house, *span, operator(), _progress(as_json=as_json))
    finally:
        house.engine.dispose()
    if as_json:
        print_json(
            {
                "dry_run": False,
                "policy_version": applied.policy_version,
                "changed": applied.changed,
                "failed": dict(sorted(applied.failed.items())),
                "refusals": dict(sorted(applied.refusals.items())),
                "left_out": dict(sorted(applied.left_out.items())),
            }
        )
    else:
        console = open_console()
        console.print(f"{count(applied.changed, 'record')} changed by policy {applied.policy_version[:16]}")
        for todo, number in sorted(applied.failed.items()):
            first_of_them = printable(applied.refusals[todo])
            console.print(f"✗ {count(number, 'record')} not changed, the first: {first_of_them}", soft_wrap=True)
        for reason, number in sorted(applied.left_out.items()):
            console.print(f"! {count(number, 'record')} left out: {printable(reason)}", soft_wrap=True)
    if applied.failed:
        raise typer.Exit(1)


def _progress(*, as_json: bool) -> Callable[[int], None]:
    """Tells a person now and then how far it is."""
    console = open_console()
    told = 0

    def progress(changed: int) -> None:
        nonlocal told
        if not as_json and changed - told >= _TELL_EVERY:
            told = changed
            console.print(f"{changed:,} changed …")

    return progress
