"""`strongroom disposition`."""

from functools import partial
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.ending_options import (
    ListArgument,
    RecordsOption,
    RefusalOption,
    ending_house,
    print_list,
    print_lists,
    records_for,
    run_list,
    take_step,
)
from strongroom.legal import endings
from strongroom.legal.disposition import KIND, draw_up

app = typer.Typer(name="disposition", help="What need no longer be kept: listed, approved by two, deleted, certified.")

NewOption = Annotated[bool, typer.Option("--new", help="Draw up a list of what may go now.")]


@app.callback()
def disposition() -> None:
    """What need no longer be kept: listed, approved by two, deleted, certified."""


@app.command("list", epilog="Example: strongroom disposition list --new")
def list_lists(new: NewOption = False, as_json: AsJson = False) -> None:
    """Lists of records whose retention has run out, the newest first; --new draws up one.

    The fleet draws one up on the first of each month. What is held, or needed by Legal, is on it with the reason.
    """
    with ending_house() as (house, principal):
        if new:
            made = draw_up(house, principal)
            print_list(endings.read(house, principal, KIND, made.ending_id), [], as_json=as_json)
            return
        print_lists(endings.lists(house, principal, KIND), as_json=as_json)


@app.command("show", epilog="Example: strongroom disposition show 3 --records")
def show(number: ListArgument, records: RecordsOption = False, as_json: AsJson = False) -> None:
    """Show a list by class and count: what may go, what stays and why, what the store refused, what it costs."""
    with ending_house() as (house, principal):
        found = endings.read(house, principal, KIND, number)
        each = records_for(house, principal, KIND, number, records)
    print_list(found, each, as_json=as_json)


@app.command("propose", epilog="Example: strongroom disposition propose 3")
def propose(number: ListArgument, as_json: AsJson = False) -> None:
    """Put a list up for approval, having looked at it."""
    take_step(endings.propose, KIND, number, as_json=as_json)


@app.command("approve", epilog="Example: strongroom disposition approve 3")
def approve(number: ListArgument, as_json: AsJson = False) -> None:
    """Approve a list that another person has proposed."""
    take_step(endings.approve, KIND, number, as_json=as_json)


@app.command("refuse", epilog="Example: strongroom disposition refuse 3 --reason 'An audit is under way'")
def refuse(number: ListArgument, reason: RefusalOption, as_json: AsJson = False) -> None:
    """Refuse a list: nothing on it goes under it."""
    take_step(partial(endings.refuse, reason=reason), KIND, number, as_json=as_json)


@app.command("run", epilog="Example: strongroom disposition run 3")
def run(number: ListArgument, as_json: AsJson = False) -> None:
    """Carry an approved list out: delete, certify, forget. Cut off anywhere, it is simply run again.

    Deletes by the profile STRONGROOM_RECORDS_MANAGER_PROFILE, never ahead of a lock. Exit code 1: the store refused
    something, or a record is half gone.
    """
    run_list(KIND, number, as_json=as_json)
