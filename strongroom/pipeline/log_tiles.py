"""The log's tiles in the vault: read by the version that is recorded, written when the log grows."""

from collections.abc import Iterable

from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.growth import Growth
from strongroom.evidence.merkle import verify_consistency
from strongroom.evidence.tile_proofs import TileTree
from strongroom.evidence.tiles import ENTRIES, FULL_WIDTH, ReadTile, Tile, edge_tiles, parse_tile_path, split_entries
from strongroom.house import House
from strongroom.ledger.evidence_objects import find_evidence, serve_leaves, short_of
from strongroom.pipeline.evidence_store import evidence_lock, lengthen, store_evidence
from strongroom.pipeline.policy_document import document_sha256
from strongroom.times import utc_now
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import LOG_PREFIX, policy_document_key, policy_key, tile_key
from strongroom.vault.listing import Listed, listed_below, read_whole

_TILE = "tile"
_ENTRIES = "entries"


def vault_reader(house: House) -> ReadTile:
    """Reads tiles and bundles as they stand in the vault. What it returns raises NotStored and the vault's errors."""

    def read(tile: Tile) -> bytes:
        key = tile_key(tile.path)
        row = find_evidence(house.engine, key)
        if row is not None and row.version_id is not None:
            return b"".join(house.store.read(key, row.version_id))
        standing = next((found for found in listed_below(house.store, key) if found.key == key), None)
        if standing is None:
            raise NotStored(
                "a tile of the log does not stand in the vault",
                where=house.store.where(key),
                todo="find out who removed it; without it the log can't be continued",
            )
        return read_whole(house.store, standing)

    return read


def grow(house: House, old_size: int, old_root: bytes, entries: Iterable[bytes], size: int) -> bytes:
    """Make the tiles of the larger log stand, and return its root: proven to continue the old log, from what stands.

    Run again it puts nothing twice. Raises ProofRefused when the vault's tiles are not those of the old root, or the
    entries are fewer or more than the size says; and the vault's and the ledger's errors.
    """
    read = vault_reader(house)
    growth = Growth(old_size, old_root, read)
    for tile, body in growth.append(entries):
        first, last = leaves_under(tile)
        store_evidence(
            house,
            _ENTRIES if tile.level == ENTRIES else _TILE,
            tile_key(tile.path),
            body,
            content_type="application/octet-stream",
            first_leaf=first,
            last_leaf=last,
        )
    if growth.size != size:
        raise ProofRefused(
            "the log has another number of entries",
            where="the entries to be sealed",
            expected=size,
            found=growth.size,
        )
    tree, root = TileTree(size, read), growth.root()
    if (standing := tree.root()) != root:
        raise ProofRefused(
            "what stands in the vault is not what was put there",
            where=f"the tiles of a log of {size}",
            expected=root.hex(),
            found=standing.hex(),
        )
    verify_consistency(old_size, size, tree.consistency_proof(old_size) if old_size else [], old_root, root)
    return root


def keep_edge(house: House, old_size: int, size: int) -> None:
    """Lock what the new leaves' proofs rest on as long as those leaves' records: the right edge, the keys, the policy.

    Most of the edge has just been put; what stood before is extended, with two requests an object: at most one tile a
    level, one bundle, each key that ever signed, the policy in force and its document.
    """
    keys = [tile_key(tile.path) for tile in edge_tiles(size)]
    serve_leaves(house.engine, keys, old_size, size - 1)
    lock = evidence_lock(house, utc_now())
    if house.settings.trial:
        return  # a day is a day: there is nothing to keep longer
    keys += [policy_key(house.policy.version), policy_document_key(document_sha256(house.policy))]
    for short in short_of(house.engine, keys, ["key"], lock.retain_until):
        lengthen(house, short, lock)


def entries_beyond(house: House, size: int) -> list[bytes]:
    """The entries that stand in the vault behind the first `size`, in unbroken order; one request where there are none.

    A sealing that was cut off has put bundles that no checkpoint holds yet, and they can't be put again otherwise.
    """
    entries: list[bytes] = []
    index = size // FULL_WIDTH
    while (bundle := _largest_bundle(house, index)) is not None:
        tile, listed = bundle
        known = max(0, size - index * FULL_WIDTH)
        entries += split_entries(tile, read_whole(house.store, listed))[known:]
        if tile.width < FULL_WIDTH:
            break
        index += 1
    return entries


def _largest_bundle(house: House, index: int) -> tuple[Tile, Listed] | None:
    prefix = tile_key(Tile(ENTRIES, index).path)
    found = [
        (parse_tile_path(listed.key.removeprefix(LOG_PREFIX)), listed) for listed in listed_below(house.store, prefix)
    ]
    return max(found, key=lambda each: each[0].width, default=None)


def leaves_under(tile: Tile) -> tuple[int, int]:
    """The first and last leaf under a tile or in a bundle, both included."""
    leaves_a_hash = FULL_WIDTH ** max(tile.level, 0)
    first = tile.index * FULL_WIDTH * leaves_a_hash
    return first, first + tile.width * leaves_a_hash - 1
