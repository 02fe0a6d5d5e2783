"""Who the log is and what signs it, as the settings say."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from config.settings import Settings
from strongroom.evidence.entries import KeyEntry, parse_entry
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.keys import file_signer, kms_signer
from strongroom.evidence.notes import Signer, VerifierKey, parse_verifier_key
from strongroom.house import House
from strongroom.ledger.log import entries_of_kind
from strongroom.vault.kms import connect_signing_key

TRIAL_ORIGIN = "/trial"
"""How the origin of a trial vault's log ends: no checkpoint of it can be taken for a real one."""
NO_KEY = "no signing key; make one with `strongroom log new-key FILE`"
"""Why nothing is sealed, in words."""


@dataclass(frozen=True)
class Signers:
    """What signs checkpoints now, and what signed them before, while keys are changed."""

    current: Signer
    old: Signer | None

    @property
    def keys(self) -> list[VerifierKey]:
        """What their signatures are verified with."""
        return [one.verifier_key for one in (self.current, self.old) if one is not None]


def origin_of(settings: Settings) -> str:
    """The log's name: the first line of each checkpoint, and the name of its keys."""
    origin = settings.log_origin or f"strongroom/{settings.bucket}"
    return f"{origin}{TRIAL_ORIGIN}" if settings.trial and not origin.endswith(TRIAL_ORIGIN) else origin


def can_seal(settings: Settings) -> bool:
    """Whether the settings name a signing key."""
    return settings.log_key_file is not None or settings.log_kms_key_id is not None


def open_signers(settings: Settings) -> Signers | None:
    """The signers that the settings name; None without a key. Asks KMS for the public key where the key is there.

    Raises KeyUnusable, and what KMS raises.
    """
    origin = origin_of(settings)
    if settings.log_key_file is not None:
        current: Signer = file_signer(settings.log_key_file, origin)
    elif settings.log_kms_key_id is not None:
        kms = connect_signing_key(settings.log_kms_key_id, settings.connect_timeout_s, settings.read_timeout_s)
        current = kms_signer(origin, kms.public_key_der, kms.sign)
    else:
        return None
    old = None if settings.log_old_key_file is None else file_signer(settings.log_old_key_file, origin)
    return Signers(current, old)


def verifiers(house: House, signers: Signers | None) -> list[VerifierKey]:
    """The keys that a checkpoint may be signed by: those that sign now, and those that the log holds."""
    return _known(signers, logged_keys(house))


def readable_verifiers(house: House, signers: Signers | None) -> list[VerifierKey]:
    """The same for who looks for damage: an entry that is none any more is passed over here, and told elsewhere."""
    keys = []
    for document in entries_of_kind(house.engine, KeyEntry.kind):
        with suppress(ProofRefused):
            keys += _keys([document])
    return _known(signers, keys)


def logged_keys(house: House) -> list[VerifierKey]:
    """The keys that the log holds an entry of, oldest first. Raises ProofRefused for an entry that is none."""
    return _keys(entries_of_kind(house.engine, KeyEntry.kind))


def _known(signers: Signers | None, logged: Sequence[VerifierKey]) -> list[VerifierKey]:
    return list(dict.fromkeys([*([] if signers is None else signers.keys), *logged]))


def _keys(documents: Sequence[bytes]) -> list[VerifierKey]:
    entries = [parse_entry(document) for document in documents]
    return [parse_verifier_key(entry.verifier_key) for entry in entries if isinstance(entry, KeyEntry)]
