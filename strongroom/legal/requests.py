"""Requests for records: who asks for what and why, who approves, until when it is open. Rights are asked for here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from strongroom.house import House
from strongroom.ledger import requests as rows
from strongroom.ledger.custody import NewEvent
from strongroom.ledger.divisions import known_of
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.request_schema import OPEN_REQUEST_STATES
from strongroom.ledger.requests import NewRequest, RequestedConversation, RequestedFile, RequestRow
from strongroom.legal.access import Forbidden, NotThere, Principal, Right, require
from strongroom.legal.asking import (
    ParsedIds,
    RejectedLine,
    parse_ids,
    require_due,
    require_justification,
    require_name,
    require_reason,
    require_some,
)
from strongroom.legal.errors import Misuse, NotNow
from strongroom.times import format_instant

__all__ = [
    "Misuse",
    "NotNow",
    "ParsedIds",
    "RejectedLine",
    "Request",
    "RequestedConversation",
    "RequestedFile",
    "all_requests",
    "approve",
    "cancel",
    "create",
    "mine",
    "not_there",
    "open_request",
    "parse_ids",
    "read",
    "refuse",
]

MOST_LISTED = 500
_PREPARING = "preparing"


@dataclass(frozen=True)
class Request:
    """A request as it stands. `due_at` is when Legal must have the files, `open_until` when it ends.

    `ready_by` is when all of it is expected to be ready, None where that is past or nobody can say. In a list the
    conversations come without their files.
    """

    request_id: UUID
    requester: str
    on_behalf_of: str | None
    justification: str
    due_at: datetime
    open_until: datetime
    state: str
    state_at: datetime
    cause: str
    approver: str | None
    approved_at: datetime | None
    created_at: datetime
    ready_by: datetime | None
    conversations: tuple[RequestedConversation, ...]

    @property
    def is_open(self) -> bool:
        """Whether anything can still come of it."""
        return self.state in OPEN_REQUEST_STATES

    @property
    def files(self) -> tuple[RequestedFile, ...]:
        """The files of all its conversations."""
        return tuple(file for conversation in self.conversations for file in conversation.files)


def not_there(what: str = "request") -> NotThere:
    """The one answer for what does not exist and for what this principal may not know of."""
    return NotThere(
        f"there is no such {what}, or none that you may see",
        where="the Legal desk",
        todo="check the id; whoever manages the desk's users can say what you may see",
    )


def create(
    house: House,
    principal: Principal,
    conversation_ids: Sequence[UUID],
    justification: str,
    *,
    due_at: datetime | None = None,
    on_behalf_of: str | None = None,
) -> Request:
    """Ask for conversations; `waiting` for approval with four eyes, else `preparing`, which is somebody's task then.

    What the principal may not find is kept as `missing`, beside what it may. Raises Forbidden, Misuse; NotThere when
    none of them is there; LedgerUnreachable.
    """
    require(principal, Right.REQUEST)
    why = require_justification(justification)
    whom = require_name(on_behalf_of, principal.name)
    wanted = require_some(tuple(conversation_ids))
    now = database_clock(house.engine)
    due = require_due(due_at, now)
    known = known_of(house.engine, wanted, principal.divisions)
    if not known:
        raise not_there("conversation")
    request_id = uuid4()
    new = NewRequest(
        request_id=request_id,
        requester=principal.name,
        origin=principal.origin,
        on_behalf_of=whom,
        justification=why,
        needed_by=due,
        open_until=max(now, due) + timedelta(days=house.settings.request_open_days),
        conversations=wanted,
        missing=tuple(one for one in wanted if one not in known),
    )
    four_eyes = house.settings.four_eyes
    rows.create_request(
        house.engine,
        new,
        state="waiting" if four_eyes else _PREPARING,
        cause="waits for an approver" if four_eyes else "asked for",
        events=_requested(new, principal),
    )
    return _read(house, request_id)


def _requested(new: NewRequest, principal: Principal) -> list[NewEvent]:
    """One event a conversation, and one for what is not there: from these alone the request could be written again."""
    common: dict[str, object] = {
        "request": str(new.request_id),
        "neededBy": format_instant(new.needed_by),
        "openUntil": format_instant(new.open_until),
        "onBehalfOf": new.on_behalf_of,
        "conversations": len(new.conversations),
    }
    events = [
        NewEvent("requested", principal.actor, one, None, new.justification, common)
        for one in new.conversations
        if one not in new.missing
    ]
    if new.missing:
        details = common | {"notThere": [str(one) for one in new.missing]}
        events.append(NewEvent("requested", principal.actor, None, None, new.justification, details))
    return events


def mine(house: House, principal: Principal) -> list[Request]:
    """The principal's own requests, the newest first. Raises LedgerUnreachable."""
    return [_request(row) for row in rows.requests_of(house.engine, principal.name, MOST_LISTED)]


