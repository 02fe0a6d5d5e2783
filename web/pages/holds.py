"""Legal holds: the matters, a new hold, and one matter with what it holds and what can be decided about it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from strongroom.errors import StrongroomError
from strongroom.legal import holds
from strongroom.legal.access import NotThere, Principal, Right, require
from strongroom.legal.errors import Misuse, NotNow
from strongroom.legal.holds import PlacedHold
from strongroom.legal.requests import ParsedIds, parse_ids
from strongroom.legal.search import MEDIA, SearchQuery, look_up
from strongroom.times import start_of
from web.desk import Desk, desk_of
from web.doorbell import ring_for_holds
from web.rendering import render
from web.session import CurrentPrincipal
from web.uploads import LONGEST_LIST_BYTES, text_of
from web.views.conversation import title
from web.views.holds import found_by_words, progress, record_words, search_words, state_words
from web.views.names import medium
from web.views.query import Given

router = APIRouter()

PAGE_SIZE = 25
"""Records of one matter on a page: each is looked up for what it is called."""


@dataclass(frozen=True)
class _Asked:
    """What the form was filled in with."""

    matter: str = ""
    reason: str = ""
    requester: str = ""
    ids: str = ""
    address: str = ""
    agent: str = ""
    queue: str = ""
    media: str = ""
    division: str = ""
    first_day: str = ""
    last_day: str = ""


@router.get("/holds")
def matters(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """All matters, those in force first."""
    return render(
        request,
        "holds.html",
        matters=holds.all_matters(desk_of(request).house, principal),
        may_hold=principal.may(Right.HOLD),
        state_words=state_words,
        progress=progress,
    )


@router.get("/holds/new")
def new_hold(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """The form; with `id`s, as ticked in a search, for these; with `matter` for that one."""
    require(principal, Right.HOLD)
    ids = "\n".join(dict.fromkeys(request.query_params.getlist("id")))
    return _form(request, _Asked(matter=request.query_params.get("matter", "")[:320], ids=ids[:LONGEST_LIST_BYTES]))


@router.post("/holds/new")
def place(
    request: Request,
    principal: CurrentPrincipal,
    matter: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    requester: Annotated[str, Form()] = "",
    ids: Annotated[str, Form()] = "",
    list: UploadFile | None = None,
    address: Annotated[str, Form()] = "",
    agent: Annotated[str, Form()] = "",
    queue: Annotated[str, Form()] = "",
    media: Annotated[str, Form()] = "",
    division: Annotated[str, Form()] = "",
    first_day: Annotated[str, Form()] = "",
    last_day: Annotated[str, Form()] = "",
    without_rejected: Annotated[str, Form()] = "",
) -> Response:
    """Place it; lines without an id are shown first, and left out only when that is agreed to."""
    require(principal, Right.HOLD)
    desk = desk_of(request)
    asked = _Asked(matter, reason, requester, ids, address, agent, queue, media, division, first_day, last_day)
    try:
        asked = replace(asked, ids="\n".join(part for part in (ids, text_of(list)) if part.strip()))
        given = Given(vars(asked))
        query = _query(given)
        parsed = parse_ids(asked.ids)
        if given.errors or (parsed.rejected and without_rejected != "yes"):
            return _form(request, asked, parsed=parsed, errors=given.errors, status_code=400)
        placed = holds.place(
            desk.house,
            principal,
            matter,
            reason,
            conversations=parsed.ids,
            query=None if query == SearchQuery() else query,
            requester=requester or None,
        )
    except (Misuse, NotThere, NotNow) as error:
        return _form(request, asked, error=error, status_code=400)
    ring_for_holds(desk)
    if placed.not_there:
        return _page(request, principal, placed.matter.matter_id, placed=placed)
    return RedirectResponse(f"/holds/{placed.matter.matter_id}", status_code=303)


@router.get("/holds/{matter_id}")
def one_matter(request: Request, principal: CurrentPrincipal, matter_id: UUID, page: int = 1) -> HTMLResponse:
    """One matter as it stands."""
    return _page(request, principal, matter_id, page=page)


@router.post("/holds/{matter_id}/release")
def ask_release(
    request: Request, principal: CurrentPrincipal, matter_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Ask for its release, and say why."""
    try:
        holds.ask_release(desk_of(request).house, principal, matter_id, reason)
    except (Misuse, NotNow) as error:
        return _page(request, principal, matter_id, error=error)
    return RedirectResponse(f"/holds/{matter_id}", status_code=303)


