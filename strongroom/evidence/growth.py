"""How the log grows: entries stream in, tiles and bundles stream out, and at the end there is a new root.

Memory holds one unfinished tile a level, whatever the number of leaves. The same entries give the same bytes, so a run
that was interrupted is simply done again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice

from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.merkle import leaf_hash, merkle_tree_hash
from strongroom.evidence.tiles import (
    ENTRIES,
    FULL_WIDTH,
    ReadTile,
    Tile,
    join_entries,
    levels_of,
    row_length,
    split_entries,
    split_hashes,
    tile_at,
)


class Growth:
    """A log of some size that takes more entries.

    `size` and `root()` are those of all entries taken so far.
    """

    def __init__(self, old_size: int, old_root: bytes, read_tile: ReadTile) -> None:
        """Read the partial tiles of the old size and check them.

        Raises ProofRefused when they don't lead to the old root, or when the partial bundle's entries are not those of
        its tile: from such tiles the log would fork. Raises what `read_tile` raises.
        """
        self.size = old_size
        self._entries: list[bytes] = []
        self._levels: list[list[bytes]] = [[] for _ in levels_of(old_size)]
        for level, hashes in enumerate(self._levels):
            count = row_length(old_size, level)
            if count % FULL_WIDTH:
                tile = tile_at(old_size, level, count - 1)
                hashes.extend(split_hashes(tile, read_tile(tile)))
        if (found := self.root()) != old_root:
            raise ProofRefused(
                "the tiles do not lead to the root of the log",
                where=f"the right edge of a log of {old_size}",
                expected=old_root.hex(),
                found=found.hex(),
            )
        if old_size % FULL_WIDTH:
            bundle = tile_at(old_size, ENTRIES, old_size - 1)
            self._entries.extend(split_entries(bundle, read_tile(bundle)))
            _require_entries_of_tile(bundle, self._entries, self._levels[0])

    def append(self, entries: Iterable[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """Take the entries; give each tile and bundle of the new size with its bytes, as soon as it is known.

        Those are exactly `tiles_between(old size, new size)`. Take them all: the last are the partial ones. Raises
        ProofRefused for an entry that is too long for a bundle.
        """
        sha256 = hashlib.sha256
        old_size = self.size
        source = iter(entries)
        while taken := list(islice(source, FULL_WIDTH - self.size % FULL_WIDTH)):
            self._entries += taken
            self._push(0, [sha256(b"\x00" + entry).digest() for entry in taken])
            self.size += len(taken)
            if self.size % FULL_WIDTH == 0:
                yield Tile(ENTRIES, self.size // FULL_WIDTH - 1), join_entries(self._entries)
                self._entries = []
                yield from self._full_tiles()
        yield from self._partial_tiles(old_size)

    def root(self) -> bytes:
        """The root of the log as it is now."""
        right: list[bytes] = []
        for hashes in self._levels:
            if row := hashes + right:
                right = [merkle_tree_hash(row)]
        return merkle_tree_hash(right)

    def _full_tiles(self) -> Iterator[tuple[Tile, bytes]]:
        level = 0
        while len(hashes := self._levels[level]) == FULL_WIDTH:
            yield Tile(level, row_length(self.size, level) // FULL_WIDTH - 1), b"".join(hashes)
            self._levels[level] = []
            level += 1
            self._push(level, [merkle_tree_hash(hashes)])

    def _partial_tiles(self, old_size: int) -> Iterator[tuple[Tile, bytes]]:
        if self._entries and self.size > old_size:
            yield tile_at(self.size, ENTRIES, self.size - 1), join_entries(self._entries)
        for level, hashes in enumerate(self._levels):
            count = row_length(self.size, level)
            if hashes and count > row_length(old_size, level):
                yield tile_at(self.size, level, count - 1), b"".join(hashes)

    def _push(self, level: int, hashes: list[bytes]) -> None:
        if level == len(self._levels):
            self._levels.append([])
        self._levels[level] += hashes


def _require_entries_of_tile(bundle: Tile, entries: list[bytes], leaf_hashes: list[bytes]) -> None:
    for entry, expected in zip(entries, leaf_hashes, strict=True):
        if (found := leaf_hash(entry)) != expected:
            raise ProofRefused(
                "an entry is not the one its tile has the hash of",
                where=bundle.path,
                expected=expected.hex(),
                found=found.hex(),
            )
