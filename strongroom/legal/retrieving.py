"""What the guide calls retrieving: one conversation is asked for, and links to its files are given once verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from strongroom.house import House
from strongroom.ledger.request_schema import PREPARED_REQUEST_STATES
from strongroom.legal.access import Principal, Right, require
from strongroom.legal.asking import require_justification, require_name
from strongroom.legal.links import Link, issue
from strongroom.legal.requests import Request, RequestedFile, create, open_request


@dataclass(frozen=True)
class RetrievedFile:
    """A file of it; `link` is None for what is not what was archived."""

    file: RequestedFile
    link: Link | None


def request_to_retrieve(
    house: House,
    principal: Principal,
    conversation_id: UUID,
    justification: str,
    *,
    due_at: datetime | None = None,
    on_behalf_of: str | None = None,
) -> Request:
    """One's open request for this conversation alone and for the same reason, or a new one: asking again asks once.

    Raises Forbidden, Misuse, NotThere, LedgerUnreachable.
    """
    require(principal, Right.REQUEST)
    why, whom = require_justification(justification), require_name(on_behalf_of, principal.name)
    earlier = open_request(house, principal, conversation_id)
    if (
        earlier is not None
        and len(earlier.conversations) == 1
        and (earlier.justification, earlier.on_behalf_of) == (why, whom)
        and (due_at is None or due_at >= earlier.due_at)
    ):
        return earlier
    return create(house, principal, [conversation_id], why, due_at=due_at, on_behalf_of=whom)


def is_prepared(request: Request) -> bool:
    """Whether everything that can be handed over is there."""
    return request.state in PREPARED_REQUEST_STATES


def retrieved_files(house: House, principal: Principal, request: Request) -> Sequence[RetrievedFile]:
    """The files of a prepared request, each with a new link if it was verified. Raises NotThere, LedgerUnreachable."""
    return [
        RetrievedFile(
            file, issue(house, principal, request.request_id, file.file_id) if file.state == "verified" else None
        )
        for file in request.files
    ]


def chain_of_custody(request: Request) -> str:
    """In one sentence, as the guide has it."""
    whom = f" on behalf of {request.on_behalf_of}" if request.on_behalf_of else ""
    approved = f" - Approved by {request.approver}" if request.approver else ""
    return f"Retrieved by {request.requester}{whom} - Justification: {request.justification}{approved}"
