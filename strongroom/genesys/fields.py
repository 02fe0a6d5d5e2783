"""Members of the vendor's JSON, read so that what is absent, null or new never fails."""

import re
from collections.abc import Iterator
from typing import Any, TypeGuard

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_uuid(value: object) -> TypeGuard[str]:
    """Whether a value is a UUID in its canonical text form, and so is safe in a path or a key."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def objects(value: object) -> Iterator[dict[str, Any]]:
    """The JSON objects of what should be a list of them; nothing when it is null, absent or something else."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def text_or_none(value: object) -> str | None:
    """A non-empty string, or None for anything else."""
    return value if isinstance(value, str) and value else None


def word_or_none(value: object) -> str | None:
    """A non-empty string of printable characters, as the vendor's ids and enum values are, or None."""
    return value if isinstance(value, str) and value and value.isprintable() else None
