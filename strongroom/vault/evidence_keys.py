"""Where each object of the evidence stands. The layout is part of the format: docs/format.md.

The log is laid out as C2SP tlog-tiles below `evidence/log/`. A checkpoint there is a resource that changes; in a
write-once vault each is an object of its own, named by its size in twenty digits, so that the newest is listed last.
"""

import re
from datetime import date

LOG_PREFIX = "evidence/log/"
CHECKPOINTS_PREFIX = f"{LOG_PREFIX}checkpoints/"
KEYS_PREFIX = f"{LOG_PREFIX}keys/"
TIMESTAMPS_PREFIX = f"{LOG_PREFIX}timestamps/"
CUSTODY_PREFIX = "evidence/custody/"
RECOUNTS_PREFIX = "evidence/recounts/"
POLICIES_PREFIX = "evidence/policies/"
CERTIFICATES_PREFIX = "evidence/certificates/"

_SIZE = re.compile(r"[0-9]{20}")
_RECOUNT = re.compile(re.escape(RECOUNTS_PREFIX) + r"(\d{4}-\d\d-\d\d)/([1-9]\d{0,5})\.json")
_NUMBER = re.compile(r"([1-9][0-9]*)\.json")


def tile_key(path: str) -> str:
    """The key of a tile or entry bundle, by its path in the log (`tile/0/x001/067`, `tile/entries/000.p/7`)."""
    return f"{LOG_PREFIX}{path}"


def checkpoint_key(size: int) -> str:
    """The key of the checkpoint of a tree of so many leaves."""
    return f"{CHECKPOINTS_PREFIX}{size:020}"


def checkpoint_size(key: str) -> int | None:
    """The size that a checkpoint's key names; None when the key is not a checkpoint's."""
    name = key.removeprefix(CHECKPOINTS_PREFIX)
    return int(name) if name != key and _SIZE.fullmatch(name) else None


def timestamp_key(size: int) -> str:
    """The key of the RFC 3161 response over a checkpoint."""
    return f"{TIMESTAMPS_PREFIX}{size:020}.tsr"


def timestamp_chain_key(size: int) -> str:
    """The key of the certificates that the response over a checkpoint is verified with."""
    return f"{TIMESTAMPS_PREFIX}{size:020}.pem"


def verifier_key_key(key_id: str) -> str:
    """The key of a public key's line; `key_id` is its C2SP key id in eight hexadecimal digits."""
    return f"{KEYS_PREFIX}{key_id}"


def custody_key(day: date) -> str:
    """The key of a UTC day's custody events."""
    return f"{CUSTODY_PREFIX}{day.isoformat()}.jsonl"


def recount_key(day: date, number: int) -> str:
    """The key of the result of a UTC day's recount; they are numbered from 1."""
    return f"{RECOUNTS_PREFIX}{day.isoformat()}/{number}.json"


def recount_of(key: str) -> tuple[date, int] | None:
    """The day and number that the key of a recount's result names; None when the key is not one."""
    found = _RECOUNT.fullmatch(key)
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1]), int(found[2])
    except ValueError:
        return None


def policy_key(version: str) -> str:
    """The key of a retention policy that was in force; `version` is the SHA-256 of its bytes, in hex."""
    return f"{POLICIES_PREFIX}{version}.yaml"


def certificate_key(number: int) -> str:
    """The key of the certificate of records that ended."""
    return f"{CERTIFICATES_PREFIX}{number}.json"


def certificate_number(key: str) -> int | None:
    """The number that a certificate's key names; None when the key is not a certificate's."""
    found = _NUMBER.fullmatch(key.removeprefix(CERTIFICATES_PREFIX)) if key.startswith(CERTIFICATES_PREFIX) else None
    return None if found is None else int(found[1])


def policy_document_key(sha256: str) -> str:
    """The key of a policy's document for people, in Markdown; `sha256` is that of its bytes, in hex."""
    return f"{POLICIES_PREFIX}{sha256}.md"
