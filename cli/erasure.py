"""`strongroom erasure`."""

import getpass
import sys
from functools import partial
from typing import Annotated
from uuid import UUID

import typer

from cli.arguments import AsJson
from cli.ending_options import (
    ListArgument,
    RecordsOption,
    RefusalOption,
    document,
    ending_house,
    print_list,
    print_lists,
    records_for,
    run_list,
    take_step,
)
from cli.output import print_json
from strongroom.legal import endings
from strongroom.legal.answering import draft_answer
from strongroom.legal.erasure import KIND, assess

app = typer.Typer(name="erasure", help="A person's right to erasure (GDPR, Article 17): what may go, what must stay.")

ConversationsArgument = Annotated[
    list[UUID] | None, typer.Argument(metavar="[CONVERSATION…]", help="Ids of conversations.", show_default=False)
]
ReferenceOption = Annotated[
    str, typer.Option("--reference", metavar="CASE", help="The case's number; it stays on record.", show_default=False)
]
AddressOption = Annotated[
    bool, typer.Option("--address", help="Ask for the person's number or address, or read it from stdin.")
]


@app.callback()
def erasure() -> None:
    """A person's right to erasure (GDPR, Article 17): what may go, what must stay."""


@app.command("assess", epilog="Example: strongroom erasure assess --address --reference DSR-2026-17")
def assess_records(
    reference: ReferenceOption,
    conversations: ConversationsArgument = None,
    address: AddressOption = False,
    as_json: AsJson = False,
) -> None:
    """Say of each record of a person, or of these conversations, whether it may go, must stay and why, or is held.

    The number or address is asked for, so that no shell's history keeps it; it is kept nowhere.
    """
    if address == bool(conversations):
        raise typer.BadParameter("--address, or ids of conversations: one of the two")
    with ending_house() as (house, principal):
        whose = _asked_address() if address else None
        made = assess(house, principal, reference, address=whose, conversation_ids=conversations or [])
        found = endings.read(house, principal, KIND, made.ending_id)
        each = records_for(house, principal, KIND, made.ending_id, wanted=True)
    print_list(found, each, as_json=as_json)


@app.command("list", epilog="Example: strongroom erasure list")
def list_lists(as_json: AsJson = False) -> None:
    """Assessments, the newest first."""
    with ending_house() as (house, principal):
        print_lists(endings.lists(house, principal, KIND), as_json=as_json)


@app.command("show", epilog="Example: strongroom erasure show 4 --records")
def show(number: ListArgument, records: RecordsOption = False, as_json: AsJson = False) -> None:
    """Show an assessment by class and count, with articles and reasons."""
    with ending_house() as (house, principal):
        found = endings.read(house, principal, KIND, number)
        each = records_for(house, principal, KIND, number, records)
    print_list(found, each, as_json=as_json)


@app.command("answer", epilog="Example: strongroom erasure answer 4")
def answer(number: ListArgument, as_json: AsJson = False) -> None:
    """Draft the answer to the person, as the assessment stands now."""
    with ending_house() as (house, principal):
        found = endings.read(house, principal, KIND, number)
    text = draft_answer(found)
    if as_json:
        print_json(document(found, []) | {"answer": text})
    else:
        print(text)  # noqa: T201


@app.command("propose", epilog="Example: strongroom erasure propose 4")
def propose(number: ListArgument, as_json: AsJson = False) -> None:
    """Put an erasure up for approval, having looked at it."""
    take_step(endings.propose, KIND, number, as_json=as_json)


@app.command("approve", epilog="Example: strongroom erasure approve 4")
def approve(number: ListArgument, as_json: AsJson = False) -> None:
    """Approve an erasure that another person has proposed."""
    take_step(endings.approve, KIND, number, as_json=as_json)


@app.command("refuse", epilog="Example: strongroom erasure refuse 4 --reason 'The person withdrew the request'")
def refuse(number: ListArgument, reason: RefusalOption, as_json: AsJson = False) -> None:
    """Refuse an erasure: nothing goes under it."""
    take_step(partial(endings.refuse, reason=reason), KIND, number, as_json=as_json)


@app.command("run", epilog="Example: strongroom erasure run 4")
def run(number: ListArgument, as_json: AsJson = False) -> None:
    """Carry an approved erasure out by the break-glass role alone. Cut off anywhere, it is simply run again.

    Deletes by the profile STRONGROOM_BREAK_GLASS_PROFILE, which lifts GOVERNANCE and nothing else. Exit code 1: the
    store refused something, or a record is half gone.
    """
    run_list(KIND, number, as_json=as_json)


def _asked_address() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Number or address: ")
    return sys.stdin.readline(1_000).strip()
