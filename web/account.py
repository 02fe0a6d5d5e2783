"""The account page: who one is here, and what one may."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from strongroom.legal.access import Right
from web.rendering import render
from web.session import CurrentPrincipal

router = APIRouter()


@router.get("/account")
def account(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """Name, roles, divisions, and the way out."""
    return render(
        request,
        "account.html",
        roles=sorted(role.value for role in principal.roles),
        rights=[right.value for right in Right if principal.may(right)],
    )
