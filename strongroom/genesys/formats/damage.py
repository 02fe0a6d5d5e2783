"""What a check says when a file is not whole, and the one way it reads."""

from typing import BinaryIO


class NotWhole(Exception):
    """A file is short, overlong or broken; the text says where, in bytes."""


def read_exactly(file: BinaryIO, length: int, what: str) -> bytes:
    """The next `length` bytes. Raises NotWhole, naming `what` was being read, when the file ends before."""
    data = file.read(length)
    if len(data) < length:
        raise NotWhole(f"it ends inside {what}")
    return data
