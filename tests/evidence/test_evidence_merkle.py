"""Hashes, roots and proofs are those of RFC 6962 and RFC 9162: as published vectors and other people's code say."""

import functools
import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree
from pymerkle import InvalidProof as TheirRefusal
from rfc6962_vectors import CONSISTENCY, INCLUSION, LEAVES, NODES, ROOTS, nodes
from tile_trees import entries, flipped, leaves_of, plain_range
from tlog_scales import tlog as theirs

from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    merkle_tree_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

VECTOR_HASHES = [leaf_hash(leaf) for leaf in LEAVES]
VECTOR_RANGE = plain_range(VECTOR_HASHES)


@functools.cache
def rfc_mth(start: int, end: int) -> bytes:
    """MTH word for word as RFC 6962 section 2.1 defines it, over `entries(600)[start:end]`."""
    if start == end:
        return hashlib.sha256().digest()
    if end - start == 1:
        return hashlib.sha256(b"\x00" + entries(1, start)[0]).digest()
    k = 1
    while k * 2 < end - start:
        k *= 2
    return hashlib.sha256(b"\x01" + rfc_mth(start, start + k) + rfc_mth(start + k, end)).digest()


def test_leaf_hashes_of_the_vectors() -> None:
    assert [NODES[str(number)] for number in range(8)] == VECTOR_HASHES


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_vectors(size: int) -> None:
    assert merkle_tree_hash(VECTOR_HASHES[:size]) == ROOTS[size]
    frontier = Frontier()
    frontier.extend(VECTOR_HASHES[:size])
    assert (frontier.size, frontier.root()) == (size, ROOTS[size])


@pytest.mark.parametrize(("of", "names"), INCLUSION.items(), ids=str)
def test_inclusion_proofs_of_the_vectors(of: tuple[int, int], names: str) -> None:
    leaf, size = of
    assert inclusion_proof(leaf, size, VECTOR_RANGE) == nodes(names)
    verify_inclusion(VECTOR_HASHES[leaf], leaf, size, nodes(names), ROOTS[size])


@pytest.mark.parametrize(("of", "names"), CONSISTENCY.items(), ids=str)
def test_consistency_proofs_of_the_vectors(of: tuple[int, int], names: str) -> None:
    first, second = of
    assert consistency_proof(first, second, VECTOR_RANGE) == nodes(names)
    verify_consistency(first, second, nodes(names), ROOTS[first], ROOTS[second])


def test_every_root_up_to_600_is_the_rfcs() -> None:
    frontier = Frontier()
    hashes = leaves_of(600)
    for size in range(601):
        assert frontier.root() == merkle_tree_hash(hashes[:size]) == rfc_mth(0, size)
        frontier.extend(hashes[size : size + 1])


@settings(deadline=None)
@given(size=st.integers(1, 600), data=st.data())
def test_every_proof_verifies_here_and_with_another_client(size: int, data: st.DataObject) -> None:
    hashes = leaves_of(size)
    root, mth = merkle_tree_hash(hashes), plain_range(hashes)
    leaf, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    inclusion, consistency = inclusion_proof(leaf, size, mth), consistency_proof(first, size, mth)
    older = merkle_tree_hash(hashes[:first])
    verify_inclusion(hashes[leaf], leaf, size, inclusion, root)
    verify_consistency(first, size, consistency, older, root)
    theirs.InclusionProof(leaf, size, inclusion).check(hashes[leaf], root)
    theirs.ConsistencyProof(first, size, consistency).check(older, root)


@pytest.mark.parametrize("seed", range(4))
def test_an_independent_tree_agrees(seed: int) -> None:
    chance = random.Random(seed)
    size = chance.choice([chance.randrange(1, 600), chance.randrange(600, 5_000)])
    tree = InmemoryTree(algorithm="sha256")
    leaves = [chance.randbytes(chance.randrange(60)) for _ in range(size)]
    tree.append_entries(leaves)
    hashes = [leaf_hash(leaf) for leaf in leaves]
    root, mth = merkle_tree_hash(hashes), plain_range(hashes)
    assert tree.get_root() == root
    for _ in range(15):
        leaf, first = chance.randrange(size), chance.randrange(1, size + 1)
        # its path begins with the leaf itself
        assert tree.prove_inclusion(leaf + 1, size).path[1:] == inclusion_proof(leaf, size, mth)
        older, path = merkle_tree_hash(hashes[:first]), consistency_proof(first, size, mth)
        verify_consistency(first, size, path, older, root)
        # its consistency proofs have a form of their own: they are held against our roots
        proof = tree.prove_consistency(first, size)
        proof.verify(older, root, first, size)
        with pytest.raises(TheirRefusal):
            proof.verify(flipped(older, 0), root)


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 60), data=st.data())
def test_no_changed_bit_of_an_inclusion_proof_passes(size: int, data: st.DataObject) -> None:
    hashes = leaves_of(size)
    leaf, root, mth = data.draw(st.integers(0, size - 1)), merkle_tree_hash(hashes), plain_range(hashes)
    path = inclusion_proof(leaf, size, mth)
    for bit in range(256):
        with pytest.raises(ProofRefused):
            verify_inclusion(flipped(hashes[leaf], bit), leaf, size, path, root)
        with pytest.raises(ProofRefused):
            verify_inclusion(hashes[leaf], leaf, size, path, flipped(root, bit))
        for at, node in enumerate(path):
            with pytest.raises(ProofRefused):
                verify_inclusion(hashes[leaf], leaf, size, [*path[:at], flipped(node, bit), *path[at + 1 :]], root)
    for other in {leaf ^ 1 << bit for bit in range(8)}:
        with pytest.raises(ProofRefused):
            verify_inclusion(hashes[leaf], other, size, path, root)
    for other_path in (path[1:], path[:-1], [*path, root], [root, *path]):
        if other_path != path:
            with pytest.raises(ProofRefused):
                verify_inclusion(hashes[leaf], leaf, size, other_path, root)


