"""The entries of the log, as the vault has them: the ledger has the same, and what each vouches for stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from strongroom.canonical import sha256_hex
from strongroom.evidence.checkpoints import Checkpoint
from strongroom.evidence.entries import CustodyEntry, DayEntry, Entry, ManifestEntry, StoredEntry, parse_entry
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.findings import MISSING, WRONG
from strongroom.evidence.merkle import leaf_hash, verify_inclusion
from strongroom.evidence.tile_proofs import TileTree
from strongroom.evidence.tiles import ENTRIES, FULL_WIDTH, split_hashes, tile_at
from strongroom.ledger.verification import HeldObject, holdings_of, leaves_at, leaves_below, leaves_of_days
from strongroom.pipeline.verify.reading import EvidenceReader, where_is
from strongroom.pipeline.verify.rebuild import bundles_of
from strongroom.pipeline.verify.scope import Scope
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import tile_key


def span_of(reader: EvidenceReader, scope: Scope, newest: Checkpoint) -> tuple[int, int]:
    """The leaves to look through, the last excluded: those the ledger gives the days, or all where it has gaps."""
    engine, size = reader.house.engine, newest.size
    if scope.everything or scope.conversations or scope.first is None or scope.last is None:
        return 0, size
    if (held := leaves_below(engine, size)) != size:
        reader.findings.tell(
            MISSING, "entries of the log are not in the ledger", "ledger, log_entries", expected=size, found=held
        )
        return 0, size
    leaves = leaves_of_days(engine, scope.first, scope.last)
    return (0, 0) if leaves is None else (leaves[0], leaves[1] + 1)


CheckEnded = Callable[[UUID, int, int | None, ManifestEntry | None], None]
"""Holds a revision that has ended against its certificate: conversation, revision, certificate, the log's entry."""


@dataclass(frozen=True)
class Entries:
    """How many entries in scope were looked at, and those of custody days."""

    seen: int
    custody: tuple[CustodyEntry, ...]


def check_entries(
    reader: EvidenceReader, scope: Scope, newest: Checkpoint, check_ended: CheckEnded, *, prove: bool
) -> Entries:
    """Hold the entries in scope against the ledger, and with `prove` prove the inclusion of each.

    A conversation that is in neither ledger nor vault any more is found here. Raises the vault's and the ledger's.
    """
    first, last = span_of(reader, scope, newest)
    tree = TileTree(newest.size, reader.tile)
    seen, manifests_of_day, custody = 0, dict[date, int](), list[CustodyEntry]()
    for at, documents in bundles_of(reader, newest.size, first, last):
        if reader.findings.is_about(tile_key(tile_at(newest.size, ENTRIES, at).path)):
            continue  # told: what its entries say is nobody's word
        entries = _parsed(reader, newest, at, documents)
        _compare_with_ledger(reader, newest, at, documents)
        in_scope = {leaf: entry for leaf, entry in entries.items() if _concerns(entry, scope)}
        seen += len(in_scope)
        for leaf, entry in in_scope.items():
            if prove:
                prove_inclusion(reader, tree, newest, leaf, documents[leaf - at])
            if isinstance(entry, ManifestEntry):
                manifests_of_day[entry.day] = manifests_of_day.get(entry.day, 0) + 1
            elif isinstance(entry, DayEntry) and not scope.conversations:
                _check_day(reader, newest, leaf, entry, manifests_of_day.get(entry.day, 0))
            elif isinstance(entry, CustodyEntry):
                custody.append(entry)
            elif isinstance(entry, StoredEntry):
                _check_stored(reader, leaf, entry)
        manifests = {leaf: one for leaf, one in in_scope.items() if isinstance(one, ManifestEntry)}
        _require_held(reader, manifests, check_ended)
    return Entries(seen, tuple(custody))


def _check_day(reader: EvidenceReader, newest: Checkpoint, leaf: int, entry: DayEntry, counted: int) -> None:
    key = tile_key(tile_at(newest.size, ENTRIES, leaf).path)
    if entry.manifests != counted and not reader.findings.is_about(key):
        reader.findings.tell(
            MISSING,
            f"the log does not hold as many manifests of {entry.day} as it says at entry {leaf}",
            reader.where(key),
            expected=entry.manifests,
            found=counted,
        )


def _check_stored(reader: EvidenceReader, leaf: int, entry: StoredEntry) -> None:
    reading = reader.read(entry.key)
    if reading is None or reader.findings.is_about(entry.key):
        return
    if (found := sha256_hex(reading.body)) != entry.sha256:
        reader.findings.tell(
            WRONG,
            f"the bytes are not those of entry {leaf} of the log",
            reader.where(entry.key),
            expected=entry.sha256,
            found=found,
            key=entry.key,
        )


