"""Secrets that are handed out once and recognised by their hash: sessions' tokens, keys of machines."""

import hmac
import secrets

from strongroom.canonical import sha256_hex

_BYTES = 32


def new_token() -> str:
    """256 random bits, as URLs and headers can hold them."""
    return secrets.token_urlsafe(_BYTES)


def fingerprint(token: str) -> str:
    """What is kept of a token. It needs no salt: nobody guesses 256 random bits."""
    return sha256_hex(token.encode())


def csrf_token(token: str) -> str:
    """What a form must hold that is sent with this token's cookie: it follows from the token, and not the reverse."""
    return hmac.new(token.encode(), b"strongroom csrf", "sha256").hexdigest()
