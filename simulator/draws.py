"""Seeded draws: the same seed and names give the same numbers, whenever and in whatever order asked."""

import hashlib
import random
import uuid


def digest(seed: int, *names: object, size: int = 8) -> bytes:
    """`size` bytes (at most 64) that depend on nothing but the seed and the names."""
    return hashlib.blake2b("\x1f".join(map(str, (seed, *names))).encode(), digest_size=size).digest()


def generator(seed: int, *names: object) -> random.Random:
    """A generator of its own for one thing, so that drawing more for one never shifts another."""
    return random.Random(int.from_bytes(digest(seed, *names), "big"))


def identifier(seed: int, *names: object) -> str:
    """A UUID (version 4 in form) for one thing."""
    return str(uuid.UUID(bytes=digest(seed, *names, size=16), version=4))
