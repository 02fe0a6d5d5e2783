"""An environment that is right, with secrets planted wherever one may stand."""

SECRET = "pl4nted"

GOOD = {
    "STRONGROOM_DATABASE_URL": f"postgresql://user:{SECRET}@db/ledger",
    "STRONGROOM_REDIS_URL": f"redis://:{SECRET}@redis:6379/0",
    "STRONGROOM_BUCKET": "vault-1",
    "STRONGROOM_GENESYS_API_URL": "https://api.mypurecloud.ie",
    "STRONGROOM_GENESYS_LOGIN_URL": "https://login.mypurecloud.ie",
    "STRONGROOM_GENESYS_CLIENTS": f"client-1:{SECRET}-1,client-2:{SECRET}-2",
}


def environment(**changes: str | None) -> dict[str, str]:
    """The good environment with changes: names without their prefix, None takes a variable away."""
    changed = GOOD | {f"STRONGROOM_{name}": value for name, value in changes.items()}
    return {name: value for name, value in changed.items() if value is not None}
