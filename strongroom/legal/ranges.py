"""Which bytes of a file are wanted: HTTP's Range and If-Range (RFC 9110, sections 13.1.5 and 14), for one range."""

import re
from dataclasses import dataclass

from strongroom.errors import StrongroomError

_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(\d{0,19})[ \t]*-[ \t]*(\d{0,19})[ \t]*", re.ASCII | re.IGNORECASE)


class RangeNotSatisfiable(StrongroomError):
    """None of the bytes that were asked for is in the file (HTTP 416). `size_bytes` is how many it has."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(
            "the file has no such bytes", where="Range", todo=f"ask for some below {size_bytes}, or for all of it"
        )
        self.size_bytes = size_bytes


@dataclass(frozen=True)
class Wanted:
    """What a request's headers say of the part that is wanted; none: all of it."""

    range_header: str | None = None
    if_range: str | None = None


@dataclass(frozen=True)
class ByteRange:
    """Bytes of a file, first and last included, as HTTP counts them."""

    first: int
    last: int

    @property
    def size_bytes(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


def entity_tag(sha256: str) -> str:
    """A file's entity tag: its bytes' own hash, so it is a strong one."""
    return f'"{sha256}"'


def wanted_range(wanted: Wanted, size_bytes: int, sha256: str) -> ByteRange | None:
    """The part that is wanted of a file of so many bytes; None: all of it. Raises RangeNotSatisfiable.

    A header that isn't in HTTP's form, another unit and several ranges at once count as none, which HTTP allows; so
    does a part of another file than If-Range names. A date there never matches: files have tags.
    """
    if wanted.range_header is None:
        return None
    if wanted.if_range is not None and wanted.if_range.strip() != entity_tag(sha256):
        return None
    match = _RANGE.fullmatch(wanted.range_header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        suffix = min(int(match[2]), size_bytes)
        if suffix == 0:
            raise RangeNotSatisfiable(size_bytes)
        return ByteRange(size_bytes - suffix, size_bytes - 1)
    first, last = int(match[1]), int(match[2]) if match[2] else size_bytes - 1
    if match[2] and last < first:
        return None
    if first >= size_bytes:
        raise RangeNotSatisfiable(size_bytes)
    return ByteRange(first, min(last, size_bytes - 1))
