"""Requests: mine and all, a new one, and one with its clock, its files and what can be decided about it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from strongroom.errors import StrongroomError
from strongroom.ledger.lookup import database_clock
from strongroom.legal import links, requests
from strongroom.legal.access import NotThere, Principal, Right, require
from strongroom.legal.errors import Misuse, NotNow
from strongroom.legal.requests import ParsedIds
from strongroom.legal.search import look_up
from strongroom.pipeline.bundle import BundleRefused, NotSealed
from web.desk import Desk, desk_of
from web.disposition import SANDBOX, content_disposition
from web.doorbell import begin_preparing
from web.rendering import render
from web.session import CurrentPrincipal
from web.uploads import LONGEST_LIST_BYTES, text_of
from web.views.clock import clock
from web.views.conversation import title
from web.views.requests import file_title, file_words, progress, signature, state_words, steps
from web.views.saving import saved_as

router = APIRouter()

PAGE_SIZE = 25
"""Conversations of one request on a page: each is looked up for what it is called."""


@dataclass(frozen=True)
class _Asked:
    """What the form was filled in with."""

    ids: str
    justification: str = ""
    due_at: str = ""
    on_behalf_of: str = ""


@router.get("/requests")
def request_list(request: Request, principal: CurrentPrincipal, show: str = "") -> HTMLResponse:
    """One's own; everybody's for who may see them."""
    house = desk_of(request).house
    may_see_all = principal.may(Right.SEE_ALL_REQUESTS)
    may_request = principal.may(Right.REQUEST)
    if not may_see_all:
        require(principal, Right.REQUEST)
    showing_all = may_see_all and (show == "all" or not may_request)
    found = requests.all_requests(house, principal) if showing_all else requests.mine(house, principal)
    return render(
        request,
        "requests.html",
        requests=found,
        showing_all=showing_all,
        may_see_all=may_see_all,
        may_request=may_request,
        state_words=state_words,
    )


@router.get("/requests/new")
def new_request(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """The form; with `id`s, as ticked in a search, for these."""
    require(principal, Right.REQUEST)
    ids = "\n".join(dict.fromkeys(request.query_params.getlist("id")))
    return _form(request, _Asked(ids[:LONGEST_LIST_BYTES]))


@router.post("/requests/new")
def make_request(
    request: Request,
    principal: CurrentPrincipal,
    ids: Annotated[str, Form()] = "",
    list: UploadFile | None = None,
    justification: Annotated[str, Form()] = "",
    due_at: Annotated[str, Form()] = "",
    on_behalf_of: Annotated[str, Form()] = "",
    without_rejected: Annotated[str, Form()] = "",
) -> Response:
    """Make it and begin with it; lines without an id are shown first, and left out only when that is agreed to."""
    require(principal, Right.REQUEST)
    desk = desk_of(request)
    asked = _Asked("", justification, due_at, on_behalf_of)
    text = ids
    try:
        text = "\n".join(part for part in (ids, text_of(list)) if part.strip())
        parsed = requests.parse_ids(text)
        if parsed.rejected and without_rejected != "yes":
            return _form(request, replace(asked, ids=text), parsed=parsed, status_code=400)
        made = requests.create(
            desk.house,
            principal,
            parsed.ids,
            justification,
            due_at=due_time(due_at),
            on_behalf_of=on_behalf_of or None,
        )
    except (Misuse, NotThere) as error:
        return _form(request, replace(asked, ids=text), error=error, status_code=400)
    begin_preparing(desk, made.request_id)
    return RedirectResponse(f"/requests/{made.request_id}", status_code=303)


@router.get("/requests/{request_id}")
def one_request(request: Request, principal: CurrentPrincipal, request_id: UUID, page: int = 1) -> HTMLResponse:
    """One request as it stands."""
    return _page(request, principal, request_id, page=page)


@router.get("/requests/{request_id}/state")
def request_state(request: Request, principal: CurrentPrincipal, request_id: UUID) -> dict[str, str]:
    """What the page's script asks for: whether anything has changed since."""
    found = requests.read(desk_of(request).house, principal, request_id)
    return {"state": found.state, "signature": signature(found)}


@router.post("/requests/{request_id}/approve")
def approve(request: Request, principal: CurrentPrincipal, request_id: UUID) -> Response:
    """Let it be prepared."""
    desk = desk_of(request)
    try:
        approved = requests.approve(desk.house, principal, request_id)
    except NotNow as error:
        return _page(request, principal, request_id, error=error)
    begin_preparing(desk, approved.request_id)
    return RedirectResponse(f"/requests/{request_id}", status_code=303)