@settings(max_examples=20, deadline=None)
@given(second=st.integers(2, 60), data=st.data())
def test_no_changed_bit_of_a_consistency_proof_passes(second: int, data: st.DataObject) -> None:
    hashes = leaves_of(second)
    first = data.draw(st.integers(1, second - 1))
    older, newer = merkle_tree_hash(hashes[:first]), merkle_tree_hash(hashes)
    path = consistency_proof(first, second, plain_range(hashes))
    for bit in range(256):
        with pytest.raises(ProofRefused):
            verify_consistency(first, second, path, flipped(older, bit), newer)
        with pytest.raises(ProofRefused):
            verify_consistency(first, second, path, older, flipped(newer, bit))
        for at, node in enumerate(path):
            with pytest.raises(ProofRefused):
                verify_consistency(first, second, [*path[:at], flipped(node, bit), *path[at + 1 :]], older, newer)
    for other_path in (path[1:], path[:-1], [*path, newer], [newer, *path]):
        with pytest.raises(ProofRefused):
            verify_consistency(first, second, other_path, older, newer)


@pytest.mark.parametrize(
    ("first", "second", "older", "newer"),
    [
        (3, 2, ROOTS[3], ROOTS[2]),
        (-1, 2, ROOTS[1], ROOTS[2]),
        (2, 2, ROOTS[2], ROOTS[1]),
        (0, 2, ROOTS[1], ROOTS[2]),
        (0, 0, EMPTY_ROOT, ROOTS[1]),
    ],
)
def test_sizes_and_roots_that_do_not_fit_are_refused(first: int, second: int, older: bytes, newer: bytes) -> None:
    with pytest.raises(ProofRefused):
        verify_consistency(first, second, [], older, newer)


def test_a_node_in_place_of_a_leaf_is_refused_though_it_leads_to_the_root() -> None:
    with pytest.raises(ProofRefused, match="another length"):
        verify_inclusion(NODES["01"], 0, 8, nodes("23 4567"), ROOTS[8])
    with pytest.raises(ProofRefused, match="another length"):
        verify_inclusion(ROOTS[8], 0, 8, [], ROOTS[8])


def test_a_consistency_proof_that_is_right_for_another_pair_of_sizes_is_refused() -> None:
    """The hashes lead to both roots, and there are too few or too many for the sizes."""
    with pytest.raises(ProofRefused, match="another length"):
        verify_consistency(4, 16, nodes("4567"), ROOTS[4], ROOTS[8])
    with pytest.raises(ProofRefused, match="another length"):
        verify_consistency(1, 2, nodes("1 23"), ROOTS[1], ROOTS[4])


def test_what_was_never_proven_needs_no_proof_and_takes_none() -> None:
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(0, 8, [], EMPTY_ROOT, ROOTS[8])
    verify_consistency(8, 8, [], ROOTS[8], ROOTS[8])
    for first in (0, 8):
        with pytest.raises(ProofRefused, match="another length"):
            verify_consistency(first, 8, [ROOTS[8]], ROOTS[first], ROOTS[8])
        assert consistency_proof(first, 8, VECTOR_RANGE) == []


@pytest.mark.parametrize("leaf", [-1, 8, 9])
def test_a_leaf_that_is_not_in_the_tree_has_no_proof(leaf: int) -> None:
    with pytest.raises(ProofRefused, match="no such leaf"):
        inclusion_proof(leaf, 8, VECTOR_RANGE)
    with pytest.raises(ProofRefused, match="no such leaf"):
        verify_inclusion(VECTOR_HASHES[0], leaf, 8, [], ROOTS[8])


def test_a_log_that_shrank_has_no_proof() -> None:
    with pytest.raises(ProofRefused, match="does not shrink"):
        consistency_proof(8, 7, VECTOR_RANGE)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_what_is_not_a_hash_is_refused(length: int) -> None:
    with pytest.raises(ProofRefused, match="not a SHA-256"):
        verify_inclusion(VECTOR_HASHES[0], 0, 2, [bytes(length)], ROOTS[2])
    with pytest.raises(ProofRefused, match="not a SHA-256"):
        verify_consistency(1, 2, [bytes(length)], ROOTS[1], ROOTS[2])


def test_a_refusal_says_what_was_expected_and_what_found() -> None:
    with pytest.raises(ProofRefused) as refused:
        verify_inclusion(VECTOR_HASHES[1], 0, 1, [], ROOTS[1])
    assert refused.value.expected == ROOTS[1].hex()
    assert refused.value.found == VECTOR_HASHES[1].hex()
    assert refused.value.where == "inclusion of leaf 0 in a tree of 1"


def test_a_node_is_no_leaf() -> None:
    """Without the prefixes, the two leaf hashes under a node would pass as one leaf (RFC 6962 section 2.1)."""
    left, right = VECTOR_HASHES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=8))
def test_a_frontier_takes_leaves_in_any_portions(portions: list[int]) -> None:
    frontier, taken = Frontier(), 0
    hashes = leaves_of(sum(portions))
    for portion in portions:
        frontier.extend(hashes[taken : taken + portion])
        taken += portion
        assert (frontier.size, frontier.root()) == (taken, merkle_tree_hash(hashes[:taken]))
