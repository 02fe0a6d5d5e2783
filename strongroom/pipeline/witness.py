"""Sending each checkpoint to a witness: a bucket or a file that someone else keeps, so that ours can be compared."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from strongroom.errors import StrongroomError, Unreachable
from strongroom.house import House, open_bucket
from strongroom.ledger.checkpoints import CheckpointRow, record_witnessed, without_witness, witness_failed
from strongroom.vault.store import Store
from strongroom.vault.witness_bucket import send_checkpoint


class WitnessFileUnusable(Unreachable):
    """The witness's file can't be written or read. Worth another try."""


@dataclass(frozen=True)
class WitnessBucket:
    """A bucket with one object a checkpoint, below a prefix that ends with a slash or is empty."""

    store: Store
    prefix: str

    def key(self, size: int) -> str:
        """Where the checkpoint of so many leaves stands."""
        return f"{self.prefix}{size:020}"


def witness_of(house: House) -> Path | WitnessBucket | None:
    """The witness that the settings name, if any; nothing is sent yet."""
    setting = house.settings.witness
    if setting is None or "://" not in setting:
        return None if setting is None else Path(setting)
    address = urlsplit(setting)
    folder = address.path.strip("/")
    return WitnessBucket(open_bucket(house.settings, address.netloc), f"{folder}/" if folder else "")


def send_to_witness(house: House) -> int:
    """Send the checkpoints that the witness hasn't got, oldest first, until one fails; how many it got.

    Why one failed is on its row. Nothing is raised for it: the log is sealed all the same, and it is tried again.
    """
    witness = witness_of(house)
    if witness is None:
        return 0
    sent = 0
    for checkpoint in without_witness(house.engine):
        try:
            _send(witness, checkpoint)
        except StrongroomError as error:
            witness_failed(house.engine, checkpoint.size, str(error))
            break
        record_witnessed(house.engine, checkpoint.size)
        sent += 1
    return sent


def _send(witness: Path | WitnessBucket, checkpoint: CheckpointRow) -> None:
    note = checkpoint.note.encode()
    if isinstance(witness, Path):
        append_note(witness, note)
    else:
        send_checkpoint(witness.store, witness.key(checkpoint.size), note)


def append_note(path: Path, note: bytes) -> None:
    """Append a note to a file of notes, each followed by an empty line, unless it is there already.

    What a crash left of it at the end of the file is completed. Raises WitnessFileUnusable.
    """
    wanted = note + b"\n"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            standing = file.read()
            if (b"\n" + standing).find(b"\n" + wanted) >= 0:
                return
            begun = next(length for length in range(len(wanted) - 1, -1, -1) if standing.endswith(wanted[:length]))
            file.write(wanted[begun:])
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WitnessFileUnusable(
            f"the witness's file can't be used: {error.strerror or type(error).__name__}",
            where=str(path),
            todo="point STRONGROOM_WITNESS at a file this user may append to; it is tried again",
        ) from error
