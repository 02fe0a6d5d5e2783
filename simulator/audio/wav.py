"""WAV and WAV_ULAW: 8 kHz mono, four tones a second, repeated; the tones are a recording's own."""

import hashlib
import math
import struct
from array import array
from collections.abc import Iterator, Sequence

CONTENT_TYPE = "audio/wav"

RATE_HZ = 8_000
MAX_BYTES = (1 << 32) - 1
_PCM, _MULAW = 1, 7
_PCM_HEAD_BYTES, _MULAW_HEAD_BYTES = 44, 58
_CHUNK_S = 16


def pcm_size_bytes(_title: str, seconds: int) -> int:
    """Length of the whole file, 16-bit PCM."""
    return _PCM_HEAD_BYTES + seconds * RATE_HZ * 2


def pcm_seconds_in(size: int) -> int:
    """How many seconds make a file of about `size` bytes, and no more than RIFF's 32-bit lengths can say."""
    return max(1, min(size, MAX_BYTES - _PCM_HEAD_BYTES) // (RATE_HZ * 2))


def pcm_chunks(title: str, seconds: int) -> Iterator[bytes]:
    """The file, 16-bit PCM, some seconds at a time."""
    samples = tones(title)
    little_endian = struct.pack(f"<{RATE_HZ}h", *samples)
    data_bytes = seconds * RATE_HZ * 2
    yield _riff(_PCM_HEAD_BYTES + data_bytes, _format(_PCM, 16), data_bytes)
    yield from _repeated(little_endian, seconds)


def mulaw_size_bytes(_title: str, seconds: int) -> int:
    """Length of the whole file, G.711 μ-law."""
    return _MULAW_HEAD_BYTES + seconds * RATE_HZ


def mulaw_seconds_in(size: int) -> int:
    """How many seconds make a file of about `size` bytes, and no more than RIFF's 32-bit lengths can say."""
    return max(1, min(size, MAX_BYTES - _MULAW_HEAD_BYTES) // RATE_HZ)


def mulaw_chunks(title: str, seconds: int) -> Iterator[bytes]:
    """The file, G.711 μ-law, some seconds at a time."""
    data_bytes = seconds * RATE_HZ
    # Other codings than PCM carry their extension's length (0) and a fact chunk with the number of samples.
    extra = struct.pack("<H", 0) + struct.pack("<4sII", b"fact", 4, data_bytes)
    yield _riff(_MULAW_HEAD_BYTES + data_bytes, _format(_MULAW, 8, extension=2) + extra, data_bytes)
    yield from _repeated(bytes(map(mulaw, tones(title))), seconds)


def tones(title: str) -> Sequence[int]:
    """One second of 16-bit samples: four quarter-second tones between 200 and 1,200 Hz, chosen by the title."""
    quarter = RATE_HZ // 4
    samples = array("h")
    choices = struct.unpack(">4H", hashlib.blake2b(title.encode(), digest_size=8).digest())
    for choice in choices:
        step = 2 * math.pi * (200 + 4 * (choice % 251)) / RATE_HZ
        samples.extend(round(8_000 * math.sin(step * number)) for number in range(quarter))
    return samples


def mulaw(sample: int) -> int:
    """A 16-bit sample as a G.711 μ-law byte."""
    magnitude = min(abs(sample), 32_635) + 132
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~((0x80 if sample < 0 else 0) | exponent << 4 | mantissa) & 0xFF


def _format(coding: int, bits: int, extension: int = 0) -> bytes:
    frame_bytes = bits // 8
    return struct.pack(
        "<4sIHHIIHH", b"fmt ", 16 + extension, coding, 1, RATE_HZ, RATE_HZ * frame_bytes, frame_bytes, bits
    )


def _riff(file_bytes: int, chunks_before_data: bytes, data_bytes: int) -> bytes:
    head = struct.pack("<4sI4s", b"RIFF", file_bytes - 8, b"WAVE")
    return head + chunks_before_data + struct.pack("<4sI", b"data", data_bytes)


def _repeated(second: bytes, seconds: int) -> Iterator[bytes]:
    many = second * _CHUNK_S
    for _ in range(seconds // _CHUNK_S):
        yield many
    if seconds % _CHUNK_S:
        yield second * (seconds % _CHUNK_S)
