"""The search: its form, and what was found."""

from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from strongroom.errors import StrongroomError
from strongroom.legal.access import Right, require
from strongroom.legal.errors import Misuse
from strongroom.legal.search import DIRECTIONS, MEDIA, SearchPage, SearchQuery, find
from strongroom.times import start_of
from web.desk import Desk, desk_of
from web.rendering import render
from web.session import CurrentPrincipal
from web.views.names import medium
from web.views.navigation import home
from web.views.query import Given

router = APIRouter()

PAGE_SIZE = 25
_HELD = {"yes": True, "no": False}
_COMMON = ("address", "from", "to", "agent", "queue", "text")
_RARE = (
    "conversation_id", "external_tag", "ended_from", "ended_to", "media", "direction", "retention_class", "division",
    "held",
)  # fmt: skip


@router.get("/")
def first_page(principal: CurrentPrincipal) -> RedirectResponse:
    """Where this principal begins."""
    return RedirectResponse(home(principal), status_code=303)


@router.get("/search")
def search(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """The form; with any field filled in, one page of what fits all of them."""
    require(principal, Right.SEARCH)
    desk = desk_of(request)
    given = Given(request.query_params)
    query = _query(given)
    asked = any(given.text(name) for name in (*_COMMON, *_RARE))
    page: SearchPage | None = None
    error: StrongroomError | None = None
    if asked and not given.errors:
        try:
            page = find(desk.house, principal, query)
        except Misuse as misuse:
            error = misuse
    return render(
        request,
        "search.html",
        status_code=400 if error or given.errors else 200,
        form=_form(given),
        errors=given.errors,
        error=error,
        page=page,
        choices=_choices(desk),
        medium=medium,
        may_request=principal.may(Right.REQUEST),
        may_hold=principal.may(Right.HOLD),
        phone_region=desk.settings.phone_region,
        limited=principal.divisions is not None,
        first_page=given.path("/search", cursor=None),
        next_page=given.path("/search", cursor=page.next_cursor) if page else "",
    )


def _query(given: Given) -> SearchQuery:
    conversation_id = given.id("conversation_id")
    return SearchQuery(
        conversation_id=None if conversation_id is None else str(conversation_id),
        external_tag=given.text("external_tag"),
        started_from=_begin(given.day("from")),
        started_to=_end(given.day("to")),
        ended_from=_begin(given.day("ended_from")),
        ended_to=_end(given.day("ended_to")),
        address=given.text("address"),
        agent=given.text("agent"),
        queue=given.text("queue"),
        media=given.text("media"),
        direction=given.text("direction"),
        retention_class=given.text("retention_class"),
        division=given.text("division"),
        held=_HELD.get(given.one_of("held", _HELD) or ""),
        text=given.text("text"),
        page_size=PAGE_SIZE,
        cursor=given.text("cursor"),
    )


def _begin(day: date | None) -> datetime | None:
    return None if day is None else start_of(day)


def _end(day: date | None) -> datetime | None:
    """The first instant after the day; the last day there is has none."""
    return None if day is None or day == date.max else start_of(day + timedelta(days=1))


def _form(given: Given) -> dict[str, Any]:
    fields: dict[str, Any] = {name: given.text(name) or "" for name in (*_COMMON, *_RARE, "cursor")}
    # a browser complains of a day that is none
    fields |= {name: "" for name in given.errors if name in fields and name != "conversation_id"}
    fields["from_day"], fields["to_day"] = fields["from"], fields["to"]
    return fields | {"more_used": any(fields[name] for name in _RARE)}


def _choices(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    return {
        "media": [(one, medium(one)) for one in MEDIA],
        "directions": [(one, one.capitalize()) for one in DIRECTIONS],
        "classes": [(one.name, one.name) for one in desk.house.policy.classes],
        "held": [("yes", "Held"), ("no", "Not held")],
    }
