"""Signing in by OpenID Connect: out to the provider, and back from it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from strongroom.errors import StrongroomError
from strongroom.ledger.oidc_sign_ins import OidcSignIn, come_back, set_out
from strongroom.ledger.users import NameTaken
from strongroom.legal.access import NotThere
from strongroom.legal.people import NameRefused, SignInRefused, access_of_groups, sign_in_from_provider
from strongroom.legal.secrets import fingerprint, new_token
from web.cookies import set_session, set_visitor, visitor_token
from web.desk import Desk, desk_of
from web.oidc import CALLBACK, Provider, used_second_factor
from web.safe_paths import HOME, safe_path
from web.session import origin_of
from web.sign_in import sign_in_form

router = APIRouter()
_LONGEST = 4_000


@router.get("/sign-in/oidc")
def go(request: Request, next: Annotated[str, Query(max_length=2_000)] = HOME) -> Response:
    """Send the browser to the provider."""
    desk = desk_of(request)
    provider = _provider(desk)
    out = provider.set_out()
    visitor = visitor_token(request) or new_token()
    kept = OidcSignIn(out.nonce, out.code_verifier, safe_path(next))
    set_out(desk.house.engine, fingerprint(out.state), fingerprint(visitor), kept)
    answer = RedirectResponse(out.url, status_code=303)
    set_visitor(desk, answer, visitor)
    return answer


@router.get(CALLBACK)
def back(
    request: Request,
    state: Annotated[str, Query(max_length=_LONGEST)] = "",
    code: Annotated[str, Query(max_length=_LONGEST)] = "",
    error: Annotated[str, Query(max_length=_LONGEST)] = "",
    iss: Annotated[str | None, Query(max_length=_LONGEST)] = None,
) -> Response:
    """Take the browser back, with a code: once, in the browser that set out, within ten minutes."""
    desk = desk_of(request)
    provider = _provider(desk)
    visitor = visitor_token(request)
    kept = None if visitor is None else come_back(desk.house.engine, fingerprint(state), fingerprint(visitor))
    try:
        if kept is None:
            raise _refused("this sign-in did not begin in this browser, or too long ago")
        provider.require_issuer(iss)
        if error or not code:
            raise _refused("the OpenID provider did not sign you in")
        claims = provider.claims(code, kept.nonce, kept.code_verifier)
        roles, divisions = access_of_groups(desk.settings.oidc_groups or (), _groups(desk, claims))
        signed_in = sign_in_from_provider(
            desk.house.engine,
            desk.session_limits,
            provider.issuer,
            claims["sub"],
            _name(desk, claims),
            roles,
            divisions,
            origin_of(request),
            second_factor=used_second_factor(claims),
        )
    except (SignInRefused, NameRefused, NameTaken) as refusal:
        return sign_in_form(request, HOME, refused=refusal.reason, status_code=403)
    answer = RedirectResponse(kept.next_path, status_code=303)
    set_session(desk, answer, signed_in.token)
    return answer


def _provider(desk: Desk) -> Provider:
    if desk.provider is None:
        raise NotThere("there is no OpenID provider", where="sign-in", todo="sign in by password")
    return desk.provider


def _groups(desk: Desk, claims: Mapping[str, Any]) -> frozenset[str]:
    given = claims.get(desk.settings.oidc_groups_claim, ())
    several = given if isinstance(given, list) else [given]
    return frozenset(one for one in several if isinstance(one, str))


def _name(desk: Desk, claims: Mapping[str, Any]) -> str:
    name = claims.get(desk.settings.oidc_name_claim)
    if not isinstance(name, str):
        raise _refused("the OpenID provider does not say what you are called")
    return name


def _refused(what: str) -> StrongroomError:
    return SignInRefused(what, where="sign-in", todo="sign in again from the start, or ask whoever manages its users")
