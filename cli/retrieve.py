"""`strongroom retrieve`."""

from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Annotated
from uuid import UUID

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.operator import operator
from cli.output import columns, count, instant, json_instant, open_console, print_json, printable
from cli.restore import due_in
from strongroom.house import House, new_instance, open_house
from strongroom.ledger.revision import require_current_schema
from strongroom.legal.access import Principal, Role
from strongroom.legal.delivering import Delivered, deliver
from strongroom.legal.preparing import prepare
from strongroom.legal.requests import Request, read
from strongroom.legal.retrieving import is_prepared, request_to_retrieve
from strongroom.pipeline.restore import follow_restore

EXAMPLE = (
    "Example: strongroom retrieve 91fb60c3-12b2-4e1a-a558-b0836ed0dc3a --justification 'Subpoena 17' -o subpoena-17"
)

_LOOK_EVERY_S = 5.0
_OVER = frozenset({"refused", "cancelled", "closed"})

ConversationArgument = Annotated[
    UUID, typer.Argument(metavar="CONVERSATION", help="The conversation's id.", show_default=False)
]
JustificationOption = Annotated[
    str, typer.Option("--justification", metavar="TEXT", help="Why; it goes on the record.", show_default=False)
]
OutputOption = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="Where the files are written.", show_default=False)
]
DueInOption = Annotated[
    datetime | None,
    typer.Option("--due-in", metavar="TIME", parser=due_in, help="When they are needed, from now: 90m, 4h or 2d."),
]
BehalfOption = Annotated[
    str | None, typer.Option("--on-behalf-of", metavar="WHO", help="Whom it is for.", show_default=False)
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Stay until everything is restored and verified.")]


def retrieve(
    conversation: ConversationArgument,
    justification: JustificationOption,
    output: OutputOption,
    due_within: DueInOption = None,
    on_behalf_of: BehalfOption = None,
    wait: WaitOption = False,
    as_json: AsJson = False,
) -> None:
    """Retrieve a conversation, as the Legal desk does: request it, verify it, write its files.

    The requester is the account that is signed in to. With four eyes an approver has to approve it at the desk. What is
    cold is brought back first; typed again with the same justification, it goes on with the same request. Every file
    is hashed and held against manifest and log before it is written. Exit code 1: some of it is damaged, or not ready
    yet.
    """
    house = open_house(settings_of_process(), new_instance())
    try:
        require_current_schema(house.engine)
        actor = operator()
        principal = Principal(actor.name, frozenset({Role.ANALYST}), None, actor.origin)
        request = request_to_retrieve(
            house, principal, conversation, justification, due_at=due_within, on_behalf_of=on_behalf_of
        )
        request = _prepared(house, principal, request, wait=wait, quiet=as_json)
        delivered = deliver(house, principal, request, output) if is_prepared(request) else []
    finally:
        house.engine.dispose()
    if as_json:
        print_json(_document(request, delivered))
    else:
        _print(request, delivered)
    raise typer.Exit(0 if request.state == "ready" else 1)


def _prepared(house: House, principal: Principal, request: Request, *, wait: bool, quiet: bool) -> Request:
    """Prepare it in this process, beside the fleet: a lease lets one of us at a time work on it."""
    console, said = open_console(), ""
    while not is_prepared(request):
        prepare(house, request.request_id)
        request = read(house, principal, request.request_id)
        if is_prepared(request) or not wait or request.state in _OVER:
            break
        cause = _cause(request)
        if not quiet and cause != said:
            said = cause
            console.print(f"waiting: {printable(cause)}")
        sleep(_LOOK_EVERY_S)
        for one in request.conversations:
            if one.restore_id is not None:
                follow_restore(house, one.restore_id)
    return request


def _cause(request: Request) -> str:
    return request.cause if request.state == "waiting" else request.conversations[0].cause


def _print(request: Request, delivered: list[Delivered]) -> None:
    console = open_console()
    console.print(f"request {request.request_id}: {request.state}, due {instant(request.due_at)}")
    if not is_prepared(request):
        console.print(printable(_cause(request)))
        if request.ready_by is not None:
            console.print(f"expected by {instant(request.ready_by)}")
        return
    table = columns("file", "bytes", "SHA-256", right=("bytes",))
    for one in delivered:
        table.add_row(str(one.path), f"{one.file.size_bytes:,}", one.file.sha256)
    console.print(table)
    for file in request.files:
        if file.state != "verified":
            console.print(f"! {file.state}, not written: {file.key}: {printable(file.cause)}")
    written = sum(one.file.size_bytes for one in delivered)
    console.print(f"{count(len(delivered), 'file')} verified and written, {written:,} bytes")


def _document(request: Request, delivered: list[Delivered]) -> dict[str, object]:
    paths = {one.file.file_id: str(one.path) for one in delivered}
    return {
        "request_id": str(request.request_id),
        "conversation_id": str(request.conversations[0].conversation_id),
        "requester": request.requester,
        "on_behalf_of": request.on_behalf_of,
        "justification": request.justification,
        "state": request.state,
        "cause": _cause(request),
        "due_at": json_instant(request.due_at),
        "ready_by": json_instant(request.ready_by),
        "files": [
            {
                "path": paths.get(file.file_id),
                "key": file.key,
                "version_id": file.version_id,
                "size_bytes": file.size_bytes,
                "sha256": file.sha256,
                "content_type": file.content_type,
                "state": file.state,
                "cause": file.cause,
                "verified_at": json_instant(file.verified_at),
            }
            for file in request.files
        ],
    }
