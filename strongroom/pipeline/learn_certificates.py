"""A ledger restored from a backup has again what ended since: by the log's certificates it forgets it once more."""

import structlog

from strongroom.canonical import sha256_hex
from strongroom.evidence.certificates import ended_words, read_certificate
from strongroom.evidence.entries import CertificateEntry, parse_entry
from strongroom.evidence.errors import ProofRefused
from strongroom.house import House
from strongroom.ledger.ending_steps import learn_certificate
from strongroom.ledger.endings import unknown_certificates
from strongroom.pipeline.evidence_store import store_evidence

CERTIFICATE_KIND = "certificate"

_log = structlog.get_logger()


def learn_certificates(house: House) -> int:
    """Forget what the log's certificates say has ended and the ledger still has; how many certificates were new to it.

    Raises ProofRefused where one is not the log's, and the vault's and the ledger's errors.
    """
    learned = 0
    for document in unknown_certificates(house.engine):
        entry = parse_entry(document)
        if not isinstance(entry, CertificateEntry):
            continue
        content = b"".join(house.store.read(entry.key, entry.version_id))
        if sha256_hex(content) != entry.sha256:
            raise ProofRefused(
                "the certificate is not the one in the log",
                where=house.store.where(entry.key),
                expected=entry.sha256,
                found=sha256_hex(content),
            )
        certificate = read_certificate(content)
        # it stands, and is adopted
        store_evidence(
            house, CERTIFICATE_KIND, entry.key, content, content_type="application/json", day=certificate.made_at.date()
        )
        revisions = [(one.conversation_id, each.revision) for one in certificate.records for each in one.revisions]
        words = ended_words(certificate.kind, certificate.number)
        learn_certificate(
            house.engine,
            certificate.number,
            certificate.kind,
            content,
            certificate.made_at,
            len(certificate.records),
            revisions,
            words,
        )
        _log.warning("a certificate was new to the ledger", certificate=certificate.number, records=len(revisions))
        learned += 1
    return learned