@router.post("/holds/{matter_id}/approve")
def approve(request: Request, principal: CurrentPrincipal, matter_id: UUID) -> Response:
    """Release it."""
    desk = desk_of(request)
    try:
        holds.approve(desk.house, principal, matter_id)
    except NotNow as error:
        return _page(request, principal, matter_id, error=error)
    ring_for_holds(desk)
    return RedirectResponse(f"/holds/{matter_id}", status_code=303)


@router.post("/holds/{matter_id}/refuse")
def refuse(
    request: Request, principal: CurrentPrincipal, matter_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Let it go on holding, and say why."""
    try:
        holds.refuse(desk_of(request).house, principal, matter_id, reason)
    except (Misuse, NotNow) as error:
        return _page(request, principal, matter_id, error=error)
    return RedirectResponse(f"/holds/{matter_id}", status_code=303)


def _page(
    request: Request,
    principal: Principal,
    matter_id: UUID,
    *,
    page: int = 1,
    error: StrongroomError | None = None,
    placed: PlacedHold | None = None,
) -> HTMLResponse:
    desk = desk_of(request)
    row = holds.read(desk.house, principal, matter_id)
    page = min(max(1, page), 1 + row.records // PAGE_SIZE)
    first = PAGE_SIZE * (page - 1)
    found = holds.records(desk.house, principal, matter_id, offset=first, limit=PAGE_SIZE + 1)
    return render(
        request,
        "hold.html",
        status_code=400 if error else 200,
        one=row,
        words=state_words(row.state),
        progress=progress(row),
        records=found[:PAGE_SIZE],
        titles=_titles(desk, principal, [record.conversation_id for record in found[:PAGE_SIZE]]),
        first=first,
        page=page,
        more=len(found) > PAGE_SIZE,
        record_words=record_words,
        found_by_words=found_by_words,
        search_words=search_words,
        may_hold=principal.may(Right.HOLD),
        may_decide=holds.may_decide(principal, row),
        limited=principal.divisions is not None,
        placed=placed,
        error=error,
    )


def _titles(desk: Desk, principal: Principal, conversation_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What those are called that the search has."""
    titles: dict[UUID, str] = {}
    for one in conversation_ids:
        with suppress(NotThere):
            titles[one] = title(look_up(desk.house, principal, one))
    return titles


def _form(
    request: Request,
    asked: _Asked,
    *,
    parsed: ParsedIds | None = None,
    errors: Mapping[str, str] | None = None,
    error: StrongroomError | None = None,
    status_code: int = 200,
) -> HTMLResponse:
    # a browser complains of a day that is none
    shown = replace(asked, **dict.fromkeys((name for name in errors or () if name.endswith("_day")), ""))
    return render(
        request,
        "hold_new.html",
        status_code=status_code,
        form=shown,
        searching=any((asked.address, asked.agent, asked.queue, asked.media, asked.division))
        or bool(asked.first_day or asked.last_day),
        media=[(one, medium(one)) for one in MEDIA],
        rejected=parsed.rejected if parsed else (),
        found=len(parsed.ids) if parsed else 0,
        errors=errors or {},
        error=error,
    )


def _query(given: Given) -> SearchQuery:
    first, last = given.day("first_day"), given.day("last_day")
    return SearchQuery(
        address=given.text("address"),
        agent=given.text("agent"),
        queue=given.text("queue"),
        media=given.text("media"),
        division=given.text("division"),
        ended_from=None if first is None else start_of(first),
        # the last day there is has no end
        ended_to=None if last is None or last == date.max else start_of(last + timedelta(days=1)),
    )
