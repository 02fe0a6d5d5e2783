"""Roots and proofs out of tiles alone: what a reader who has nothing but the log's static resources computes."""

from strongroom.evidence.merkle import consistency_proof, inclusion_proof, merkle_tree_hash, split_point
from strongroom.evidence.tiles import FULL_WIDTH, ReadTile, Tile, split_hashes, tile_at


class TileTree:
    """The tree of one size as its tiles tell it. Each tile is read once, and as few as the question needs.

    What comes out is as true as the tiles are: compare it with a root that a checkpoint signs.
    Every method raises ProofRefused for a tile of the wrong length, and what `read_tile` raises.
    """

    def __init__(self, size: int, read_tile: ReadTile) -> None:
        self.size = size
        self._read_tile = read_tile
        self._hashes: dict[Tile, list[bytes]] = {}

    def root(self) -> bytes:
        """The root of the tree."""
        return self.range_hash(0, self.size)

    def inclusion_proof(self, leaf_index: int) -> list[bytes]:
        """The proof that a leaf is under the root (RFC 9162 section 2.1.3.1). ProofRefused: there is no such leaf."""
        return inclusion_proof(leaf_index, self.size, self.range_hash)

    def consistency_proof(self, first: int) -> list[bytes]:
        """The proof that the tree begins with the one of `first` leaves (RFC 9162 section 2.1.4.1).

        Raises ProofRefused when that one is larger.
        """
        return consistency_proof(first, self.size, self.range_hash)

    def range_hash(self, start: int, end: int) -> bytes:
        """MTH(D[start:end]) of a subtree that a proof may ask for: complete and aligned, or at the right edge."""
        leaves = end - start
        if leaves & (leaves - 1):
            middle = start + split_point(leaves)
            return merkle_tree_hash([self.range_hash(start, middle), self.range_hash(middle, end)])
        if leaves == 0:
            return merkle_tree_hash([])
        level = (leaves.bit_length() - 1) // 8
        first, last = start >> 8 * level, end >> 8 * level
        tile = tile_at(self.size, level, first)
        at = first % FULL_WIDTH
        return merkle_tree_hash(self._hashes_of(tile)[at : at + last - first])

    def _hashes_of(self, tile: Tile) -> list[bytes]:
        if tile not in self._hashes:
            self._hashes[tile] = split_hashes(tile, self._read_tile(tile))
        return self._hashes[tile]
