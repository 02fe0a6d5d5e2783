"""Logs in memory, for tests: entries, and the tiles that the archive makes of them."""

from collections.abc import Sequence

from strongroom.evidence.growth import Growth
from strongroom.evidence.merkle import EMPTY_ROOT, RangeHash, leaf_hash, merkle_tree_hash
from strongroom.evidence.tiles import Tile


def entries(count: int, first: int = 0) -> list[bytes]:
    """Entries no two of which are the same, of several lengths."""
    return [b"%d," % number * (number % 5 + 1) for number in range(first, first + count)]


def grown(sizes: Sequence[int]) -> tuple[dict[Tile, bytes], bytes]:
    """A log that grew from checkpoint to checkpoint: its tiles and its root."""
    tiles: dict[Tile, bytes] = {}
    size, root = 0, EMPTY_ROOT
    for new_size in sizes:
        growth = Growth(size, root, tiles.__getitem__)
        for tile, content in growth.append(entries(new_size - size, size)):
            assert tile not in tiles, "a tile is written once"
            tiles[tile] = content
        size, root = growth.size, growth.root()
    return tiles, root


def leaves_of(count: int) -> list[bytes]:
    """The leaf hashes of `entries(count)`."""
    return [leaf_hash(entry) for entry in entries(count)]


def plain_range(leaves: Sequence[bytes]) -> RangeHash:
    """MTH over any range, from all leaf hashes."""
    return lambda start, end: merkle_tree_hash(leaves[start:end])


def flipped(content: bytes, bit: int) -> bytes:
    """The same bytes with one bit the other way round."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