def prove_inclusion(reader: EvidenceReader, tree: TileTree, newest: Checkpoint, leaf: int, document: bytes) -> None:
    """Prove an entry under the newest checkpoint's root, from the vault's tiles."""
    bundle, tile = tile_at(newest.size, ENTRIES, leaf), tile_at(newest.size, 0, leaf)
    found = leaf_hash(document)
    try:
        path = tree.inclusion_proof(leaf)
        verify_inclusion(found, leaf, newest.size, path, newest.root)
    except NotStored:
        return
    except ProofRefused as refused:
        keys = [tile_key(bundle.path), tile_key(tile.path)]
        if any(map(reader.findings.is_about, keys)):
            return
        try:
            hashed = split_hashes(tile, reader.tile(tile))[leaf % FULL_WIDTH]
        except (NotStored, ProofRefused):
            return
        # the tile's own hash of the leaf proves the tile right, so that the entry is not
        wrong = keys[0] if hashed != found else keys[1]
        reader.findings.tell_refused(refused, reader.where(wrong), key=wrong)


def entry_at(reader: EvidenceReader, newest: Checkpoint, leaf: int) -> tuple[Entry, bytes] | None:
    """One entry out of its bundle in the vault, None when it can't be read, which has been told."""
    if leaf >= newest.size:
        return None
    for at, documents in bundles_of(reader, newest.size, leaf, leaf + 1):
        if reader.findings.is_about(tile_key(tile_at(newest.size, ENTRIES, leaf).path)):
            return None
        parsed = _parsed(reader, newest, at, documents).get(leaf)
        return None if parsed is None else (parsed, documents[leaf - at])
    return None


def _parsed(reader: EvidenceReader, newest: Checkpoint, at: int, documents: list[bytes]) -> dict[int, Entry]:
    entries: dict[int, Entry] = {}
    for leaf, document in enumerate(documents, at):
        try:
            entries[leaf] = parse_entry(document)
        except ProofRefused as refused:
            key = tile_key(tile_at(newest.size, ENTRIES, leaf).path)
            reader.findings.tell_refused(refused, reader.where(key), key=key)
    return entries


def _concerns(entry: Entry, scope: Scope) -> bool:
    if isinstance(entry, ManifestEntry):
        return scope.holds(entry.conversation_id, entry.day)
    if entry.day is None or scope.conversations:
        return scope.everything
    return scope.first is None or scope.last is None or scope.first <= entry.day <= scope.last


def _compare_with_ledger(reader: EvidenceReader, newest: Checkpoint, at: int, documents: list[bytes]) -> None:
    known = leaves_at(reader.house.engine, at, at + len(documents))
    for leaf, document in enumerate(documents, at):
        row = known.get(leaf)
        key = tile_key(tile_at(newest.size, ENTRIES, leaf).path)
        if (row is not None and row.document == document) or reader.findings.is_about(key):
            continue
        found = "none" if row is None else leaf_hash(row.document).hex()
        reader.findings.tell(
            MISSING if row is None else WRONG,
            f"the ledger has another entry {leaf}",
            f"ledger, log_entries {leaf}; {reader.where(key)}",
            expected=leaf_hash(document).hex(),
            found=found,
        )


def _require_held(reader: EvidenceReader, entries: dict[int, ManifestEntry], check_ended: CheckEnded) -> None:
    """The ledger has each manifest as the log does, or says under which certificate it ended."""
    if not entries:
        return
    ids = list({entry.conversation_id for entry in entries.values()})
    held = {one.conversation_id: one for one in holdings_of(reader.house.engine, ids)}
    for leaf, entry in entries.items():
        revision = next((one for one in held[entry.conversation_id].revisions if one.revision == entry.revision), None)
        if revision is not None and revision.state == "ended":
            check_ended(entry.conversation_id, entry.revision, revision.certificate, entry)
            continue
        of_revision = [
            one
            for one in held[entry.conversation_id].objects
            if one.revision == entry.revision and one.part == "manifest"
        ]
        _require_as_logged(reader, leaf, entry, of_revision[0] if of_revision else None)


def _require_as_logged(reader: EvidenceReader, leaf: int, entry: ManifestEntry, row: HeldObject | None) -> None:
    where = where_is(reader.house.store, entry.key, entry.version_id)
    if row is None:
        reader.findings.tell(
            MISSING,
            f"the log holds it at entry {leaf}, and the ledger does not",
            where,
            expected=f"revision {entry.revision} of the conversation",
            found="none",
            key=entry.key,
            conversation_id=entry.conversation_id,
        )
        return
    logged, held = _identity(entry, leaf), (row.key, row.version_id, row.size_bytes, row.sha256, row.leaf_index)
    for name, expected, found in zip(("key", "version", "size", "SHA-256", "leaf"), logged, held, strict=True):
        if expected != found:
            reader.findings.tell(
                WRONG,
                f"the ledger has another {name} of it than the log",
                where,
                expected=expected,
                found=found,
                key=entry.key,
                conversation_id=entry.conversation_id,
            )


def _identity(entry: StoredEntry, leaf: int) -> tuple[object, ...]:
    return (entry.key, entry.version_id, entry.size_bytes, entry.sha256, leaf)
