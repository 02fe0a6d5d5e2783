"""What has ended, read back from the certificates into a new ledger: the log's leaves stay, and are known to."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from strongroom.canonical import sha256_hex
from strongroom.evidence.certificates import Certificate, EndedRevision, ended_words, read_certificate
from strongroom.evidence.entries import CertificateEntry, parse_entry
from strongroom.evidence.errors import ProofRefused
from strongroom.house import House
from strongroom.ledger.rebuild import Rebuilding
from strongroom.pipeline.rebuild_log import Note
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import CERTIFICATES_PREFIX, certificate_number
from strongroom.vault.findings import Finding
from strongroom.vault.listing import Listed, listed_below, read_whole


def rebuild_ended(house: House, ledger: Rebuilding, note: Note) -> int:
    """Bring back every certificate and the revisions it names; how many revisions.

    One that can't be read, or is not the log's, is noted, and counts for nothing. Raises the vault's errors.
    """
    revisions = 0
    for listed in listed_below(house.store, CERTIFICATES_PREFIX):
        number = certificate_number(listed.key)
        if number is None:
            continue  # noted as alien with the rest of the evidence
        try:
            certificate, content = read_logged(house, ledger, listed, number)
        except (ProofRefused, NotStored) as error:
            where = house.store.where(listed.key)
            note(Finding("certificate", str(error), where, "compare it with the log; what it names is not rebuilt"))
            continue
        ledger.certificate(certificate_row(certificate, content), certificate.made_at.date(), listed.key)
        rows = list(_rows(certificate))
        standing = ledger.revisions({row["conversation_id"] for row in rows})
        for row in rows:
            if (row["conversation_id"], row["revision"]) in standing:
                note(_stands(house, certificate.number, row))
        new = [row for row in rows if (row["conversation_id"], row["revision"]) not in standing]
        ledger.conversations(new)
        revisions += len(new)
    return revisions


def read_logged(house: House, ledger: Rebuilding, listed: Listed, number: int) -> tuple[Certificate, bytes]:
    """A certificate and its bytes, held against the log where that has it. Raises ProofRefused, NotStored."""
    content = read_whole(house.store, listed)
    ref = f"{CertificateEntry.kind}/{number}"
    logged = ledger.logged_documents([ref]).get(ref)
    if logged is not None:
        entry = parse_entry(logged[1])
        if isinstance(entry, CertificateEntry) and entry.sha256 != sha256_hex(content):
            raise ProofRefused(
                "the certificate is not the one in the log",
                where=house.store.where(listed.key),
                expected=entry.sha256,
                found=sha256_hex(content),
            )
    certificate = read_certificate(content)
    if certificate.number != number:
        raise ProofRefused(
            "the certificate has another number",
            where=house.store.where(listed.key),
            expected=number,
            found=certificate.number,
        )
    return certificate, content


def certificate_row(certificate: Certificate, content: bytes) -> dict[str, object]:
    """A certificate's row; which list it belongs to only the old ledger knew."""
    return {
        "number": certificate.number,
        "kind": certificate.kind,
        "ending_id": None,
        "document": content.decode(),
        "made_at": certificate.made_at,
        "records": len(certificate.records),
    }


def _rows(certificate: Certificate) -> Iterator[dict[str, Any]]:
    words = ended_words(certificate.kind, certificate.number)
    for record in certificate.records:
        for one in record.revisions:
            yield _row(record.conversation_id, one, certificate.number, words, certificate.made_at)


def _row(conversation_id: UUID, one: EndedRevision, number: int, words: str, made_at: datetime) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "revision": one.revision,
        "day": one.day,
        "conversation_start": one.conversation_start,
        "conversation_end": one.conversation_end,
        "record": {},
        "state": "ended",
        "state_at": made_at,
        "cause": words,
        "first_seen_at": made_at,
        "due_at": made_at,
        "deadline_at": made_at,
        "retention_class": one.retention_class,
        "lock_mode": one.lock_mode,
        "retain_until": one.retain_until,
        "policy_version": one.policy_version,
        "certificate": number,
    }


def _stands(house: House, number: int, row: Mapping[str, Any]) -> Finding:
    return Finding(
        "certificate",
        f"certificate {number} says of conversation {row['conversation_id']} that it went, and revision "
        f"{row['revision']} stands",
        house.store.where("archive/"),
        "find out who put it there again",
    )
