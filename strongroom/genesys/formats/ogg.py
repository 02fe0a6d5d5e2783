"""Ogg (RFC 3533): pages with a checksum each, the last of every stream marked as its end."""

import struct
import zlib
from typing import BinaryIO

from strongroom.genesys.formats.damage import NotWhole, read_exactly

_BEGINS, _ENDS = 0x02, 0x04
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def page_checksum(page: bytes) -> int:
    """The CRC of a page whose checksum field is zero (RFC 3533, section 6): 0x04c11db7, no reflection, from zero.

    zlib's CRC-32 is the same polynomial with the bits of every byte and of the result turned round.
    """
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(reflected.to_bytes(4, "little").translate(_REVERSED), "big")


def check(file: BinaryIO, size: int) -> None:
    """Pages follow each other to the last byte, each with its checksum and its turn, and every stream has its end."""
    next_page: dict[int, int] = {}
    ended: set[int] = set()
    position = 0
    while position < size:
        header = read_exactly(file, 27, "a page's header")
        capture, version, flags, _, serial, number, checksum, segments = struct.unpack("<4sBBQIIIB", header)
        if capture != b"OggS" or version != 0:
            raise NotWhole(f"no page begins at byte {position}, where one must")
        lacing = read_exactly(file, segments, "a page's segment table")
        body = read_exactly(file, sum(lacing), "a page")
        if page_checksum(header[:22] + bytes(4) + header[26:] + lacing + body) != checksum:
            raise NotWhole(f"the page at byte {position} fails its checksum")
        # A serial number is unique in a file: a second beginning is the same file once more.
        if serial in ended or bool(flags & _BEGINS) == (serial in next_page):
            raise NotWhole(f"the page at byte {position} comes before its stream begins or after it ended")
        if number != next_page.get(serial, number):
            raise NotWhole(f"a page is missing before byte {position}")
        next_page[serial] = number + 1
        if flags & _ENDS:
            ended.add(serial)
        position += len(header) + len(lacing) + len(body)
    if not ended or ended != next_page.keys():
        raise NotWhole("the last page of a stream is missing")
