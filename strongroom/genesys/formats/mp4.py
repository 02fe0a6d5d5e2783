"""MP4: boxes of the ISO base media file format (ISO/IEC 14496-12, section 4.2)."""

import struct
from typing import BinaryIO

from strongroom.genesys.formats.damage import NotWhole, read_exactly

_MAX_BOXES = 1_000_000


def check(file: BinaryIO, size: int) -> None:
    """The boxes, with `ftyp`, `moov` and `mdat` among them, fill the file to its last byte."""
    position = 0
    names: set[bytes] = set()
    for _ in range(_MAX_BOXES):
        if position == size:
            if not {b"ftyp", b"moov", b"mdat"} <= names:
                raise NotWhole("no ftyp, moov or mdat box")
            return
        file.seek(position)
        length, name = struct.unpack(">I4s", read_exactly(file, 8, "a box's header"))
        least = 8
        if length == 1:
            (length,) = struct.unpack(">Q", read_exactly(file, 8, "a box's header"))
            least = 16
        elif length == 0:
            raise NotWhole(f"the box at byte {position} goes on to the end, wherever that was meant to be")
        if length < least or not name.isascii() or not name.decode("ascii").isprintable():
            raise NotWhole(f"no box begins at byte {position}, where one must")
        if position + length > size:
            raise NotWhole(f"a box reaches to byte {position + length} and the file has {size}")
        names.add(name)
        position += length
    raise NotWhole(f"more than {_MAX_BOXES} boxes")
