"""How far the archive's days are: for operators."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from strongroom.legal.progress import recent_progress
from strongroom.times import utc_now
from web.desk import desk_of
from web.rendering import render
from web.session import CurrentPrincipal

router = APIRouter()


@router.get("/progress")
def progress(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """The latest days, by count."""
    return render(request, "progress.html", days=recent_progress(desk_of(request).house, principal), now=utc_now())
