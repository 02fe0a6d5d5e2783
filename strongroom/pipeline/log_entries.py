"""What is appended to the log: keys, policies, custody days, recounts that stand in the vault; manifests day by day."""

from collections.abc import Iterator

from strongroom.evidence.entries import CertificateEntry, DayEntry, Entry, KeyEntry, ManifestEntry
from strongroom.evidence.notes import VerifierKey
from strongroom.house import House
from strongroom.ledger.endings import unlogged_certificates
from strongroom.ledger.evidence_objects import find_evidence
from strongroom.ledger.log import ManifestRow, NewEntry, appending, is_logged
from strongroom.ledger.sealed_days import days_to_seal, days_with_late_manifests
from strongroom.pipeline.custody_days import store_custody_days
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.pipeline.log_keys import Signers
from strongroom.pipeline.policies import store_policy
from strongroom.pipeline.recount_store import recount_entries
from strongroom.vault.evidence_keys import certificate_key, verifier_key_key

KEY_KIND = "key"
"""The kind of an object that holds a public key; its lock follows whatever it signed last."""


def append_waiting(house: House, signers: Signers) -> int:
    """Append whatever waits to be sealed, in one transaction; how many entries. Run again it appends nothing twice.

    A settled day's manifests come in the order of their ids, and the entry that says of the day that it is sealed comes
    after them. Those of a day that is sealed already come after it as late ones. Raises the vault's and the ledger's
    errors.
    """
    stored = [
        *(_key_entry(house, key) for key in signers.keys),
        store_policy(house),
        *_certificate_entries(house),
        *store_custody_days(house),
        *recount_entries(house),
    ]
    entries = [as_new(entry) for entry in stored if entry is not None]
    settled = days_to_seal(house.engine)
    late = days_with_late_manifests(house.engine)
    with appending(house.engine) as log:
        before = log.size
        log.append(entries)
        for day in sorted({*settled, *late}):
            appended = 0
            for rows in log.manifests(day):
                appended += log.append_manifests(rows, [as_new(_manifest_entry(house, row)) for row in rows])
            if appended or day in settled:
                told = DayEntry(
                    trial=house.settings.trial, day=day, late=day not in settled, manifests=log.manifests_held(day)
                )
                log.append([as_new(told)])
        return log.size - before


def as_new(entry: Entry) -> NewEntry:
    """An entry as the ledger appends it."""
    return NewEntry(entry.kind, entry.ref, entry.day, entry.bytes())


def _manifest_entry(house: House, row: ManifestRow) -> ManifestEntry:
    return ManifestEntry(trial=house.settings.trial, **vars(row))


def _certificate_entries(house: House) -> Iterator[CertificateEntry]:
    """The entries of the certificates that stand in the vault and are not in the log yet."""
    for number in unlogged_certificates(house.engine):
        stored = find_evidence(house.engine, certificate_key(number))
        if stored is not None and stored.version_id is not None and stored.day is not None:
            yield CertificateEntry(
                trial=house.settings.trial,
                number=number,
                day=stored.day,
                key=stored.key,
                version_id=stored.version_id,
                size_bytes=stored.size_bytes,
                sha256=stored.sha256,
            )


def _key_entry(house: House, key: VerifierKey) -> KeyEntry | None:
    """The entry of a key whose public half stands in the vault; None when the log has it already."""
    if is_logged(house.engine, f"{KEY_KIND}/{key}"):
        return None
    stored = store_evidence(
        house,
        KEY_KIND,
        verifier_key_key(key.key_id),
        f"{key}\n".encode(),
        content_type="text/plain; charset=utf-8",
    )
    return KeyEntry(
        trial=house.settings.trial,
        verifier_key=str(key),
        key=stored.key,
        version_id=stored.standing_version,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
    )
