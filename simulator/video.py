"""Screen recordings: a WebM file of one VP8 track (RFC 6386), a grey key frame a second, every size known."""

import struct
from collections.abc import Iterator

from simulator.audio.ebml import element, number, opening, webm_header

CONTENT_TYPE = "video/webm"
WIDTH, HEIGHT = 64, 48

_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_TRACK_NUMBER = 1
_FIRST_PARTITION = bytes(64)
# RFC 6386 section 9.1: a shown key frame, the size of its first partition, the start code, width and height
_FRAME = (
    (len(_FIRST_PARTITION) << 5 | 0b1_000_0).to_bytes(3, "little")
    + b"\x9d\x01\x2a"
    + struct.pack("<HH", WIDTH, HEIGHT)
    + _FIRST_PARTITION
    + bytes(64)
)


def size_bytes(title: str, seconds: int) -> int:
    """Length of the whole file."""
    return len(_head(title, seconds)) + seconds * _CLUSTER_BYTES


def chunks(title: str, seconds: int) -> Iterator[bytes]:
    """The file, a second at a time; the title is in its segment information."""
    yield _head(title, seconds)
    for second in range(seconds):
        yield _cluster(second)


def _head(title: str, seconds: int) -> bytes:
    info = element(
        _INFO,
        number(0x2AD7B1, 1_000_000),  # TimestampScale: milliseconds
        element(0x4489, struct.pack(">d", seconds * 1000)),
        element(0x7BA9, title.encode()),
        element(0x4D80, b"strongroom simulator"),
        element(0x5741, b"strongroom simulator"),
    )
    track = element(
        0xAE,
        number(0xD7, _TRACK_NUMBER), number(0x73C5, 1), number(0x83, 1), element(0x86, b"V_VP8"),
        element(0xE0, number(0xB0, WIDTH), number(0xBA, HEIGHT)),
    )  # fmt: skip
    content = info + element(_TRACKS, track)
    return webm_header() + opening(_SEGMENT, len(content) + seconds * _CLUSTER_BYTES) + content


def _cluster(second: int) -> bytes:
    block = element(0xA3, struct.pack(">BhB", 0x80 | _TRACK_NUMBER, 0, 0x80), _FRAME)
    return element(_CLUSTER, number(0xE7, second * 1000), block)


_CLUSTER_BYTES = len(_cluster(0))
