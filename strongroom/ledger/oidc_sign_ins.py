"""Sign-ins by OpenID Connect that are under way: each comes back once, to the browser that set out, within minutes."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.people_schema import oidc_sign_ins

_LASTS = timedelta(minutes=10)


@dataclass(frozen=True)
class OidcSignIn:
    """What is kept of a sign-in from when it sets out: what id_token and code are held against, and where to then."""

    nonce: str
    code_verifier: str
    next_path: str


def set_out(engine: Engine, state_sha256: str, browser_sha256: str, sign_in: OidcSignIn) -> None:
    """Keep a sign-in until it comes back. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        connection.execute(delete(oidc_sign_ins).where(oidc_sign_ins.c.started_at < func.clock_timestamp() - _LASTS))
        connection.execute(
            insert(oidc_sign_ins).values(
                state_sha256=state_sha256,
                browser_sha256=browser_sha256,
                nonce=sign_in.nonce,
                code_verifier=sign_in.code_verifier,
                next_path=sign_in.next_path,
                started_at=func.clock_timestamp(),
            )
        )


def come_back(engine: Engine, state_sha256: str, browser_sha256: str) -> OidcSignIn | None:
    """The sign-in with this state, if this browser set out with it: the first time only. Raises LedgerUnreachable."""
    statement = (
        delete(oidc_sign_ins)
        .where(
            oidc_sign_ins.c.state_sha256 == state_sha256,
            oidc_sign_ins.c.browser_sha256 == browser_sha256,
            oidc_sign_ins.c.started_at > func.clock_timestamp() - _LASTS,
        )
        .returning(oidc_sign_ins.c.nonce, oidc_sign_ins.c.code_verifier, oidc_sign_ins.c.next_path)
    )
    with transaction(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else OidcSignIn(*row)
