"""OGG_OPUS: the original codec. Silence in an Ogg stream (RFC 3533, RFC 7845), five seconds a page."""

import hashlib
import struct
import zlib
from collections.abc import Iterator

from simulator.audio import opus

CONTENT_TYPE = "audio/ogg"

_BEGINNING, _END = 0x02, 0x04
_PAGE_HEADER_BYTES = 27
_PAGE_S = 5  # 250 packets: a page holds 255 at most
_BYTES_PER_S = opus.PACKETS_PER_S * (1 + len(opus.SILENCE))
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def size_bytes(title: str, seconds: int) -> int:
    """Length of the whole file."""
    tags = opus.tags(title)
    pages = 2 + -(-seconds // _PAGE_S)
    return pages * _PAGE_HEADER_BYTES + 2 + len(opus.HEAD) + len(tags) + seconds * _BYTES_PER_S


def seconds_in(size: int) -> int:
    """How many seconds make a file of about `size` bytes."""
    return max(1, size * _PAGE_S // (_PAGE_S * _BYTES_PER_S + _PAGE_HEADER_BYTES))


def chunks(title: str, seconds: int) -> Iterator[bytes]:
    """The file, a page at a time. The title is in its comment header; the stream's serial number comes from it."""
    serial = int.from_bytes(hashlib.blake2b(title.encode(), digest_size=4).digest(), "big")
    yield _page(serial, 0, _BEGINNING, 0, opus.HEAD, packets=1)
    yield _page(serial, 1, 0, 0, opus.tags(title), packets=1)
    for number, begin in enumerate(range(0, seconds, _PAGE_S), start=2):
        end = min(begin + _PAGE_S, seconds)
        granule = end * opus.PACKETS_PER_S * opus.SAMPLES_PER_PACKET  # the pre-skip is part of it
        packets = (end - begin) * opus.PACKETS_PER_S
        yield _page(serial, number, _END if end == seconds else 0, granule, opus.SILENCE * packets, packets)


def checksum(page: bytes) -> int:
    """Ogg's CRC-32 (polynomial 04C11DB7, not reflected, start 0) of a page whose checksum field is zero.

    It is zlib's CRC with the bits of each byte and of the result in the other order, so zlib does the work.
    """
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(reflected.to_bytes(4, "little").translate(_REVERSED), "big")


def _page(serial: int, number: int, flags: int, granule: int, body: bytes, packets: int) -> bytes:
    """A page of whole packets of one size, shorter than 255 bytes each, so that the lacing of each is its size."""
    lacing = bytes([len(body) // packets]) * packets
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, serial, number, 0, packets)
    page = head + lacing + body
    return page[:22] + struct.pack("<I", checksum(page)) + page[26:]
