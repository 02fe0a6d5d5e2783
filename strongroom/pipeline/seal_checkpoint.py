"""One checkpoint: its tiles stand, its root is proven to continue the last one, it is committed, then put."""

from collections.abc import Iterable

import structlog

from strongroom.evidence.checkpoints import Checkpoint, sign_checkpoint
from strongroom.evidence.entries import DayEntry, parse_entry
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.merkle import EMPTY_ROOT
from strongroom.evidence.notes import Signer, open_note
from strongroom.house import House
from strongroom.ledger.checkpoints import CheckpointRow, commit_checkpoint, previous_size
from strongroom.ledger.log import entries_between, entries_of_kind
from strongroom.ledger.sealed_days import record_late, record_sealed
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.pipeline.log_keys import Signers, origin_of
from strongroom.pipeline.log_tiles import grow, keep_edge
from strongroom.vault.evidence_keys import checkpoint_key

CHECKPOINT_KIND = "checkpoint"

_log = structlog.get_logger()


def seal_up_to(house: House, signers: Signers, latest: CheckpointRow | None, size: int) -> CheckpointRow | None:
    """Seal the log's entries up to this size; the checkpoint of it, or the latest where there is nothing new.

    Run again after it was cut off anywhere, it makes the same objects. Raises ProofRefused when what stands in the
    vault does not lead to the latest checkpoint, CheckpointRefused, and the vault's and the ledger's errors.
    """
    old_size, old_root = head_of(latest)
    if size == old_size:
        return latest
    root = grow(house, old_size, old_root, entries_between(house.engine, old_size, size), size)
    keep_edge(house, old_size, size)
    note = sign_checkpoint(Checkpoint(origin_of(house.settings), size, root), _signing(signers, latest))
    return commit(house, latest, size, root, note)


def commit(house: House, latest: CheckpointRow | None, size: int, root: bytes, note: bytes) -> CheckpointRow:
    """Commit the checkpoint whose tiles stand, and complete it."""
    row = commit_checkpoint(house.engine, size, root.hex(), note.decode(), after=head_of(latest)[0])
    complete(house, row)
    return row


def complete(house: House, row: CheckpointRow) -> None:
    """Make a committed checkpoint stand in the vault, and say of its days that they are sealed. Harmless when done."""
    old_size = previous_size(house.engine, row.size)
    store_evidence(
        house,
        CHECKPOINT_KIND,
        checkpoint_key(row.size),
        row.note.encode(),
        content_type="text/plain; charset=utf-8",
        first_leaf=old_size,
        last_leaf=row.size - 1,
    )
    for entry in _days(entries_of_kind(house.engine, DayEntry.kind, old_size, row.size)):
        record = record_late if entry.late else record_sealed
        record(house.engine, entry.day, row.size, entry.manifests)


def head_of(latest: CheckpointRow | None) -> tuple[int, bytes]:
    """Size and root of the log as the latest checkpoint has it; of the empty log where there is none."""
    return (0, EMPTY_ROOT) if latest is None else (latest.size, bytes.fromhex(latest.root))


def _days(documents: Iterable[bytes]) -> list[DayEntry]:
    return [entry for document in documents if isinstance(entry := parse_entry(document), DayEntry)]


def _signing(signers: Signers, latest: CheckpointRow | None) -> list[Signer]:
    """The signer, and with it the one before where this is the first checkpoint under a new key."""
    if latest is None or _signed_by(signers.current, latest):
        return [signers.current]
    if signers.old is not None and _signed_by(signers.old, latest):
        return [signers.current, signers.old]
    _log.warning(
        "the log's key was changed, and the key before it does not vouch for it",
        key=signers.current.verifier_key.key_id,
        after_checkpoint=latest.size,
    )
    return [signers.current]


def _signed_by(signer: Signer, latest: CheckpointRow) -> bool:
    try:
        open_note(latest.note.encode(), [signer.verifier_key])
    except ProofRefused:
        return False
    return True
