"""The operator's page: the days as a calendar, a day as it moves, what waits for a person, and the fleet."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from config.celery import QUEUES
from strongroom.genesys.allowance import AllowanceUnknown
from strongroom.house import allowance_used
from strongroom.legal.access import NotThere, Right
from strongroom.legal.operations import (
    calendar,
    fleet_seen,
    latest_day,
    progress_of,
    requeue_kind,
    review_by_reason,
)
from strongroom.times import day_of, utc_now
from tasks.fleet import BrokerUnreachable, waiting_messages
from web.desk import Desk, desk_of
from web.rendering import render
from web.session import CurrentPrincipal
from web.views.operations import REASON_WORDS, bounds, month_of, share_done

router = APIRouter()

_YEARS = range(1970, 9_999)


@router.get("/operations")
def operations(
    request: Request, principal: CurrentPrincipal, month: str = "", requeued: int | None = None
) -> HTMLResponse:
    """How the archive stands, month by month, and what waits for a person."""
    desk, today = desk_of(request), day_of(utc_now())
    first, last = bounds(_month(month) or latest_day(desk.house, principal) or today)
    return render(
        request,
        "operations.html",
        month=month_of(first, calendar(desk.house, principal, first, last), today),
        groups=review_by_reason(desk.house, principal),
        fleet=fleet_seen(desk.house, principal),
        queues=_queues(desk),
        allowance=_allowance(desk),
        flower_url=desk.settings.flower_url,
        may_requeue=principal.may(Right.REQUEUE),
        requeued=requeued,
        reason_words=REASON_WORDS,
        day=None,
        now=utc_now(),
    )


@router.get("/operations/days/{day}")
def operations_day(
    request: Request, principal: CurrentPrincipal, day: str, requeued: int | None = None
) -> HTMLResponse:
    """One day, counted again every few seconds while it moves."""
    desk, known = desk_of(request), _day(day)
    progress = progress_of(desk.house, principal, known)
    return render(
        request,
        "operations_day.html",
        one=progress,
        done=share_done(progress),
        groups=review_by_reason(desk.house, principal, known),
        may_requeue=principal.may(Right.REQUEUE),
        requeued=requeued,
        reason_words=REASON_WORDS,
        day=known,
        now=utc_now(),
    )


@router.post("/operations/requeue")
def operations_requeue(
    request: Request, principal: CurrentPrincipal, kind: Annotated[str, Form()], day: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Put what waits for one kind of reason back to work."""
    only = _day(day) if day else None
    number = requeue_kind(desk_of(request).house, principal, kind, only)
    path = f"/operations/days/{only}" if only else "/operations"
    return RedirectResponse(f"{path}?requeued={number}", status_code=303)


def _queues(desk: Desk) -> list[tuple[str, int]] | None:
    """How many messages wait in each queue; None where nobody can say."""
    if desk.fleet is None:
        return None
    try:
        return [(queue, waiting_messages(desk.fleet, queue)) for queue in QUEUES]
    except BrokerUnreachable:
        return None


def _allowance(desk: Desk) -> list[int] | None:
    """How much of each OAuth client's allowance is used, in per cent; None where Redis does not say."""
    try:
        return [round(100 * each) for each in allowance_used(desk.settings)]
    except AllowanceUnknown:
        return None


def _month(written: str) -> date | None:
    """The first day of a month, None for what is none, or has no months before and after it to lead to."""
    try:
        first = date.fromisoformat(f"{written}-01")
    except ValueError:
        return None
    return first if first.year in _YEARS else None


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise NotThere("there is no such day", where="operations", todo="choose one from the calendar") from None