def all_requests(house: House, principal: Principal) -> list[Request]:
    """Everybody's requests, the newest first; of divisions that are not the principal's none. Raises Forbidden."""
    require(principal, Right.SEE_ALL_REQUESTS)
    found = rows.requests_of(house.engine, None, MOST_LISTED)
    if principal.divisions is not None:
        asked_for = [one for row in found for one in _there(row)]
        known = known_of(house.engine, asked_for, principal.divisions)
        found = [row for row in found if row.requester == principal.name or known.issuperset(_there(row))]
    return [_request(row) for row in found]


def read(house: House, principal: Principal, request_id: UUID) -> Request:
    """A request of one's own, or anybody's with the right to see all. Raises NotThere, LedgerUnreachable."""
    return _request(_visible(house, principal, request_id))


def approve(house: House, principal: Principal, request_id: UUID) -> Request:
    """Let a request that waits be prepared; by another than who asked and whom it is for.

    Raises Forbidden, NotThere, NotNow, LedgerUnreachable.
    """
    row = _to_decide(house, principal, request_id)
    _decide(house, principal, row, "approved", _PREPARING, "approved", row.justification)
    return _read(house, request_id)


def refuse(house: House, principal: Principal, request_id: UUID, reason: str) -> Request:
    """Refuse a request that waits, and say why. Raises Forbidden, NotThere, Misuse, NotNow, LedgerUnreachable."""
    why = require_reason(reason)
    row = _to_decide(house, principal, request_id)
    _decide(house, principal, row, "refused", "refused", why, why)
    return _read(house, request_id)


def cancel(house: House, principal: Principal, request_id: UUID) -> Request:
    """End one's own request before its time: nothing more is handed over under it. Raises NotThere, NotNow."""
    row = _visible(house, principal, request_id)
    if row.requester != principal.name:
        raise Forbidden(
            "it is another's request", where=f"request {request_id}", todo="only who made a request can cancel it"
        )
    events = _events(row, principal, "cancelled", None)
    if not rows.cancel_request(house.engine, request_id, principal.name, "cancelled by the requester", events):
        raise _not_now(house, request_id, "cancelled")
    return _read(house, request_id)


def open_request(house: House, principal: Principal, conversation_id: UUID) -> Request | None:
    """The principal's own open request for a conversation, None when there is none."""
    row = rows.open_request_for(house.engine, principal.name, conversation_id)
    return None if row is None else _request(row)


def _to_decide(house: House, principal: Principal, request_id: UUID) -> RequestRow:
    require(principal, Right.APPROVE)
    row = _visible(house, principal, request_id)
    concerned = {row.requester.lower(), (row.on_behalf_of or row.requester).lower()}
    if principal.name.lower() in concerned:
        raise Forbidden(
            "nobody decides on a request of their own, nor on one made for them",
            where=f"request {request_id}",
            todo="ask another approver",
        )
    return row


def _decide(
    house: House, principal: Principal, row: RequestRow, act: str, state: str, cause: str, reason: str | None
) -> None:
    done = rows.decide_request(
        house.engine,
        row.request_id,
        approver=principal.name,
        state=state,
        cause=cause,
        events=_events(row, principal, act, reason),
    )
    if not done:
        raise _not_now(house, row.request_id, act)


def _events(row: RequestRow, principal: Principal, act: str, reason: str | None) -> list[NewEvent]:
    details: dict[str, object] = {"request": str(row.request_id), "requester": row.requester}
    return [NewEvent(act, principal.actor, one, None, reason, details) for one in _there(row)]


def _not_now(house: House, request_id: UUID, act: str) -> NotNow:
    state = _read(house, request_id).state
    return NotNow(
        f"a request that is {state} can't be {act}", where=f"request {request_id}", todo="look at how it stands now"
    )


def _visible(house: House, principal: Principal, request_id: UUID) -> RequestRow:
    row = rows.find_request(house.engine, request_id)
    if row is None:
        raise not_there()
    if row.requester == principal.name and principal.may(Right.REQUEST):
        return row
    if not principal.may(Right.SEE_ALL_REQUESTS):
        raise not_there()
    if principal.divisions is not None:
        there = _there(row)
        if not known_of(house.engine, there, principal.divisions).issuperset(there):
            raise not_there()
    return row


def _there(row: RequestRow) -> list[UUID]:
    return [one.conversation_id for one in row.conversations if one.state != "missing"]


def _read(house: House, request_id: UUID) -> Request:
    row = rows.find_request(house.engine, request_id)
    if row is None:
        raise not_there()
    return _request(row)


def _request(row: RequestRow) -> Request:
    expected = [one.ready_by for one in row.conversations if one.state in {"preparing", "restoring", "verifying"}]
    known = [one for one in expected if one is not None]
    return Request(
        request_id=row.request_id,
        requester=row.requester,
        on_behalf_of=row.on_behalf_of,
        justification=row.justification,
        due_at=row.needed_by,
        open_until=row.open_until,
        state=row.state,
        state_at=row.state_at,
        cause=row.cause,
        approver=row.approver,
        approved_at=row.approved_at,
        created_at=row.created_at,
        ready_by=max(known) if known and len(known) == len(expected) else None,
        conversations=row.conversations,
    )
