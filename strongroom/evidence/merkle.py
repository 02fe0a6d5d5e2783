"""The Merkle tree of RFC 6962 section 2.1 with SHA-256, and the proofs of RFC 9162 sections 2.1.3 and 2.1.4.

MTH, PATH, PROOF, `fn`, `sn`, `fr`, `sr` are the RFCs' names. A size is a number of leaves; leaves count from 0. A proof
binds a leaf or an older root to a root; that a root belongs to a size is what a checkpoint's signature says.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

from strongroom.evidence.errors import ProofRefused

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

RangeHash = Callable[[int, int], bytes]
"""MTH(D[start:end]): the hash over the leaves from start (included) to end (excluded)."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf (RFC 6962 section 2.1): its prefix sets it apart from a node's."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def merkle_tree_hash(hashes: Sequence[bytes]) -> bytes:
    """MTH over leaf hashes, or over the hashes of equal, complete subtrees of which the last alone may be incomplete.

    Level by level, the odd one out rising as it is: that is the RFC's split at the largest power of two.
    """
    if not hashes:
        return EMPTY_ROOT
    sha256 = hashlib.sha256
    row = list(hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return row[0]


def split_point(size: int) -> int:
    """The RFCs' k: the largest power of two smaller than `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaf_index: int, tree_size: int, mth: RangeHash) -> list[bytes]:
    """PATH(m, D_n): the hashes that lead from a leaf to the root (RFC 9162 section 2.1.3.1).

    Raises ProofRefused when the tree has no such leaf.
    """
    _require_leaf(leaf_index, tree_size)
    path: list[bytes] = []
    start, end = 0, tree_size
    while end - start > 1:
        middle = start + split_point(end - start)
        if leaf_index < middle:
            path.append(mth(middle, end))
            end = middle
        else:
            path.append(mth(start, middle))
            start = middle
    return path[::-1]


def consistency_proof(first: int, second: int, mth: RangeHash) -> list[bytes]:
    """PROOF(m, D_n): what shows that a tree of `second` leaves begins with one of `first` (RFC 9162 section 2.1.4.1).

    Empty when the sizes are equal, and for the empty tree, with which every tree begins. Raises ProofRefused when first
    is the larger.
    """
    _require_order(first, second)
    path: list[bytes] = []
    start, end = 0, second
    while 0 < first < end:
        middle = start + split_point(end - start)
        if first <= middle:
            path.append(mth(middle, end))
            end = middle
        else:
            path.append(mth(start, middle))
            start = middle
    # SUBPROOF(m, D[m], b): where the older tree is this whole subtree, a verifier has its hash already: the older root.
    if start > 0:
        path.append(mth(start, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, leaf_index: int, tree_size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with this hash stands at this place under this root (RFC 9162 section 2.1.3.2).

    Raises ProofRefused.
    """
    where = f"inclusion of leaf {leaf_index} in a tree of {tree_size}"
    _require_leaf(leaf_index, tree_size)
    _require_hashes([leaf, root, *path], where)
    fn, sn = leaf_index, tree_size - 1
    r = leaf
    for p in path:
        if sn == 0:
            raise _wrong_length(path, where)
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise _wrong_length(path, where)
    _require_root("the proof leads to another root", root, r, where)


def verify_consistency(first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes) -> None:
    """Check that the tree with the second root begins with that of the first (RFC 9162 section 2.1.4.2).

    Equal sizes need equal roots and no path, the empty tree its own root and no path. Raises ProofRefused.
    """
    where = f"consistency of tree sizes {first} and {second}"
    _require_order(first, second)
    _require_hashes([first_root, second_root, *path], where)
    if first in {0, second}:
        if path:
            raise _wrong_length(path, where)
        _require_root("the older root is another", EMPTY_ROOT if first == 0 else second_root, first_root, where)
        if second == 0:
            _require_root("the root of the empty tree is another", EMPTY_ROOT, second_root, where)
        return
    hashes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not path:
        raise _wrong_length(path, where)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = hashes[0]
    for c in hashes[1:]:
        if sn == 0:
            raise _wrong_length(path, where)
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise _wrong_length(path, where)
    _require_root("the proof leads to another older root", first_root, fr, where)
    _require_root("the proof leads to another newer root", second_root, sr, where)


class Frontier:
    """The right edge of a growing tree: the root after any number of leaves, in memory for their logarithm."""

    def __init__(self) -> None:
        self.size = 0
        # the complete subtrees, left to right: one for each bit that is set in the size
        self._subtrees: list[bytes] = []

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaves by their hashes."""
        sha256, subtrees, size = hashlib.sha256, self._subtrees, self.size
        for leaf in leaf_hashes:
            node, left = leaf, size
            while left & 1:
                node = sha256(b"\x01" + subtrees.pop() + node).digest()
                left >>= 1
            subtrees.append(node)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._subtrees:
            return EMPTY_ROOT
        *rest, root = self._subtrees
        for subtree in reversed(rest):
            root = node_hash(subtree, root)
        return root


def _require_leaf(leaf_index: int, tree_size: int) -> None:
    if not 0 <= leaf_index < tree_size:
        raise ProofRefused(
            "the tree has no such leaf",
            where=f"a tree of {tree_size}",
            expected=f"a leaf below {tree_size}",
            found=leaf_index,
        )


def _require_order(first: int, second: int) -> None:
    if not 0 <= first <= second:
        raise ProofRefused(
            "a log does not shrink",
            where="consistency of two trees",
            expected=f"an older size from 0 to {second}",
            found=first,
        )


def _require_hashes(hashes: Sequence[bytes], where: str) -> None:
    for one in hashes:
        if len(one) != HASH_BYTES:
            raise ProofRefused("not a SHA-256", where=where, expected=f"{HASH_BYTES} bytes", found=f"{len(one)} bytes")


def _require_root(what: str, expected: bytes, found: bytes, where: str) -> None:
    if found != expected:
        raise ProofRefused(what, where=where, expected=expected.hex(), found=found.hex())


def _wrong_length(path: Sequence[bytes], where: str) -> ProofRefused:
    return ProofRefused(
        "the proof has another length",
        where=where,
        expected="as many hashes as the two numbers ask for",
        found=f"{len(path)} hashes",
    )
