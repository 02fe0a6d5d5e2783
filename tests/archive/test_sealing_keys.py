"""The log's keys: changed without a break, kept in KMS, and refused where they can't be used."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sealing_material import A_DAY, ORIGIN, StartSealing, log_in

from embedded.postgres import Postgres
from strongroom.evidence.entries import KeyEntry
from strongroom.evidence.keys import KeyUnusable, new_key_file
from strongroom.evidence.notes import open_note, parse_verifier_key
from strongroom.ledger.checkpoints import latest_checkpoint
from strongroom.pipeline.log_keys import logged_keys, open_signers
from strongroom.pipeline.seal import seal

DAYS = [A_DAY + timedelta(days=offset) for offset in range(4)]


def test_the_first_checkpoint_under_a_new_key_is_signed_by_both(start_sealing: StartSealing, tmp_path: Path) -> None:
    sealing = start_sealing()
    sealing.settled(DAYS[0], 1)
    seal(sealing.house)
    old_file = sealing.environment["STRONGROOM_LOG_KEY_FILE"]
    new = new_key_file(tmp_path / "new.pem", ORIGIN)
    changed = sealing.another(STRONGROOM_LOG_KEY_FILE=str(tmp_path / "new.pem"), STRONGROOM_LOG_OLD_KEY_FILE=old_file)
    signers = []
    for day in DAYS[1:3]:
        sealing.settled(day, 1)
        seal(changed)
        checkpoint = latest_checkpoint(sealing.engine)
        assert checkpoint is not None
        signers.append(open_note(checkpoint.note.encode(), logged_keys(sealing.house)).signed_by)
    [old, _] = logged_keys(sealing.house)
    assert signers == [(new.verifier_key, old), (new.verifier_key,)]
    changed.engine.dispose()
    # whoever has the new key's entry can verify them all; whoever has the old key alone those up to the change
    log = log_in(sealing)
    keys = [parse_verifier_key(entry.verifier_key) for entry in log.entries if isinstance(entry, KeyEntry)]
    assert keys == [old, new.verifier_key]
    for key in keys:
        assert sealing.body(f"evidence/log/keys/{key.key_id}") == f"{key}\n".encode()


def test_a_restored_ledger_follows_a_change_of_keys(
    start_sealing: StartSealing, tmp_path: Path, postgres: Postgres
) -> None:
    sealing = start_sealing()
    sealing.settled(DAYS[0], 1)
    seal(sealing.house)
    old = sealing.backup(postgres)
    new_key_file(tmp_path / "new.pem", ORIGIN)
    new_file = {"STRONGROOM_LOG_KEY_FILE": str(tmp_path / "new.pem")}
    changed = sealing.another(**new_file, STRONGROOM_LOG_OLD_KEY_FILE=sealing.environment["STRONGROOM_LOG_KEY_FILE"])
    for day in DAYS[1:3]:
        sealing.settled(day, 1)
        seal(changed)
    changed.engine.dispose()
    restored = old.another(**new_file)
    seal(restored)
    restored.engine.dispose()
    assert log_in(old) == log_in(sealing)


def test_a_key_in_kms_signs_as_one_in_a_file_does(start_sealing: StartSealing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the interface to KMS, whose two calls tests/vault holds against the service's model."""
    key = Ed25519PrivateKey.generate()

    class Kms:
        def public_key_der(self) -> bytes:
            return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

        def sign(self, message: bytes) -> bytes:
            return key.sign(message)

    monkeypatch.setattr("strongroom.pipeline.log_keys.connect_signing_key", lambda *_: Kms())
    sealing = start_sealing(STRONGROOM_LOG_KEY_FILE="", STRONGROOM_LOG_KMS_KEY_ID="1234abcd")
    ids = sealing.settled(A_DAY, 2)
    seal(sealing.house)
    signers = open_signers(sealing.house.settings)
    assert signers is not None
    assert signers.current.verifier_key.public_key == key.public_key().public_bytes_raw()
    assert log_in(sealing, signers.keys).manifests() == sorted(ids)


def test_a_key_others_can_read_seals_nothing(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    sealing.settled(A_DAY, 1)
    Path(sealing.environment["STRONGROOM_LOG_KEY_FILE"]).chmod(0o644)
    with pytest.raises(KeyUnusable, match="mode 0644"):
        seal(sealing.house)
    assert sealing.versions() == {}
