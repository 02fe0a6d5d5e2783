"""The log as static resources: C2SP tlog-tiles (c2sp.org/tlog-tiles), "Merkle Tree" and "Log entries".

A hash tile of level L holds up to 256 hashes, each over 256**L leaves; an entry bundle holds the leaves of one tile of
level 0. Both are full, and final, or partial: the last of a level in a tree of some size.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.merkle import HASH_BYTES

FULL_WIDTH = 256
ENTRIES = -1
"""The level of an entry bundle, below the tiles of leaf hashes."""
MAX_ENTRY_BYTES = 65_535
"""The longest entry: its length is two bytes in a bundle."""

_TOP_LEVEL = 63
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, order=True)
class Tile:
    """A hash tile, or an entry bundle where the level is ENTRIES; `width` is how many hashes or entries it holds."""

    level: int
    index: int
    width: int = FULL_WIDTH

    @property
    def path(self) -> str:
        """Where it is below the log's prefix, such as `tile/0/x001/234` or `tile/entries/000.p/7`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        index, groups = self.index, [f"{self.index % 1000:03d}"]
        while index := index // 1000:
            groups.insert(0, f"x{index % 1000:03d}")
        partial = "" if self.width == FULL_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{partial}"


ReadTile = Callable[[Tile], bytes]
"""Gives the bytes of a tile that stands; raises as its storage does."""


def parse_tile_path(path: str) -> Tile:
    """The tile at a path below the log's prefix. Raises ProofRefused when it is not the one path of a tile."""
    if found := _PATH.fullmatch(path):
        level = ENTRIES if found[1] == "entries" else int(found[1])
        tile = Tile(level, int(found[2].replace("x", "").replace("/", "")), int(found[3] or FULL_WIDTH))
        # one path for one tile: no leading group of zeros, no width of 256 or more after .p/
        if tile.level <= _TOP_LEVEL and tile.width <= FULL_WIDTH and tile.path == path:
            return tile
    raise ProofRefused("not the path of a tile", where="a tile log", expected="tile/<L>/<N>[.p/<W>]", found=repr(path))


def row_length(size: int, level: int) -> int:
    """How many hashes a tree of `size` leaves has at a level of tiles, or how many entries."""
    return size >> 8 * max(level, 0)


def tile_at(size: int, level: int, position: int) -> Tile:
    """The tile of a tree of `size` leaves that holds the hash or entry at this position of its level."""
    index = position // FULL_WIDTH
    return Tile(level, index, min(FULL_WIDTH, row_length(size, level) - index * FULL_WIDTH))


def levels_of(size: int) -> range:
    """The levels of hash tiles that a tree of `size` leaves has."""
    return range((size.bit_length() + 7) // 8)


def tiles_between(old_size: int, new_size: int) -> Iterator[Tile]:
    """The tiles and bundles that stand for `new_size` and not yet for `old_size`: what has to be written, lowest first.

    A partial tile of a size in between is none of them: only sizes with a checkpoint have one.
    """
    for level in (ENTRIES, *levels_of(new_size)):
        old, new = row_length(old_size, level), row_length(new_size, level)
        for index in range(old // FULL_WIDTH, -(-new // FULL_WIDTH)):
            tile = tile_at(new_size, level, index * FULL_WIDTH)
            if index * FULL_WIDTH + tile.width > old:
                yield tile


def edge_tiles(size: int) -> list[Tile]:
    """The last bundle and the last tile of each level.

    The root of `size`, the proof of its last leaf and the tree's growth are computed from these alone, and the proof of
    any other leaf needs them besides the tiles that the leaf itself is in.
    """
    return [tile_at(size, level, row_length(size, level) - 1) for level in (ENTRIES, *levels_of(size)) if size]


def split_hashes(tile: Tile, content: bytes) -> list[bytes]:
    """The hashes a hash tile holds. Raises ProofRefused when it is not as long as its width says."""
    if len(content) != tile.width * HASH_BYTES:
        raise ProofRefused(
            "the tile has another length",
            where=tile.path,
            expected=f"{tile.width * HASH_BYTES} bytes",
            found=f"{len(content)} bytes",
        )
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def join_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry after its length, 16 bits, big-endian. Raises ProofRefused for a longer entry."""
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ProofRefused(
                "the entry is too long for a bundle",
                where="an entry of the log",
                expected=f"at most {MAX_ENTRY_BYTES} bytes",
                found=f"{len(entry)} bytes",
            )
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def split_entries(bundle: Tile, content: bytes) -> list[bytes]:
    """The entries a bundle holds. Raises ProofRefused when it is cut off or does not hold as many as its width says."""
    entries: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if end > len(content):
            raise ProofRefused(
                "the entry bundle is cut off",
                where=bundle.path,
                expected=f"an entry up to byte {end}",
                found=f"{len(content)} bytes",
            )
        entries.append(content[at + 2 : end])
        at = end
    if len(entries) != bundle.width:
        raise ProofRefused(
            "the entry bundle holds another number of entries",
            where=bundle.path,
            expected=bundle.width,
            found=len(entries),
        )
    return entries
