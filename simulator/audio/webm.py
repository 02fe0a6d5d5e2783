"""WEBM: Opus silence in a WebM file (Matroska, RFC 9559; EBML, RFC 8794), one cluster a second, every size known."""

import struct
from collections.abc import Iterator

from simulator.audio import opus

CONTENT_TYPE = "audio/webm"

_EBML, _SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
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
    ebml = _element(
        _EBML,
        _number(0x4286, 1), _number(0x42F7, 1), _number(0x42F2, 4), _number(0x42F3, 8),
        _element(0x4282, b"webm"), _number(0x4287, 4), _number(0x4285, 2),
    )  # fmt: skip
    info = _element(
        _INFO,
        _number(0x2AD7B1, 1_000_000),  # TimestampScale: milliseconds
        _element(0x4489, struct.pack(">d", seconds * 1000)),
        _element(0x7BA9, title.encode()),
        _element(0x4D80, b"strongroom simulator"),
        _element(0x5741, b"strongroom simulator"),
    )
    audio = _element(0xE1, _element(0xB5, struct.pack(">d", 48_000)), _number(0x9F, 1))
    track = _element(
        0xAE,
        _number(0xD7, _TRACK_NUMBER), _number(0x73C5, 1), _number(0x83, 2), _element(0x86, b"A_OPUS"),
        _number(0x56AA, opus.PRE_SKIP * 1_000_000_000 // 48_000), _number(0x56BB, 80_000_000),
        _element(0x63A2, opus.HEAD), audio,
    )  # fmt: skip
    content = info + _element(_TRACKS, track)
    return ebml + _open(_SEGMENT, len(content) + seconds * _CLUSTER_BYTES) + content


def _element(identity: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return _open(identity, len(body)) + body


def _open(identity: int, size: int) -> bytes:
    """An element's id and its size as an eight-byte variable-length integer."""
    return identity.to_bytes((identity.bit_length() + 7) // 8, "big") + (1 << 56 | size).to_bytes(8, "big")


def _number(identity: int, value: int) -> bytes:
    return _element(identity, value.to_bytes(8, "big"))


def _cluster(second: int) -> bytes:
    return _element(_CLUSTER, _number(0xE7, second * 1000), _BLOCKS)


_BLOCKS = b"".join(
    _element(0xA3, struct.pack(">BhB", 0x80 | _TRACK_NUMBER, number * _MS_PER_PACKET, 0x80), opus.SILENCE)
    for number in range(opus.PACKETS_PER_S)
)
_CLUSTER_BYTES = len(_cluster(0))
