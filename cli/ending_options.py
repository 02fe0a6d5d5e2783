"""What `strongroom disposition` and `strongroom erasure` have in common: who acts, and how a list is printed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cli.connections import settings_of_process
from cli.operator import operator
from cli.output import columns, count, instant, json_instant, open_console, print_json, printable
from strongroom.house import House, new_instance, open_house
from strongroom.ledger.revision import require_current_schema
from strongroom.legal import endings
from strongroom.legal.access import Principal, Role
from strongroom.legal.carrying_out import CarriedOut, carry_out, deleting_store
from strongroom.legal.endings import Ending, EndingList, EndingRecord

_MOST_RECORDS = 10_000

ListArgument = Annotated[
    int, typer.Argument(metavar="LIST", min=1, max=2**63 - 1, help="The list's number.", show_default=False)
]
RecordsOption = Annotated[bool, typer.Option("--records", help="Every record of it, by its id.")]
RefusalOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it goes on the record.", show_default=False)
]


@contextmanager
def ending_house() -> Iterator[tuple[House, Principal]]:
    """The house, and the account that is signed in to as records manager of all divisions."""
    house = open_house(settings_of_process(), new_instance())
    try:
        require_current_schema(house.engine)
        actor = operator()
        yield house, Principal(actor.name, frozenset({Role.RECORDS_MANAGER}), None, actor.origin)
    finally:
        house.engine.dispose()


def take_step(
    step: Callable[[House, Principal, str, int], EndingList], kind: str, ending_id: int, *, as_json: bool
) -> None:
    """Propose, approve or refuse a list, and show it as it is then."""
    with ending_house() as (house, principal):
        found = step(house, principal, kind, ending_id)
    print_list(found, [], as_json=as_json)


def run_list(kind: str, ending_id: int, *, as_json: bool) -> None:
    """Carry a list out and say what became of it; exit code 1 where something was refused or is half gone."""
    with ending_house() as (house, principal):
        store = deleting_store(house, kind)
        console = open_console()

        def progress(done: int) -> None:
            if not as_json and done % 1_000 == 0:
                console.print(f"{count(done, 'record')} looked at")

        done = carry_out(house, principal, kind, ending_id, store, progress)
    if as_json:
        print_json(vars(done) | {"list": ending_id, "certificates": list(done.certificates)})
    else:
        _print_run(ending_id, done)
    raise typer.Exit(1 if done.refused or done.stuck else 0)


def print_lists(found: list[Ending], *, as_json: bool) -> None:
    """The lists of a kind, the newest first."""
    if as_json:
        print_json({"lists": [_document_of(one) for one in found]})
        return
    table = columns("list", "of", "state", "since", "made by", "proposed by", "approved by")
    for one in found:
        of = f"{one.month:%Y-%m}" if one.month is not None else one.reference or "asked for"
        table.add_row(
            str(one.ending_id),
            of,
            one.state,
            instant(one.state_at),
            one.made_by,
            one.proposer or "",
            one.approver or "",
        )
    open_console().print(table if found else "no lists yet")


def print_list(found: EndingList, records: list[EndingRecord], *, as_json: bool) -> None:
    """A list by class and count, with what stays and why, and with `records` each of them."""
    if as_json:
        print_json(document(found, records))
        return
    console, ending = open_console(), found.ending
    console.print(f"list {ending.ending_id}, {ending.kind}: {ending.state}, {printable(ending.cause)}")
    if ending.proposer:
        approved = f", approved by {ending.approver}" if ending.approver else ""
        console.print(f"proposed by {ending.proposer}{approved}")
    right = ("records", "objects", "bytes", "early USD")
    table = columns("class", "state", "records", "objects", "bytes", "early USD", "why", "GDPR", right=right)
    for one in found.counts:
        table.add_row(
            one.retention_class,
            one.state,
            f"{one.records:,}",
            f"{one.objects:,}",
            f"{one.size_bytes:,}",
            f"{one.early_usd:.2f}",
            printable(one.cause),
            "" if one.article is None else f"Art. {one.article}",
        )
    console.print(table if found.counts else "nothing is on it")
    for certificate in found.certificates:
        console.print(f"certificate {certificate.number}: {count(certificate.records, 'record')}")
    if records:
        table = columns("conversation", "class", "state", "kept until", "why")
        for record in records:
            until = instant(record.retain_until)
            table.add_row(
                str(record.conversation_id), record.retention_class, record.state, until, printable(record.cause)
            )
        console.print(table)


def records_for(house: House, principal: Principal, kind: str, ending_id: int, wanted: bool) -> list[EndingRecord]:
    """The records of a list, where they are wanted."""
    return endings.records(house, principal, kind, ending_id, limit=_MOST_RECORDS) if wanted else []


def document(found: EndingList, records: list[EndingRecord]) -> dict[str, object]:
    """A list as JSON takes it."""
    return _document_of(found.ending) | {
        "counts": [
            {
                "class": one.retention_class,
                "basis": one.basis,
                "state": one.state,
                "cause": one.cause,
                "article": one.article,
                "records": one.records,
                "objects": one.objects,
                "size_bytes": one.size_bytes,
                "early_usd": str(one.early_usd),
            }
            for one in found.counts
        ],
        "certificates": [one.number for one in found.certificates],
        "records": [
            {
                "conversation_id": str(one.conversation_id),
                "class": one.retention_class,
                "state": one.state,
                "cause": one.cause,
                "article": one.article,
                "retain_until": json_instant(one.retain_until),
                "certificate": one.certificate,
            }
            for one in records
        ],
    }


def _document_of(one: Ending) -> dict[str, object]:
    return {
        "list": one.ending_id,
        "kind": one.kind,
        "month": None if one.month is None else one.month.isoformat(),
        "reference": one.reference,
        "state": one.state,
        "state_at": json_instant(one.state_at),
        "cause": one.cause,
        "made_by": one.made_by,
        "made_at": json_instant(one.made_at),
        "proposer": one.proposer,
        "proposed_at": json_instant(one.proposed_at),
        "approver": one.approver,
        "approved_at": json_instant(one.approved_at),
    }


def _print_run(ending_id: int, done: CarriedOut) -> None:
    console = open_console()
    console.print(f"list {ending_id}: {count(done.ended, 'record')} ended, {count(done.stayed, 'record')} stayed")
    for number in done.certificates:
        console.print(f"certificate {number} stands in the vault; the next seal takes it into the log")
    if done.refused:
        console.print(f"! {count(done.refused, 'record')} refused by the store, which is final: nothing of them went")
    if done.stuck:
        console.print(f"! {count(done.stuck, 'record')} half gone: see why with `show`, and run it again")
