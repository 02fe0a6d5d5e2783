"""WAV: a RIFF file (Microsoft and IBM, Multimedia Programming Interface 1.0), or RF64 (EBU Tech 3306) above 4 GiB."""

import struct
from typing import BinaryIO

from strongroom.genesys.formats.damage import NotWhole, read_exactly

_IN_DS64 = 0xFFFFFFFF
_MAX_CHUNKS = 10_000


def check(file: BinaryIO, size: int) -> None:
    """The RIFF size is the file's, and the chunks, with `fmt ` and `data` among them, fill it to its last byte."""
    form, riff_size, _ = struct.unpack("<4sI4s", read_exactly(file, 12, "the RIFF header"))
    data_size = None
    if form == b"RF64":
        name, _, riff_size, data_size = struct.unpack("<4sIQQ", read_exactly(file, 24, "the ds64 chunk"))
        if name != b"ds64":
            raise NotWhole("an RF64 file without ds64 chunk")
    # The pad byte after a last chunk of odd length is often counted and left out.
    if riff_size + 8 != size and riff_size + 8 != size + size % 2:
        raise NotWhole(f"the RIFF header counts {riff_size + 8} bytes and the file has {size}")
    position = 12
    names: set[bytes] = set()
    for _ in range(_MAX_CHUNKS):
        if position in {size, size + 1}:
            if not {b"fmt ", b"data"} <= names:
                raise NotWhole("no fmt or no data chunk")
            return
        file.seek(position)
        name, length = struct.unpack("<4sI", read_exactly(file, 8, "a chunk's header"))
        if name == b"data" and length == _IN_DS64 and data_size is not None:
            length = data_size
        names.add(name)
        if position + 8 + length > size:
            raise NotWhole(f"a chunk reaches to byte {position + 8 + length} and the file has {size}")
        position += 8 + length + length % 2
    raise NotWhole(f"more than {_MAX_CHUNKS} chunks")
