"""MP3: silence in MPEG-1 Layer III frames, 32 kbit/s, 32 kHz, mono: 144 bytes and 36 ms each."""

import hashlib
from collections.abc import Iterator

CONTENT_TYPE = "audio/mpeg"

FRAME_BYTES = 144
_FRAMES_PER_9_S = 250
_HEADER = bytes((0xFF, 0xFB, 0x18, 0xC4))
_SIDE_INFORMATION = bytes(17)  # all zero: no scale factors, no spectrum, so silence
_MANY = 256


def size_bytes(_title: str, seconds: int) -> int:
    """Length of the whole file."""
    return _frames(seconds) * FRAME_BYTES


def seconds_in(size: int) -> int:
    """How many seconds make a file of about `size` bytes."""
    return max(1, size * 9 // (FRAME_BYTES * _FRAMES_PER_9_S))


def chunks(title: str, seconds: int) -> Iterator[bytes]:
    """The file, many frames at a time. Each frame's ancillary bytes, which no decoder plays, say whose it is."""
    ancillary = hashlib.blake2b(title.encode(), digest_size=16).digest()
    frame = (_HEADER + _SIDE_INFORMATION + ancillary).ljust(FRAME_BYTES, b"\0")
    frames = _frames(seconds)
    for _ in range(frames // _MANY):
        yield frame * _MANY
    if frames % _MANY:
        yield frame * (frames % _MANY)


def _frames(seconds: int) -> int:
    return -(-seconds * _FRAMES_PER_9_S // 9)
