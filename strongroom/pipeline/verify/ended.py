"""Revisions that have ended: a certificate in the vault, and in the log, says of each that it was to go and went."""

from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from uuid import UUID

from strongroom.canonical import sha256_hex
from strongroom.evidence.certificates import Certificate, EndedRevision, ended_words, read_certificate
from strongroom.evidence.checkpoints import Checkpoint
from strongroom.evidence.entries import CertificateEntry, ManifestEntry
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.findings import MISSING, WRONG
from strongroom.evidence.tile_proofs import TileTree
from strongroom.ledger.verification import held_certificate, leaf_of
from strongroom.pipeline.verify.entries import entry_at, prove_inclusion
from strongroom.pipeline.verify.reading import EvidenceReader
from strongroom.vault.evidence_keys import certificate_key

# the next seal takes a certificate into the log, and one is due each night
_SEALED_WITHIN = timedelta(days=2)


@dataclass(frozen=True)
class EndedSeen:
    """A revision that has ended, in words: `erased under certificate 7`."""

    conversation_id: UUID
    revision: int
    words: str


class Ended:
    """What certificates say, each read, held against the log and taken apart once. Several threads may ask."""

    def __init__(self, reader: EvidenceReader, newest: Checkpoint | None, *, prove: bool) -> None:
        self._reader, self._newest, self._prove = reader, newest, prove
        self._certificates: dict[int, dict[tuple[UUID, int], EndedRevision] | None] = {}
        self._kinds: dict[int, str] = {}
        self._seen: dict[tuple[UUID, int], EndedSeen] = {}
        self._lock = Lock()

    def check(self, conversation_id: UUID, revision: int, number: int | None, entry: ManifestEntry | None) -> None:
        """Hold an ended revision against its certificate, and the certificate's word of its manifest against the log's.

        `entry` is the log's of the manifest, where it is known. Raises the vault's and the ledger's errors.
        """
        with self._lock:
            self._check(conversation_id, revision, number, entry)

    def seen(self) -> tuple[EndedSeen, ...]:
        """Every ended revision that a certificate names, by conversation and revision."""
        return tuple(self._seen[one] for one in sorted(self._seen))

    def _check(self, conversation_id: UUID, revision: int, number: int | None, entry: ManifestEntry | None) -> None:
        if number is None:
            self._tell(
                MISSING,
                "it has ended, and no certificate is named",
                f"ledger, conversations {conversation_id} revision {revision}",
                conversation_id,
            )
            return
        if number not in self._certificates:
            self._certificates[number] = self._read(number)
        named = self._certificates[number]
        if named is None:
            return
        where = self._reader.where(certificate_key(number))
        told = named.get((conversation_id, revision))
        if told is None:
            self._tell(WRONG, "the certificate does not name it", where, conversation_id)
            return
        manifest = told.manifest()
        if entry is not None and (manifest is None or manifest.sha256 != entry.sha256):
            self._reader.findings.tell(
                WRONG,
                "the certificate names another manifest than the log",
                where,
                expected=entry.sha256,
                found="none" if manifest is None else manifest.sha256,
                conversation_id=conversation_id,
            )
            return
        words = ended_words(self._kinds[number], number)
        self._seen[conversation_id, revision] = EndedSeen(conversation_id, revision, words)

    def _read(self, number: int) -> dict[tuple[UUID, int], EndedRevision] | None:
        key = certificate_key(number)
        reading = self._reader.read(key)
        if reading is None:
            return None
        where = self._reader.where(key)
        try:
            certificate = read_certificate(reading.body)
        except ProofRefused as refused:
            self._reader.findings.tell_refused(refused, where, key=key)
            return None
        if certificate.number != number:
            self._reader.findings.tell(
                WRONG, "the certificate has another number", where, expected=number, found=certificate.number, key=key
            )
            return None
        self._hold_against_log(number, reading.body, where)
        self._kinds[number] = certificate.kind
        return _revisions(certificate)

    def _hold_against_log(self, number: int, body: bytes, where: str) -> None:
        ref = f"{CertificateEntry.kind}/{number}"
        leaf = leaf_of(self._reader.house.engine, ref)
        if leaf is None or self._newest is None or leaf >= self._newest.size:
            self._hold_against_ledger(number, body, where)
            return
        found = entry_at(self._reader, self._newest, leaf)
        if found is None:
            return
        entry, document = found
        logged = entry.sha256 if isinstance(entry, CertificateEntry) and entry.ref == ref else entry.ref
        if logged != sha256_hex(body):
            self._reader.findings.tell(
                WRONG, "the certificate is not the one in the log", where, expected=logged, found=sha256_hex(body),
                key=certificate_key(number),
            )  # fmt: skip
        if self._prove:
            prove_inclusion(self._reader, TileTree(self._newest.size, self._reader.tile), self._newest, leaf, document)

    def _hold_against_ledger(self, number: int, body: bytes, where: str) -> None:
        """It waits to be sealed, as a manifest does: until then the ledger's word is all there is for it."""
        held = held_certificate(self._reader.house.engine, number, _SEALED_WITHIN)
        key = certificate_key(number)
        if held is None:
            self._reader.findings.tell(
                MISSING, "neither log nor ledger has the certificate", where,
                expected=f"certificate {number}", found="none", key=key,
            )  # fmt: skip
        elif held.document != body:
            self._reader.findings.tell(
                WRONG, "the ledger has another certificate", where,
                expected=sha256_hex(held.document), found=sha256_hex(body), key=key,
            )  # fmt: skip
        elif held.late:
            self._reader.findings.tell(
                MISSING, "the log does not have the certificate", where,
                expected="its entry, two days after it was made", found="none", key=key,
            )  # fmt: skip

    def _tell(self, promise: int, what: str, where: str, conversation_id: UUID) -> None:
        self._reader.findings.tell(
            promise, what, where, expected="a certificate that names it", found="none", conversation_id=conversation_id
        )


def _revisions(certificate: Certificate) -> dict[tuple[UUID, int], EndedRevision]:
    return {(record.conversation_id, one.revision): one for record in certificate.records for one in record.revisions}
