"""Opus as every container here carries it: mono, 20 ms a packet, fifty packets a second (RFC 6716, RFC 7845)."""

import struct

PACKETS_PER_S = 50
SAMPLES_PER_PACKET = 960
PRE_SKIP = 312

SILENCE = b"\xf8\xff\xfe"
"""A CELT full-band 20 ms mono packet that decodes to silence."""

HEAD = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, PRE_SKIP, 8_000, 0, 0)
"""The identification header of RFC 7845 section 5.1: version 1, mono, 8 kHz input, no gain, mapping family 0."""


def tags(title: str) -> bytes:
    """The comment header of RFC 7845 section 5.2, with a title."""
    vendor, comment = b"strongroom simulator", f"TITLE={title}".encode()
    lengths = struct.pack("<I", len(vendor)) + vendor + struct.pack("<II", 1, len(comment))
    return b"OpusTags" + lengths + comment
