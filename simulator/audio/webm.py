"""WEBM: Opus silence in a WebM file (Matroska, RFC 9559; EBML, RFC 8794), one cluster a second, every size known."""

import struct
from collections.abc import Iterator

from simulator.audio import opus
from simulator.audio.ebml import element, number, opening, webm_header

CONTENT_TYPE = "audio/webm"

_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_TRACK_NUMBER, _MS_PER_PACKET = 1, 20


def size_bytes(title: str, seconds: int) -> int:
    """Length of the whole file."""
    return len(_head(title, seconds)) + seconds * _CLUSTER_BYTES


def seconds_in(size: int) -> int:
    """How many seconds make a file of about `size` bytes."""
    return max(1, size // _CLUSTER_BYTES)


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
    audio = element(0xE1, element(0xB5, struct.pack(">d", 48_000)), number(0x9F, 1))
    track = element(
        0xAE,
        number(0xD7, _TRACK_NUMBER), number(0x73C5, 1), number(0x83, 2), element(0x86, b"A_OPUS"),
        number(0x56AA, opus.PRE_SKIP * 1_000_000_000 // 48_000), number(0x56BB, 80_000_000),
        element(0x63A2, opus.HEAD), audio,
    )  # fmt: skip
    content = info + element(_TRACKS, track)
    return webm_header() + opening(_SEGMENT, len(content) + seconds * _CLUSTER_BYTES) + content


def _cluster(second: int) -> bytes:
    return element(_CLUSTER, number(0xE7, second * 1000), _BLOCKS)


_BLOCKS = b"".join(
    element(0xA3, struct.pack(">BhB", 0x80 | _TRACK_NUMBER, packet * _MS_PER_PACKET, 0x80), opus.SILENCE)
    for packet in range(opus.PACKETS_PER_S)
)
_CLUSTER_BYTES = len(_cluster(0))
