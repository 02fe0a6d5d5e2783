"""One byte sequence for one document, and its hash: what manifests, log entries and custody lines are made of."""

import hashlib
import json


def canonical_json(document: object) -> bytes:
    """One byte sequence for one document: UTF-8, keys sorted, no spaces; what UTF-8 can't hold stays escaped."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # a lone surrogate, which Genesys can send as an escape
        return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sha256_hex(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
