"""EBML elements (RFC 8794), which Matroska and WebM files (RFC 9559) are made of."""


def element(identity: int, *content: bytes) -> bytes:
    """An element whole."""
    body = b"".join(content)
    return opening(identity, len(body)) + body


def opening(identity: int, size: int) -> bytes:
    """An element's id and its size in bytes as an eight-byte variable-length integer."""
    return identity.to_bytes((identity.bit_length() + 7) // 8, "big") + (1 << 56 | size).to_bytes(8, "big")


def number(identity: int, value: int) -> bytes:
    """An element that holds an unsigned integer."""
    return element(identity, value.to_bytes(8, "big"))


def webm_header() -> bytes:
    """The document header of a WebM file."""
    return element(
        0x1A45DFA3,
        number(0x4286, 1), number(0x42F7, 1), number(0x42F2, 4), number(0x42F3, 8),
        element(0x4282, b"webm"), number(0x4287, 4), number(0x4285, 2),
    )  # fmt: skip
