"""Before anything is signed the ledger is held against the vault: only the vault says what is committed to.

A ledger restored from a backup lacks what was sealed since. It catches up from the vault's bundles and checkpoints,
each shown to continue the one before; or it is refused: a log is never forked, and no checkpoint goes back.
"""

from collections.abc import Sequence

import structlog

from strongroom.errors import StrongroomError
from strongroom.evidence.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from strongroom.evidence.entries import ManifestEntry, parse_entry
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.growth import Growth
from strongroom.evidence.tiles import ENTRIES, FULL_WIDTH, split_entries, tile_at
from strongroom.house import House
from strongroom.ledger.checkpoints import CheckpointRow, latest_checkpoint, previous_size
from strongroom.ledger.evidence_objects import find_evidence
from strongroom.ledger.log import appending, entries_between, log_size
from strongroom.pipeline.log_entries import as_new
from strongroom.pipeline.log_keys import Signers, origin_of, verifiers
from strongroom.pipeline.log_tiles import entries_beyond, grow, keep_edge, vault_reader
from strongroom.pipeline.seal_checkpoint import commit, complete, head_of
from strongroom.vault.evidence_keys import CHECKPOINTS_PREFIX, checkpoint_key, checkpoint_size
from strongroom.vault.listing import Listed, listed_below, read_whole

_log = structlog.get_logger()


class LogForked(StrongroomError):
    """The ledger and the vault tell of two logs. Nothing is signed until a person has decided which one is ours."""


def catch_up(house: House, signers: Signers) -> CheckpointRow | None:
    """Make the ledger tell of the log as the vault has it, and complete what was cut off; the latest checkpoint.

    Two requests to the vault where nothing is new. Raises LogForked and ProofRefused when the two can't be one log,
    and the vault's and the ledger's errors.
    """
    latest = latest_checkpoint(house.engine)
    before = 0 if latest is None else previous_size(house.engine, latest.size)
    after = checkpoint_key(before) if before else ""
    standing = list(listed_below(house.store, CHECKPOINTS_PREFIX, after=after))
    if latest is not None:
        standing = _without_ours(house, latest, standing)
        complete(house, latest)
    if standing:
        _log.warning("the vault has checkpoints that the ledger lacks", checkpoints=len(standing))
        notes = [(listed, read_whole(house.store, listed)) for listed in standing]
        # the newest vouches for those before it, whatever keys those were signed with
        open_checkpoint(notes[-1][1], verifiers(house, signers), origin_of(house.settings))
        for listed, note in notes:
            latest = _take_over(house, latest, listed, note)
    _take_over_entries(house, head_of(latest)[0])
    return latest


def _without_ours(house: House, latest: CheckpointRow, standing: list[Listed]) -> list[Listed]:
    """What stands behind our latest checkpoint, once that is seen to be the vault's as well."""
    where = house.store.where(checkpoint_key(latest.size))
    ours = [listed for listed in standing if checkpoint_size(listed.key) == latest.size]
    if ours:
        if read_whole(house.store, ours[0]) != latest.note.encode():
            raise _forked(f"the vault's checkpoint of {latest.size} leaves is not the ledger's", where)
        return [listed for listed in standing if listed is not ours[0]]
    row = find_evidence(house.engine, checkpoint_key(latest.size))
    if standing or (row is not None and row.version_id is not None):
        raise _forked(f"the vault lacks the ledger's checkpoint of {latest.size} leaves", where)
    return []


def _take_over(house: House, latest: CheckpointRow | None, listed: Listed, note: bytes) -> CheckpointRow:
    """Bring the ledger to the vault's next checkpoint, whose entries are shown to lead to its root."""
    old_size, old_root = head_of(latest)
    checkpoint = _parsed(house, listed, note)
    size = checkpoint.size
    entries = _bundled(house, old_size, size)
    growth = Growth(old_size, old_root, vault_reader(house))
    for _ in growth.append(entries):
        pass
    if growth.root() != checkpoint.root:
        raise ProofRefused(
            "the vault's entries do not lead to its checkpoint",
            where=house.store.where(listed.key),
            expected=checkpoint.root.hex(),
            found=growth.root().hex(),
        )
    _replace(house, old_size, entries)
    grow(house, old_size, old_root, entries, size)
    keep_edge(house, old_size, size)
    return commit(house, latest, size, checkpoint.root, note)


def _take_over_entries(house: House, size: int) -> None:
    """Entries whose bundles stand in the vault are the log's, behind the last checkpoint too: they are locked."""
    standing = entries_beyond(house, size)
    known = list(entries_between(house.engine, size, min(size + len(standing), log_size(house.engine))))
    if known != standing:
        _log.warning("the vault has entries that the ledger lacks", first=size, entries=len(standing))
        _replace(house, size, standing)


def _replace(house: House, first: int, entries: Sequence[bytes]) -> None:
    if list(entries_between(house.engine, first, min(first + len(entries), log_size(house.engine)))) == entries:
        return
    parsed = [parse_entry(entry) for entry in entries]
    manifests = [
        (entry.conversation_id, entry.revision, leaf_index)
        for leaf_index, entry in enumerate(parsed, start=first)
        if isinstance(entry, ManifestEntry)
    ]
    with appending(house.engine) as log:
        log.replace_from(first, [as_new(entry) for entry in parsed], manifests)
        if log.size != first + len(entries):
            raise _forked("the vault's log tells of something that the ledger has sealed before", "the log's entries")


def _bundled(house: House, old_size: int, size: int) -> list[bytes]:
    """The entries behind `old_size` out of the bundles of a log of `size`."""
    read = vault_reader(house)
    entries: list[bytes] = []
    for first in range(old_size - old_size % FULL_WIDTH, size, FULL_WIDTH):
        bundle = tile_at(size, ENTRIES, first)
        entries += split_entries(bundle, read(bundle))[max(0, old_size - first) :]
    return entries


def _parsed(house: House, listed: Listed, note: bytes) -> Checkpoint:
    """The checkpoint in a note whose signatures are not looked at."""
    text = note.decode(errors="replace").rpartition("\n\n")[0] + "\n"
    checkpoint = parse_checkpoint(text)
    if checkpoint.origin != origin_of(house.settings) or checkpoint.size != checkpoint_size(listed.key):
        raise _forked(
            "the vault holds a checkpoint of another log, or under another's key", house.store.where(listed.key)
        )
    return checkpoint


def _forked(what: str, where: str) -> LogForked:
    return LogForked(
        what,
        where=where,
        todo="nothing is sealed until it is explained: compare the ledger with its backups; run `strongroom verify`",
    )
