"""Text that archives a conversation: JSON (RFC 8259) and mail (RFC 5322 with MIME, RFC 2046)."""

import json
from email.message import Message
from email.parser import BytesHeaderParser
from typing import BinaryIO

from strongroom.genesys.formats.damage import NotWhole

MAX_JSON_BYTES = 64 * 1024 * 1024
"""As much as the client takes for an answer: a JSON document is parsed in memory."""
MAX_HEADER_BYTES = 1024 * 1024
_LINE_BYTES = 64 * 1024


def check_json(file: BinaryIO, size: int) -> None:
    """The file is one JSON text in UTF-8 and nothing else."""
    if size > MAX_JSON_BYTES:
        raise NotWhole(f"{size} bytes are more than a transcript has")
    try:
        json.loads(file.read().decode("utf-8"))
    except (ValueError, RecursionError):
        raise NotWhole("it is not JSON from beginning to end") from None


def check_eml(file: BinaryIO, size: int) -> None:
    """The mail has headers, every multipart in it is closed (RFC 2046, section 5.1.1), and nothing follows the last.

    A mail without parts shows no end; its length is all there is to check.
    """
    headers = _headers(file)
    if not headers.keys():
        raise NotWhole("it has no headers")
    outermost = headers.get_boundary() if headers.get_content_maintype() == "multipart" else None
    if outermost is None:
        return
    open_boundaries = [_delimiter(outermost)]
    at_line_start = True
    while file.tell() < size:
        piece = file.readline(_LINE_BYTES)
        line, was_line_start = piece.rstrip(), at_line_start
        at_line_start = piece.endswith(b"\n")
        if not open_boundaries:
            if line:
                raise NotWhole("it goes on after its last boundary")
        elif was_line_start and line.startswith(b"--"):
            _cross(line, open_boundaries, file)
    if open_boundaries:
        raise NotWhole("a multipart in it is not closed")


def _cross(line: bytes, open_boundaries: list[bytes], file: BinaryIO) -> None:
    """Close what a boundary line closes, or open the multipart that begins with the part after it."""
    for depth, delimiter in enumerate(open_boundaries):
        if line == delimiter + b"--":
            if depth + 1 < len(open_boundaries):
                raise NotWhole("a multipart in it is not closed")
            open_boundaries.pop()
            return
        if line == delimiter:
            if depth + 1 < len(open_boundaries):
                raise NotWhole("a multipart in it is not closed")
            part = _headers(file)
            if part.get_content_maintype() == "multipart" and (inner := part.get_boundary()):
                open_boundaries.append(_delimiter(inner))
            return


def _delimiter(boundary: str) -> bytes:
    return b"--" + boundary.encode("utf-8", "surrogateescape")


def _headers(file: BinaryIO) -> Message:
    """The header lines from here to the empty line, which is read too."""
    lines: list[bytes] = []
    length = 0
    while line := file.readline(_LINE_BYTES):
        if not line.strip():
            return BytesHeaderParser().parsebytes(b"".join(lines))
        lines.append(line)
        length += len(line)
        if length > MAX_HEADER_BYTES:
            raise NotWhole("its headers have no end")
    raise NotWhole("it ends inside headers")
