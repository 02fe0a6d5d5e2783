"""How long audio lasts, by its own structure: what a recording covers of its session can be told from it."""

import struct
from pathlib import Path

from strongroom.genesys.formats.damage import NotWhole, read_exactly

_HEAD_BYTES = 4_096
_TAIL_BYTES = 128 * 1024
"""A page of Ogg is shorter than 64 KiB (RFC 3533, section 6): the last one begins in here."""
_OPUS_RATE = 48_000
"""Granules of Opus count 48,000 a second, whatever was recorded (RFC 7845, section 4)."""


def ogg_s(path: Path) -> float | None:
    """Seconds of an Ogg file with one Opus or Vorbis stream; None for others."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    rate = _rate(head)
    last = tail.rfind(b"OggS\x00")
    if rate is None or last < 0 or len(tail) < last + 14:
        return None
    granule: int = struct.unpack_from("<q", tail, last + 6)[0]
    return granule / rate if granule >= 0 else None


def wav_s(path: Path) -> float | None:
    """Seconds of a WAV file by its byte rate; None where it says none."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        at = head.find(b"fmt ")
        if at < 0:
            return None
        file.seek(at + 8)
        try:
            _, _, _, bytes_a_second = struct.unpack("<HHII", read_exactly(file, 12, "the fmt chunk"))
        except NotWhole:
            return None
    return path.stat().st_size / bytes_a_second if bytes_a_second else None


def _rate(head: bytes) -> int | None:
    if b"OpusHead" in head:
        return _OPUS_RATE
    vorbis = head.find(b"\x01vorbis")
    # Vorbis I specification, section 4.2.2: version, channels, then the sample rate
    if vorbis < 0 or len(head) < vorbis + 16:
        return None
    rate: int = struct.unpack_from("<I", head, vorbis + 12)[0]
    return rate or None
