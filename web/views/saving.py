"""What a file may be called where it is saved: a name in a header and in a shell must be nothing but a name."""

import re

from strongroom.legal.requests import RequestedFile

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 120


def saved_as(file: RequestedFile) -> str:
    """The sender's name for an attachment, else the key's last part, in letters, digits, dots, dashes; never hidden."""
    name = file.file_name or file.key.rsplit("/", 1)[-1]
    safe = _NOT_PLAIN.sub("_", name).strip("._-")[-_LONGEST:].lstrip("._-")
    return safe or f"file-{file.file_id}"
