"""Who one is at the desk, for machines and scripts."""

from fastapi import APIRouter
from pydantic import BaseModel

from web.session import CurrentPrincipal

router = APIRouter(tags=["account"])


class Account(BaseModel):
    """`divisions` are ids of Genesys divisions, null: all."""

    name: str
    roles: list[str]
    divisions: list[str] | None


@router.get("/api/v1/account")
def account(principal: CurrentPrincipal) -> Account:
    """Whose session or key this is, and what it may."""
    return Account(
        name=principal.name,
        roles=sorted(role.value for role in principal.roles),
        divisions=None if principal.divisions is None else sorted(principal.divisions),
    )
