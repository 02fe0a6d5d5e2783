"""What a file may be called where it is saved: a name in a header and in a shell must be nothing but a name."""

import re

from strongroom.legal.requests import RequestedFile

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 120


def saved_as(file: RequestedFile) -> str:
    """The sender's name for an attachment, else the key's last part, made plain."""
    return saved_name(file.file_name or file.key.rsplit("/", 1)[-1], file.file_id)


def saved_name(name: str, file_id: int) -> str:
    """Letters, digits, dots, dashes and underscores; never hidden, never an option, never a path."""
    safe = _NOT_PLAIN.sub("_", name).strip("._-")[-_LONGEST:].lstrip("._-")
    return safe or f"file-{file_id}"
