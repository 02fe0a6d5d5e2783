"""The log's checkpoints: each is signed by a key that is known, and each begins with the one before."""

from dataclasses import dataclass

from strongroom.evidence.checkpoints import Checkpoint, open_checkpoint
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.findings import MISSING, WRONG
from strongroom.evidence.merkle import verify_consistency
from strongroom.evidence.notes import VerifierKey
from strongroom.evidence.tile_proofs import TileTree
from strongroom.evidence.tiles import ReadTile, Tile
from strongroom.ledger.checkpoints import checkpoint_sizes, find_checkpoint
from strongroom.pipeline.log_keys import open_signers, origin_of, readable_verifiers
from strongroom.pipeline.verify.reading import EvidenceReader
from strongroom.pipeline.verify.rebuild import rebuild
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import CHECKPOINTS_PREFIX, checkpoint_key, checkpoint_size, tile_key
from strongroom.vault.listing import listed_below


@dataclass(frozen=True)
class SealedLog:
    """The checkpoints whose signature holds, the smallest first; `sizes` are all that stand or should."""

    checkpoints: tuple[Checkpoint, ...]
    sizes: tuple[int, ...]

    @property
    def newest(self) -> Checkpoint | None:
        """The one of the most leaves."""
        return self.checkpoints[-1] if self.checkpoints else None


def open_log(reader: EvidenceReader, *, newest_only: bool) -> SealedLog:
    """Read and verify the checkpoints in the vault; `newest_only`: until one holds.

    A checkpoint must be signed by a key that the settings name or the ledger's log holds, and the newest by a key that
    the settings name, where they name one. Its note must be the ledger's. Raises the vault's and the ledger's errors.
    """
    house = reader.house
    signers = open_signers(house.settings)
    known = readable_verifiers(house, signers)
    current = known if signers is None else signers.keys
    ledger_sizes = checkpoint_sizes(house.engine)
    listed = {checkpoint_size(one.key) for one in listed_below(house.store, CHECKPOINTS_PREFIX)}
    sizes = sorted({*ledger_sizes, *(size for size in listed if size is not None)})
    checkpoints: list[Checkpoint] = []
    for size in reversed(sizes):
        keys = current if size == sizes[-1] else known
        checkpoint = _open(reader, size, keys)
        if checkpoint is not None:
            checkpoints.append(checkpoint)
            if newest_only:
                break
    return SealedLog(tuple(reversed(checkpoints)), tuple(sizes))


def _open(reader: EvidenceReader, size: int, keys: list[VerifierKey]) -> Checkpoint | None:
    findings, key = reader.findings, checkpoint_key(size)
    reading = reader.read(key)
    if reading is None:
        return None
    where = reader.where(key)
    row = find_checkpoint(reader.house.engine, size)
    try:
        checkpoint = open_checkpoint(reading.body, keys, origin_of(reader.house.settings))
    except ProofRefused as refused:
        findings.tell_refused(refused, where, key=key)
        return None
    if checkpoint.size != size:
        findings.tell(
            WRONG,
            "the checkpoint is of another size than its key says",
            where,
            expected=size,
            found=checkpoint.size,
            key=key,
        )
        return None
    if row is None:
        findings.tell(
            MISSING,
            "the ledger does not have this checkpoint",
            where,
            expected="a row of the ledger",
            found="none",
            key=key,
        )
    elif row.note.encode() != reading.body and not findings.is_about(key):
        findings.tell(
            WRONG, "the ledger has another note", where, expected=row.root, found=checkpoint.root.hex(), key=key
        )
    return checkpoint


def prove_growth(reader: EvidenceReader, log: SealedLog) -> None:
    """Compute each checkpoint's root from the vault's tiles, and prove that each checkpoint begins with the one before.

    Raises the vault's and the ledger's errors.
    """
    before: Checkpoint | None = None
    for checkpoint in log.checkpoints:
        if not _has_root(reader, log, checkpoint):
            continue
        if before is not None:
            _prove_pair(reader, before, checkpoint)
        before = checkpoint


def _has_root(reader: EvidenceReader, log: SealedLog, checkpoint: Checkpoint) -> bool:
    read: list[Tile] = []
    try:
        found = TileTree(checkpoint.size, _noting(reader, read)).root()
    except NotStored:
        return False
    except ProofRefused as refused:
        key = tile_key(read[-1].path)
        reader.findings.tell_refused(refused, reader.where(key), key=key)
        return False
    if found == checkpoint.root:
        return True
    if not any(reader.findings.is_about(tile_key(tile.path)) for tile in read):
        rebuild(reader, log.checkpoints)  # which says what is wrong: a tile or the checkpoint
    _tell_other_root(reader, checkpoint, read, found)
    return False


def _tell_other_root(reader: EvidenceReader, checkpoint: Checkpoint, read: list[Tile], found: bytes) -> None:
    key = checkpoint_key(checkpoint.size)
    if any(reader.findings.is_about(one) for one in (key, *(tile_key(tile.path) for tile in read))):
        return
    reader.findings.tell(
        WRONG,
        "the log has another root",
        reader.where(key),
        expected=checkpoint.root.hex(),
        found=found.hex(),
        key=key,
    )


def _prove_pair(reader: EvidenceReader, older: Checkpoint, newer: Checkpoint) -> None:
    read: list[Tile] = []
    try:
        path = TileTree(newer.size, _noting(reader, read)).consistency_proof(older.size)
        verify_consistency(older.size, newer.size, path, older.root, newer.root)
    except NotStored:
        return
    except ProofRefused as refused:
        if any(reader.findings.is_about(tile_key(tile.path)) for tile in read):
            return
        key = checkpoint_key(newer.size)
        reader.findings.tell_refused(refused, reader.where(key), key=key)


def _noting(reader: EvidenceReader, read: list[Tile]) -> ReadTile:
    def note(tile: Tile) -> bytes:
        read.append(tile)
        return reader.tile(tile)

    return note
