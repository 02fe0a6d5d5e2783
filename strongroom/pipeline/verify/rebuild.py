"""The log made anew from the vault's entries: every tile, bundle and root it must have, held against what stands.

That finds any wrong byte of a tile, also where the ledger's hash was changed with it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from strongroom.canonical import sha256_hex
from strongroom.evidence.checkpoints import Checkpoint
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.findings import WRONG
from strongroom.evidence.growth import Growth
from strongroom.evidence.merkle import EMPTY_ROOT, leaf_hash
from strongroom.evidence.tile_proofs import TileTree
from strongroom.evidence.tiles import ENTRIES, FULL_WIDTH, Tile, split_entries, split_hashes, tile_at
from strongroom.pipeline.verify.reading import EvidenceReader
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import checkpoint_key, tile_key

_TILES_AT_ONCE = 64


def bundles_of(
    reader: EvidenceReader, size: int, first: int = 0, last: int | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """The entries of a log of this size, a bundle at a time with its first leaf: those bundles that hold leaves from
    `first` (included) to `last` (excluded). A bundle that can't be read is told, and left out.
    """
    starts = range(first - first % FULL_WIDTH, size if last is None else min(last, size), FULL_WIDTH)
    bundles = [tile_at(size, ENTRIES, at) for at in starts]
    readings = reader.in_order(tile_key(bundle.path) for bundle in bundles)
    for at, bundle, reading in zip(starts, bundles, readings, strict=True):
        if reading is None:
            continue
        try:
            yield at, split_entries(bundle, reading.body)
        except ProofRefused as refused:
            key = tile_key(bundle.path)
            reader.findings.tell_refused(refused, reader.where(key), key=key)


def rebuild(reader: EvidenceReader, checkpoints: Sequence[Checkpoint]) -> None:
    """Tell each tile, bundle and checkpoint that is not what the entries make it.

    Raises the vault's and the ledger's errors.
    """
    if not checkpoints:
        return
    newest = checkpoints[-1].size
    entries = _entries(reader, newest)
    growth = Growth(0, EMPTY_ROOT, reader.tile)
    differing: list[tuple[Tile, bytes]] = []
    for checkpoint in checkpoints:
        try:
            made = growth.append(_take(entries, checkpoint.size - growth.size))
            differing += _differing(reader, made)
        except NotStored:
            return  # told: without those entries nothing can be made
        if growth.root() == checkpoint.root:
            for tile, content in differing:
                _tell(reader, tile, content)
            differing = []
        elif not _blame_bundles(reader, checkpoint, newest) and not differing:
            _tell_checkpoint(reader, checkpoint, growth.root())


def _entries(reader: EvidenceReader, size: int) -> Iterator[bytes]:
    expected = 0
    for first, entries in bundles_of(reader, size):
        if first != expected:
            break
        yield from entries
        expected = first + len(entries)
    if expected < size:
        raise NotStored("entries of the log do not stand", where="the log", todo="see what was found before")


def _take(entries: Iterator[bytes], count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield next(entries)


def _differing(reader: EvidenceReader, made: Iterator[tuple[Tile, bytes]]) -> list[tuple[Tile, bytes]]:
    """Those tiles that stand with other bytes, a batch of them read at once."""
    differing = []
    while batch := list(islice(made, _TILES_AT_ONCE)):
        readings = reader.in_order(tile_key(tile.path) for tile, _ in batch)
        differing += [
            one for one, reading in zip(batch, readings, strict=True) if reading is not None and reading.body != one[1]
        ]
    return differing


def _tell(reader: EvidenceReader, tile: Tile, content: bytes) -> None:
    key = tile_key(tile.path)
    reading = reader.read(key)
    if reading is None or reader.findings.is_about(key):
        return
    reader.findings.tell(
        WRONG,
        "it is not what the entries of the log make it",
        reader.where(key),
        expected=sha256_hex(content),
        found=sha256_hex(reading.body),
        key=key,
    )


def _blame_bundles(reader: EvidenceReader, checkpoint: Checkpoint, newest: int) -> bool:
    """Where the tiles lead to the root and the entries don't, the entries are wrong: tell which bundles'."""
    try:
        if TileTree(checkpoint.size, reader.tile).root() != checkpoint.root:
            return False
    except (NotStored, ProofRefused):
        return False
    blamed = False
    for first, entries in bundles_of(reader, newest, 0, checkpoint.size):
        tile, bundle = tile_at(newest, 0, first), tile_at(newest, ENTRIES, first)
        for index, hashed in enumerate(split_hashes(tile, reader.tile(tile))):
            if (found := leaf_hash(entries[index])) == hashed:
                continue
            blamed, key = True, tile_key(bundle.path)
            if not reader.findings.is_about(key):
                reader.findings.tell(
                    WRONG,
                    f"entry {first + index} is not the one its tile has the hash of",
                    reader.where(key),
                    expected=hashed.hex(),
                    found=found.hex(),
                    key=key,
                )
    return blamed


def _tell_checkpoint(reader: EvidenceReader, checkpoint: Checkpoint, root: bytes) -> None:
    key = checkpoint_key(checkpoint.size)
    if reader.findings.is_about(key):
        return
    reader.findings.tell(
        WRONG,
        "the log has another root",
        reader.where(key),
        expected=checkpoint.root.hex(),
        found=root.hex(),
        key=key,
    )
