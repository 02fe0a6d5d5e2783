"""The auditor's view: custody events of all records."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from strongroom.legal.access import Right
from strongroom.legal.auditing import CustodyFilter, EventPage, events
from strongroom.times import day_of, utc_now
from web.desk import desk_of
from web.rendering import render
from web.session import CurrentPrincipal
from web.views.custody import ACTS, touch
from web.views.query import Given

router = APIRouter()

_USUAL_DAYS = 30
"""Unless days or a conversation are named: a whole chain is millions of events, and what is asked about is recent."""


@router.get("/audit")
def audit(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """One page of events, the latest first."""
    given = Given(request.query_params)
    first_day, last_day = given.day("from"), given.day("to")
    conversation_id = given.id("conversation_id")
    if first_day is None and last_day is None and conversation_id is None and not given.errors:
        first_day = day_of(utc_now()) - timedelta(days=_USUAL_DAYS)
    before = given.text("before")
    wanted = CustodyFilter(
        actor=given.text("actor"),
        act=given.one_of("act", dict(ACTS)),
        first_day=first_day,
        last_day=last_day,
        conversation_id=conversation_id,
        before=int(before) if before and before.isascii() and before.isdigit() and len(before) < 19 else None,
    )
    page = EventPage((), None) if given.errors else events(desk_of(request).house, principal, wanted)
    form: dict[str, Any] = {name: given.text(name) or "" for name in ("actor", "act", "conversation_id", "before")}
    return render(
        request,
        "audit.html",
        status_code=400 if given.errors else 200,
        form=form | {"from_day": first_day or "", "to_day": last_day or ""},
        errors=given.errors,
        error=None,
        acts=ACTS,
        touches=[touch(event) for event in page.events],
        first_page=given.path("/audit", before=None),
        next_page=given.path("/audit", before=str(page.before)) if page.before is not None else "",
        may_see_all=principal.may(Right.SEE_ALL_REQUESTS),
    )
