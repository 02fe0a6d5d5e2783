"""The end of records: lists for disposition and erasures, what is on them, and what can be decided about them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from strongroom.errors import StrongroomError
from strongroom.legal import disposition, endings, erasure
from strongroom.legal.access import NotThere, Principal, Right
from strongroom.legal.answering import draft_answer
from strongroom.legal.errors import Misuse, NotNow
from strongroom.legal.requests import parse_ids
from web.desk import desk_of
from web.rendering import render
from web.session import CurrentPrincipal
from web.views.endings import CENT, count_rows, list_title, list_words, record_words, usd

router = APIRouter()

_SHOWN_RECORDS = 100

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""A list's number."""


@router.get("/disposition")
def dispositions(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """The lists of what need no longer be kept."""
    found = endings.lists(desk_of(request).house, principal, disposition.KIND)
    return _lists(request, principal, disposition.KIND, found)


@router.post("/disposition")
def draw_up(request: Request, principal: CurrentPrincipal) -> Response:
    """Draw up a list of what may go now."""
    made = disposition.draw_up(desk_of(request).house, principal)
    return RedirectResponse(f"/disposition/{made.ending_id}", status_code=303)


@router.get("/erasure")
def erasures(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """Assessments of what may be erased."""
    found = endings.lists(desk_of(request).house, principal, erasure.KIND)
    return _lists(request, principal, erasure.KIND, found)


@router.post("/erasure")
def assess(
    request: Request,
    principal: CurrentPrincipal,
    reference: Annotated[str, Form()] = "",
    address: Annotated[str, Form()] = "",
    ids: Annotated[str, Form()] = "",
) -> Response:
    """Assess an erasure, by the person's number or address or by conversations' ids. Neither is shown again."""
    house = desk_of(request).house
    try:
        made = erasure.assess(
            house, principal, reference, address=address.strip() or None, conversation_ids=parse_ids(ids).ids
        )
    except (Misuse, NotThere) as error:
        found = endings.lists(house, principal, erasure.KIND)
        return _lists(request, principal, erasure.KIND, found, reference=reference, error=error)
    return RedirectResponse(f"/erasure/{made.ending_id}", status_code=303)


@router.get("/disposition/{number:int}")
@router.get("/erasure/{number:int}")
def one_list(request: Request, principal: CurrentPrincipal, number: Number) -> HTMLResponse:
    """One list as it stands."""
    return _page(request, principal, _kind(request), number)


@router.post("/disposition/{number:int}/propose")
@router.post("/erasure/{number:int}/propose")
def propose(request: Request, principal: CurrentPrincipal, number: Number) -> Response:
    """Put it up for approval."""
    try:
        endings.propose(desk_of(request).house, principal, _kind(request), number)
    except NotNow as error:
        return _page(request, principal, _kind(request), number, error=error)
    return RedirectResponse(f"/{_kind(request)}/{number}", status_code=303)


@router.post("/disposition/{number:int}/approve")
@router.post("/erasure/{number:int}/approve")
def approve(request: Request, principal: CurrentPrincipal, number: Number) -> Response:
    """Approve what another has proposed."""
    try:
        endings.approve(desk_of(request).house, principal, _kind(request), number)
    except NotNow as error:
        return _page(request, principal, _kind(request), number, error=error)
    return RedirectResponse(f"/{_kind(request)}/{number}", status_code=303)


@router.post("/disposition/{number:int}/refuse")
@router.post("/erasure/{number:int}/refuse")
def refuse(
    request: Request, principal: CurrentPrincipal, number: Number, reason: Annotated[str, Form()] = ""
) -> Response:
    """Refuse it, and say why."""
    try:
        endings.refuse(desk_of(request).house, principal, _kind(request), number, reason)
    except (NotNow, Misuse) as error:
        return _page(request, principal, _kind(request), number, error=error)
    return RedirectResponse(f"/{_kind(request)}/{number}", status_code=303)


def _kind(request: Request) -> str:
    return erasure.KIND if request.url.path.startswith(f"/{erasure.KIND}/") else disposition.KIND


def _lists(
    request: Request,
    principal: Principal,
    kind: str,
    found: list[endings.Ending],
    *,
    reference: str = "",
    error: StrongroomError | None = None,
) -> HTMLResponse:
    return render(
        request,
        "endings.html",
        status_code=400 if error else 200,
        kind=kind,
        lists=found,
        list_words=list_words,
        list_title=list_title,
        may_end=principal.may(Right.END),
        reference=reference,
        error=error,
    )


def _page(
    request: Request, principal: Principal, kind: str, number: int, *, error: StrongroomError | None = None
) -> HTMLResponse:
    house = desk_of(request).house
    found = endings.read(house, principal, kind, number)
    after = request.query_params.get("after")
    records = endings.records(house, principal, kind, number, after=_id(after), limit=_SHOWN_RECORDS + 1)
    more = len(records) > _SHOWN_RECORDS
    ending = found.ending
    undecided = ending.state in ("listed", "proposed")
    return render(
        request,
        "ending.html",
        status_code=400 if error else 200,
        kind=kind,
        one=ending,
        title=list_title(ending),
        words=list_words(ending.state),
        rows=count_rows(found.counts),
        found=found,
        staying=found.count("held", "kept", "refused"),
        early=usd(found.early_usd) if found.early_usd >= CENT else "",
        records=records[:_SHOWN_RECORDS],
        next_after=str(records[_SHOWN_RECORDS - 1].conversation_id) if more else "",
        record_words=record_words,
        certificates=found.certificates,
        answer=draft_answer(found) if kind == erasure.KIND else "",
        may_propose=principal.may(Right.END) and ending.state == "listed" and found.going > 0,
        may_approve=endings.may_approve(principal, ending),
        may_refuse=undecided and (principal.may(Right.END) or principal.may(Right.APPROVE_ENDING)),
        error=error,
    )


def _id(text: str | None) -> UUID | None:
    try:
        return None if not text else UUID(text)
    except ValueError:
        return None
