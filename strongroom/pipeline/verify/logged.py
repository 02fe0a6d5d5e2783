"""Which entry of the log a manifest has, read out of the vault."""

from threading import Lock
from uuid import UUID

from strongroom.evidence.checkpoints import Checkpoint
from strongroom.evidence.entries import ManifestEntry
from strongroom.evidence.findings import MISSING, WRONG
from strongroom.evidence.tile_proofs import TileTree
from strongroom.ledger.verification import HeldObject, Holding, leaf_of
from strongroom.pipeline.verify.entries import entry_at, prove_inclusion
from strongroom.pipeline.verify.reading import EvidenceReader, where_is


class Logged:
    """The log as of its newest checkpoint; `unsealed` counts the manifests that it does not hold yet."""

    def __init__(self, reader: EvidenceReader, newest: Checkpoint | None, *, prove: bool) -> None:
        self._reader, self._newest, self._prove = reader, newest, prove
        self._tree = None if newest is None else TileTree(newest.size, reader.tile)
        # the tree and what it has read are shared by all threads
        self._lock = Lock()
        self.unsealed = 0

    def entry_of(self, holding: Holding, manifest: HeldObject) -> ManifestEntry | None:
        """A manifest's entry; None where it waits to be sealed, and where the log does not have what it should."""
        with self._lock:
            return self._entry_of(holding, manifest)

    def entry_of_ended(self, conversation_id: UUID, revision: int) -> ManifestEntry | None:
        """The entry of a manifest that is gone: its leaf stays. None where it was never sealed, or can't be read."""
        with self._lock:
            ref = f"{ManifestEntry.kind}/{conversation_id}/{revision}"
            leaf = leaf_of(self._reader.house.engine, ref)
            if leaf is None or self._newest is None or self._tree is None or leaf >= self._newest.size:
                return None
            found = entry_at(self._reader, self._newest, leaf)
            if found is None or not isinstance(found[0], ManifestEntry) or found[0].ref != ref:
                return None
            if self._prove:
                prove_inclusion(self._reader, self._tree, self._newest, leaf, found[1])
            return found[0]

    def _entry_of(self, holding: Holding, manifest: HeldObject) -> ManifestEntry | None:
        ref = f"{ManifestEntry.kind}/{holding.conversation_id}/{manifest.revision}"
        leaf, recorded = manifest.leaf_index, leaf_of(self._reader.house.engine, ref)
        where = where_is(self._reader.house.store, manifest.key, manifest.version_id)
        if leaf is None and recorded is None:
            self.unsealed += 1
            return None
        if leaf != recorded:
            self._reader.findings.tell(
                MISSING if recorded is None else WRONG,
                "the ledger's log does not have it where its row says",
                where,
                expected="no leaf" if leaf is None else f"leaf {leaf}",
                found="no leaf" if recorded is None else f"leaf {recorded}",
                key=manifest.key,
                conversation_id=holding.conversation_id,
            )
        at = recorded if leaf is None else leaf
        if at is None or self._newest is None or self._tree is None or at >= self._newest.size:
            self.unsealed += 1
            return None
        found = entry_at(self._reader, self._newest, at)
        if found is None:
            return None
        entry, document = found
        if not isinstance(entry, ManifestEntry) or entry.ref != ref:
            self._reader.findings.tell(
                WRONG,
                f"entry {at} of the log is another's",
                where,
                expected=ref,
                found=entry.ref,
                key=manifest.key,
                conversation_id=holding.conversation_id,
            )
            return None
        if self._prove:
            prove_inclusion(self._reader, self._tree, self._newest, at, document)
        return entry
