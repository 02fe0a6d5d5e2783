"""The log's tiles are those of C2SP tlog-tiles: paths, widths, bytes, and the proofs that come out of them."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tile_trees import entries, flipped, grown, leaves_of, plain_range
from tlog_scales import tiles as their_paths
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import DummySigner
from tlog_scales.writer import TilesWriter

from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.growth import Growth
from strongroom.evidence.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    merkle_tree_hash,
    verify_consistency,
    verify_inclusion,
)
from strongroom.evidence.tile_proofs import TileTree
from strongroom.evidence.tiles import (
    ENTRIES,
    MAX_ENTRY_BYTES,
    Tile,
    edge_tiles,
    join_entries,
    parse_tile_path,
    split_entries,
    tiles_between,
)

SIZES = st.lists(st.integers(0, 1_500), min_size=1, max_size=5).map(sorted)


def unread(tile: Tile) -> bytes:
    """No tile is needed."""
    raise AssertionError(f"{tile.path} was read")


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),  # the specification's example
        (Tile(0, 0), "tile/0/000"),
        (Tile(1, 999), "tile/1/999"),
        (Tile(2, 1_000, 1), "tile/2/x001/000.p/1"),
        (Tile(63, 273, 112), "tile/63/273.p/112"),
        (Tile(ENTRIES, 5, 255), "tile/entries/005.p/255"),
        (Tile(ENTRIES, 123_456_789), "tile/entries/x123/x456/789"),
    ],
)
def test_paths(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_tile_path(path) == tile


@settings(deadline=None)
@given(level=st.integers(-1, 63), index=st.integers(0, 2**56), width=st.integers(1, 256))
def test_a_path_leads_back_to_its_tile_and_is_another_clients(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_tile_path(tile.path) == tile
    assert tile.path == "/".join(their_paths.tile_path(level, index, width % 256))


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/x000/001",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/1",
        "tile/0/0001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/001.p/0",
        "tile/0/001.p/07",
        "tile/0/001.p/256",
        "tile/0/001.p/300",
        "tile/0/001.p",
        "tile/0/001/",
        "/tile/0/001",
        "tile/0/\u0660\u0660\u0661",
        "tile/data/001",
        "checkpoint",
        "tile/0/001\n",
        "",
    ],
)
def test_what_is_no_path_of_a_tile_is_refused(path: str) -> None:
    with pytest.raises(ProofRefused, match="not the path of a tile"):
        parse_tile_path(path)


def test_the_tiles_of_the_specifications_example() -> None:
    """The specification, "Partial Tiles": a tree of 70,000."""
    tiles = list(tiles_between(0, 70_000))
    assert [tile for tile in tiles if tile.level == 0] == [*(Tile(0, index) for index in range(273)), Tile(0, 273, 112)]
    assert [tile for tile in tiles if tile.level == ENTRIES] == [
        *(Tile(ENTRIES, index) for index in range(273)),
        Tile(ENTRIES, 273, 112),
    ]
    assert [tile for tile in tiles if tile.level > 0] == [Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]


@pytest.mark.parametrize(
    ("size", "paths"),
    [
        (0, []),
        (1, ["tile/entries/000.p/1", "tile/0/000.p/1"]),
        (256, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]),
        (65_536, ["tile/entries/255", "tile/0/255", "tile/1/000", "tile/2/000.p/1"]),
        (70_000, ["tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]),
    ],
)
def test_edge_tiles(size: int, paths: list[str]) -> None:
    assert [tile.path for tile in edge_tiles(size)] == paths


def test_a_log_that_did_not_grow_needs_no_tile() -> None:
    assert list(tiles_between(700, 700)) == []
    tiles, root = grown([700])
    growth = Growth(700, root, tiles.__getitem__)
    assert list(growth.append([])) == []
    assert (growth.size, growth.root()) == (700, root)


@settings(deadline=None)
@given(sizes=SIZES)
def test_growing_in_steps_writes_each_tile_once_and_ends_at_the_trees_root(sizes: list[int]) -> None:
    tiles, root = grown(sizes)
    assert root == merkle_tree_hash(leaves_of(sizes[-1]))
    assert set(tiles) == {
        tile for old, new in zip([0, *sizes], sizes, strict=False) for tile in tiles_between(old, new)
    }


@settings(deadline=None)
@given(old=st.integers(0, 200_000), more=st.integers(0, 200_000))
def test_tiles_between_are_what_the_new_tree_has_and_the_old_has_not(old: int, more: int) -> None:
    new = old + more
    tiles = list(tiles_between(old, new))
    assert len(set(tiles)) == len(tiles)
    assert set(tiles) == set(tiles_between(0, new)) - set(tiles_between(0, old))


@settings(max_examples=25, deadline=None)
@given(sizes=SIZES)
def test_another_writer_makes_the_same_files(sizes: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("their-log") / "log"
    writer = TilesWriter.create(folder, "a.example/log")
    for old, new in zip([0, *sizes], sizes, strict=False):
        for entry in entries(new - old, old):
            writer.add_leaf(entry)
        if new > old:
            writer.commit([DummySigner()], gc=False)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    files.pop("checkpoint", None)
    tiles, _ = grown(sizes)
    assert {tile.path: content for tile, content in tiles.items()} == files


@settings(max_examples=20, deadline=None)
@given(sizes=SIZES.filter(lambda sizes: sizes[0] > 0), data=st.data())
def test_another_client_reads_our_log(
    sizes: list[int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tiles, root = grown(sizes)
    folder = tmp_path_factory.mktemp("our-log")
    for tile, content in tiles.items():
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    reader = TilesReader(LocalBackend(folder))
    size = sizes[-1]
    reader.set_size(size)
    assert reader.calculate_root_hash() == root
    leaf, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    tree = TileTree(size, tiles.__getitem__)
    assert reader.get_entry(leaf) == entries(1, leaf)[0]
    assert reader.get_inclusion_proof(leaf, size).node_hashes == tree.inclusion_proof(leaf)
    assert reader.get_consistency_proof(first, size).node_hashes == tree.consistency_proof(first)


def test_every_size_up_to_600_has_its_root_and_proofs_from_tiles() -> None:
    chance, leaves = random.Random(6962), leaves_of(600)
    for size in range(601):
        tiles, root = grown([size])
        hashes = leaves[:size]
        tree, mth = TileTree(size, tiles.__getitem__), plain_range(hashes)
        assert tree.root() == root == merkle_tree_hash(hashes)
        assert set(edge_tiles(size)) <= set(tiles)
        for leaf in {0, size - 1, chance.randrange(size)} if size else ():
            path = tree.inclusion_proof(leaf)
            assert path == inclusion_proof(leaf, size, mth)
            verify_inclusion(hashes[leaf], leaf, size, path, root)
        for first in {0, size - 1, chance.randrange(size)} if size else {0}:
            path = tree.consistency_proof(first)
            assert path == consistency_proof(first, size, mth)
            verify_consistency(first, size, path, merkle_tree_hash(hashes[:first]), root)


def test_a_larger_log_of_three_levels() -> None:
    size, chance = 70_000, random.Random(9162)
    tiles, root = grown([66_000, size])
    hashes = leaves_of(size)
    read: list[Tile] = []

    def read_tile(tile: Tile) -> bytes:
        read.append(tile)
        return tiles[tile]

    for leaf in (0, 65_535, 65_536, size - 1, chance.randrange(size)):
        read.clear()
        verify_inclusion(hashes[leaf], leaf, size, TileTree(size, read_tile).inclusion_proof(leaf), root)
        # at each level the tile that holds the leaf and the one at the edge
        assert len(read) == len(set(read)) <= 6
    for first in (1, 256, 65_536, 66_000, chance.randrange(size)):
        path = TileTree(size, read_tile).consistency_proof(first)
        verify_consistency(first, size, path, merkle_tree_hash(hashes[:first]), root)


@settings(deadline=None)
@given(size=st.integers(1, 140_000))
def test_the_root_needs_edge_tiles_only(size: int) -> None:
    asked: set[Tile] = set()

    def read_tile(tile: Tile) -> bytes:
        asked.add(tile)
        return bytes(32 * tile.width)

    TileTree(size, read_tile).root()
    TileTree(size, read_tile).inclusion_proof(size - 1)
    assert asked <= set(edge_tiles(size))


@pytest.mark.parametrize("size", [1, 255, 300, 65_536 + 300])
def test_the_log_does_not_grow_from_tiles_that_were_changed(size: int) -> None:
    tiles, root = grown([size])
    partial = [tile for tile in edge_tiles(size) if tile.width < 256]
    assert partial
    for tile in partial:
        changed = tiles | {tile: flipped(tiles[tile], len(tiles[tile]) * 8 - 1)}
        with pytest.raises(ProofRefused):
            Growth(size, root, changed.__getitem__)
    with pytest.raises(ProofRefused, match="do not lead to the root") as refused:
        Growth(size, EMPTY_ROOT, tiles.__getitem__)
    assert (refused.value.expected, refused.value.found) == (EMPTY_ROOT.hex(), root.hex())


def test_a_new_log_reads_no_tile_and_has_the_empty_trees_root() -> None:
    assert Growth(0, EMPTY_ROOT, unread).root() == EMPTY_ROOT
    assert TileTree(0, unread).root() == EMPTY_ROOT
    with pytest.raises(ProofRefused):
        Growth(0, bytes(32), unread)


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"\0" * 32])
def test_a_tile_of_another_length_is_refused(change: Callable[[bytes], bytes]) -> None:
    tiles, _ = grown([3])
    with pytest.raises(ProofRefused, match="the tile has another length"):
        TileTree(3, lambda tile: change(tiles[tile])).root()


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_gives_its_entries_back(bundled: list[bytes]) -> None:
    bundle = Tile(ENTRIES, 0, len(bundled))
    content = join_entries(bundled)
    assert split_entries(bundle, content) == bundled
    for cut in {1, len(content) // 2, len(content) - 1} - {0, len(content)}:
        with pytest.raises(ProofRefused):
            split_entries(bundle, content[:cut])
    for width in {len(bundled) - 1, len(bundled) + 1}:
        with pytest.raises(ProofRefused, match="another number of entries"):
            split_entries(Tile(ENTRIES, 0, width), content)


def test_a_bundle_is_lengths_in_two_bytes_and_entries() -> None:
    assert join_entries([b"ab", b"", b"c" * 258]) == b"\x00\x02ab" + b"\x00\x00" + b"\x01\x02" + b"c" * 258


def test_the_longest_entry_fits_and_one_byte_more_does_not() -> None:
    longest = bytes(MAX_ENTRY_BYTES)
    assert split_entries(Tile(ENTRIES, 0, 1), join_entries([longest])) == [longest]
    with pytest.raises(ProofRefused, match="too long"):
        list(Growth(0, EMPTY_ROOT, unread).append([longest + b"\0"]))


def test_writing_again_after_an_interruption_gives_the_same_tiles() -> None:
    tiles, root = grown([500, 900])
    again = Growth(500, merkle_tree_hash(leaves_of(500)), tiles.__getitem__)
    assert all(tiles[tile] == content for tile, content in again.append(iter(entries(400, 500))))
    assert again.root() == root