@router.post("/requests/{request_id}/refuse")
def refuse(
    request: Request, principal: CurrentPrincipal, request_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Refuse it, and say why."""
    try:
        requests.refuse(desk_of(request).house, principal, request_id, reason)
    except (NotNow, Misuse) as error:
        return _page(request, principal, request_id, error=error)
    return RedirectResponse(f"/requests/{request_id}", status_code=303)


@router.post("/requests/{request_id}/cancel")
def cancel(request: Request, principal: CurrentPrincipal, request_id: UUID) -> Response:
    """End it before its time."""
    try:
        requests.cancel(desk_of(request).house, principal, request_id)
    except NotNow as error:
        return _page(request, principal, request_id, error=error)
    return RedirectResponse(f"/requests/{request_id}", status_code=303)


@router.post("/requests/{request_id}/files/{file_id}/link")
def issue_link(
    request: Request,
    principal: CurrentPrincipal,
    request_id: UUID,
    file_id: int,
    then: Annotated[str, Form()] = "download",
) -> Response:
    """A link to a file: followed at once, or shown, to be fetched from elsewhere."""
    desk = desk_of(request)
    link = links.issue(desk.house, principal, request_id, file_id)
    if then != "show":
        return RedirectResponse(link.url_path, status_code=303)
    found = requests.read(desk.house, principal, request_id)
    file = next((one for one in found.files if one.file_id == file_id), None)
    if file is None:
        raise requests.not_there("file")
    return render(
        request,
        "link.html",
        one=found,
        file=file,
        file_title=file_title,
        link=link,
        address=f"{desk.settings.desk_url.rstrip('/')}{link.url_path}",
        saved_as=saved_as(file),
    )


@router.post("/requests/{request_id}/bundle")
def bundle(request: Request, principal: CurrentPrincipal, request_id: UUID) -> Response:
    """Everything in one file; the page says so where that can't be, or is still being made."""
    try:
        made = desk_of(request).bundler.bundle(principal, request_id)
    except (NotNow, NotSealed, BundleRefused) as error:
        return _page(request, principal, request_id, error=error)
    if made is None:
        return _page(request, principal, request_id, being_made=True)
    headers = {
        "Content-Length": str(made.size_bytes),
        "Content-Disposition": content_disposition(made.name, inline=False),
        "Content-Security-Policy": SANDBOX,
    }
    return StreamingResponse(made.chunks(), media_type="application/zip", headers=headers)


def _page(
    request: Request,
    principal: Principal,
    request_id: UUID,
    *,
    page: int = 1,
    error: StrongroomError | None = None,
    being_made: bool = False,
) -> HTMLResponse:
    desk = desk_of(request)
    found = requests.read(desk.house, principal, request_id)
    now = database_clock(desk.house.engine)
    own = found.requester == principal.name and principal.may(Right.REQUEST)
    first = PAGE_SIZE * (max(1, page) - 1)
    shown = found.conversations[first : first + PAGE_SIZE]
    decides = principal.may(Right.APPROVE) and principal.name.lower() not in {
        found.requester.lower(),
        (found.on_behalf_of or found.requester).lower(),
    }
    return render(
        request,
        "request.html",
        status_code=400 if error else 200,
        one=found,
        shown=shown,
        first=first,
        more=len(found.conversations) > first + PAGE_SIZE,
        page=max(1, page),
        titles=_titles(desk, principal, [one.conversation_id for one in shown if one.state != "missing"]),
        state=found.state,
        words=state_words(found.state),
        state_words=state_words,
        file_words=file_words,
        file_title=file_title,
        clock=clock(found.due_at, found.state, found.state_at, found.ready_by, now),
        steps=steps(found),
        progress=progress(found),
        signature=signature(found),
        poll=f"/requests/{request_id}/state",
        restoring=any(one.state == "restoring" for one in found.conversations),
        damaged=sum(file.state in {"damaged", "missing"} for file in found.files),
        handing_out=own and found.state in {"preparing", "ready", "damaged"},
        may_decide=decides and found.state == "waiting",
        may_cancel=own and found.is_open,
        being_made=being_made,
        error=error,
    )


def _titles(desk: Desk, principal: Principal, conversation_ids: list[UUID]) -> dict[UUID, str]:
    """What each conversation is called; its id where the principal may not search."""
    titles: dict[UUID, str] = {}
    for one in conversation_ids:
        try:
            titles[one] = title(look_up(desk.house, principal, one))
        except NotThere:
            titles[one] = str(one)
    return titles


def _form(
    request: Request,
    asked: _Asked,
    *,
    parsed: ParsedIds | None = None,
    error: StrongroomError | None = None,
    status_code: int = 200,
) -> HTMLResponse:
    blank = error is not None and error.where == "justification"
    return render(
        request,
        "request_new.html",
        status_code=status_code,
        form=asked,
        rejected=parsed.rejected if parsed else (),
        found=len(parsed.ids) if parsed else 0,
        error=error,
        errors={"justification": "Say why these records are needed."} if blank else {},
    )


def due_time(written: str) -> datetime | None:
    """A time as the form sends it: UTC, where it names no offset of its own. Raises Misuse."""
    if not written.strip():
        return None
    try:
        given = datetime.fromisoformat(written.strip())
        return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Misuse("the due time is none", where="dueAt", todo="write it as 2026-03-10T14:00, in UTC") from None
