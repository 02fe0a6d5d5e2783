"""The log as a folder that clients of C2SP tlog-tiles can read: from the vault alone, proven before it is given."""

from pathlib import Path

from strongroom.errors import Misconfigured, StrongroomError
from strongroom.evidence.checkpoints import Checkpoint, open_checkpoint
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.notes import VerifierKey
from strongroom.evidence.tile_proofs import TileTree
from strongroom.evidence.tiles import Tile, tiles_between
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import CHECKPOINTS_PREFIX, LOG_PREFIX, checkpoint_key
from strongroom.vault.listing import listed_below, read_whole
from strongroom.vault.store import Store

CHECKPOINT = "checkpoint"


class NoCheckpoint(StrongroomError):
    """The vault holds no checkpoint, or none of that size."""


def read_checkpoint(store: Store, size: int | None = None) -> bytes:
    """The newest checkpoint's note as it stands in the vault, or that of a size. Raises NoCheckpoint, the vault's."""
    prefix = CHECKPOINTS_PREFIX if size is None else checkpoint_key(size)
    listed = list(listed_below(store, prefix))
    if not listed:
        raise NoCheckpoint(
            "there is no checkpoint" if size is None else f"there is no checkpoint of {size} leaves",
            where=store.where(prefix),
            todo="see `strongroom status` for the checkpoints there are",
        )
    return read_whole(store, listed[-1])


def export_log(store: Store, folder: Path, keys: list[VerifierKey], origin: str) -> Checkpoint:
    """Write the newest checkpoint, its tiles and its bundles into a new or empty folder.

    Raises Misconfigured for a folder that can't be used, NoCheckpoint, ProofRefused when the tiles don't lead to the
    checkpoint's root or none of the keys signed it, and the vault's errors.
    """
    note = read_checkpoint(store)
    checkpoint = open_checkpoint(note, keys, origin)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileExistsError(0, "it is not empty")
        _write_tiles(store, folder, checkpoint.size)
        root = TileTree(checkpoint.size, lambda tile: (folder / tile.path).read_bytes()).root()
        if root != checkpoint.root:
            raise ProofRefused(
                "the vault's tiles do not lead to its checkpoint",
                where=store.where(checkpoint_key(checkpoint.size)),
                expected=checkpoint.root.hex(),
                found=root.hex(),
            )
        (folder / CHECKPOINT).write_bytes(note)
    except OSError as error:
        raise Misconfigured(
            f"the folder can't be used: {error.strerror}", where=str(folder), todo="name a new folder"
        ) from error
    return checkpoint


def _write_tiles(store: Store, folder: Path, size: int) -> None:
    """One request a thousand tiles for what there is, and one for each tile."""
    standing = {listed.key.removeprefix(LOG_PREFIX): listed for listed in listed_below(store, f"{LOG_PREFIX}tile/")}
    for tile in tiles_between(0, size):
        listed = standing.get(tile.path)
        if listed is None:
            raise _missing(store, tile)
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read_whole(store, listed))


def _missing(store: Store, tile: Tile) -> NotStored:
    return NotStored(
        "a tile of the log does not stand in the vault",
        where=store.where(LOG_PREFIX + tile.path),
        todo="find out who removed it; `strongroom verify` says what else is missing",
    )
