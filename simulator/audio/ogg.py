"""OGG_OPUS: the original codec. Silence in an Ogg stream (RFC 3533, RFC 7845), one page a second."""

import hashlib
import struct
import zlib
from collections.abc import Iterator

from simulator.audio import opus

CONTENT_TYPE = "audio/ogg"

_BEGINNING, _END = 0x02, 0x04
_PAGE_HEADER_BYTES = 27
_SECOND = opus.SILENCE * opus.PACKETS_PER_S
_PAGE_BYTES = _PAGE_HEADER_BYTES + opus.PACKETS_PER_S + len(_SECOND)
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def size_bytes(title: str, seconds: int) -> int:
    """Length of the whole file."""
    tags = opus.tags(title)
    return 2 * (_PAGE_HEADER_BYTES + 1) + len(opus.HEAD) + len(tags) + seconds * _PAGE_BYTES


def seconds_in(size: int) -> int:
    """How many seconds make a file of about `size` bytes."""
    return max(1, size // _PAGE_BYTES)


def chunks(title: str, seconds: int) -> Iterator[bytes]:
    """The file, a page at a time. The title is in its comment header; the stream's serial number comes from it."""
    serial = int.from_bytes(hashlib.blake2b(title.encode(), digest_size=4).digest(), "big")
    yield _page(serial, 0, _BEGINNING, 0, [opus.HEAD])
    yield _page(serial, 1, 0, 0, [opus.tags(title)])
    packets = [opus.SILENCE] * opus.PACKETS_PER_S
    for second in range(1, seconds + 1):
        granule = second * opus.PACKETS_PER_S * opus.SAMPLES_PER_PACKET  # the pre-skip is part of it
        yield _page(serial, second + 1, _END if second == seconds else 0, granule, packets)


def checksum(page: bytes) -> int:
    """Ogg's CRC-32 (polynomial 04C11DB7, not reflected, start 0) of a page whose checksum field is zero.

    It is zlib's CRC with the bits of each byte and of the result in the other order, so zlib does the work.
    """
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(reflected.to_bytes(4, "little").translate(_REVERSED), "big")


def _page(serial: int, number: int, flags: int, granule: int, packets: list[bytes]) -> bytes:
    """A page of whole packets, each shorter than 255 bytes, so that its lacing is its length."""
    lacing = bytes(map(len, packets))
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, number & 0xFFFFFFFF, 0)
    page = head + bytes([len(packets)]) + lacing + b"".join(packets)
    return page[:22] + struct.pack("<I", checksum(page)) + page[26:]
