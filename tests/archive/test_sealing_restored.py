"""A ledger restored from a backup, or a vault that isn't what it was: it catches up, or is refused; it never forks."""

from datetime import timedelta

import pytest
from sealing_material import A_DAY, Sealing, StartSealing, log_in

from embedded.postgres import Postgres
from strongroom.evidence.checkpoints import Checkpoint, sign_checkpoint
from strongroom.evidence.errors import ProofRefused
from strongroom.ledger.checkpoints import latest_checkpoint
from strongroom.ledger.log import log_size
from strongroom.ledger.sealed_days import sealed_day, unsealed_manifests
from strongroom.pipeline.catch_up import LogForked
from strongroom.pipeline.log_keys import open_signers
from strongroom.pipeline.seal import needs_sealing, seal

DAYS = [A_DAY + timedelta(days=offset) for offset in range(5)]


@pytest.fixture
def sealing(start_sealing: StartSealing) -> Sealing:
    """A log with one sealed day."""
    sealing = start_sealing()
    sealing.settled(DAYS[0], 3)
    seal(sealing.house)
    return sealing


def test_an_older_ledger_catches_up_from_the_vault(sealing: Sealing, postgres: Postgres) -> None:
    old = sealing.backup(postgres)
    ids = [sealing.settled(day, 130) for day in DAYS[1:4]]
    for _ in DAYS[1:4]:
        seal(sealing.house)
    sealing.archived(DAYS[1], 1)
    seal(sealing.house)
    before, versions = log_in(sealing), sealing.versions()
    # the restored ledger has heard of one of those days by itself, and of another conversation of it
    own = old.settled(DAYS[1], 2)
    seal(old.house)
    after = log_in(old)
    assert after.checkpoints[: len(before.checkpoints)] == before.checkpoints
    assert after.manifests() == [*before.manifests(), *sorted(own)]
    assert (DAYS[1], True, 133) in after.days()
    row = sealed_day(old.engine, DAYS[1])
    assert row is not None
    assert row.manifests == len(ids[0])
    assert unsealed_manifests(old.engine, DAYS[1]) == 0
    assert not needs_sealing(old.house)
    assert {key: ids for key, ids in old.versions().items() if key in versions} == versions


def test_an_older_ledger_with_nothing_of_its_own_writes_nothing(sealing: Sealing, postgres: Postgres) -> None:
    old = sealing.backup(postgres)
    sealing.settled(DAYS[1], 2)
    seal(sealing.house)
    versions = sealing.versions()
    done = seal(old.house)
    assert old.versions() == versions
    assert done.entries == 0
    ours, theirs = latest_checkpoint(sealing.engine), latest_checkpoint(old.engine)
    assert ours is not None
    assert theirs is not None
    assert (ours.size, ours.note) == (theirs.size, theirs.note)


def test_entries_whose_checkpoint_was_never_written_are_taken_over(
    sealing: Sealing, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sealing died after its bundle stood, and then the ledger was lost: the bundle's place can't be used again."""
    old = sealing.backup(postgres)
    lost = sealing.settled(DAYS[1], 4)
    with monkeypatch.context() as patched:
        patched.setattr("strongroom.pipeline.seal_checkpoint.sign_checkpoint", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            seal(sealing.house)
    own = old.settled(DAYS[2], 2)
    seal(old.house)
    log = log_in(old)
    assert log.manifests()[3:] == [*sorted(lost), *sorted(own)]
    assert log.days() == [(DAYS[0], False, 3), (DAYS[1], False, 4), (DAYS[2], False, 2)]


def test_an_empty_ledger_catches_up_as_well(sealing: Sealing, postgres: Postgres, migrated_template: str) -> None:
    sealing.settled(DAYS[1], 2)
    seal(sealing.house)
    name = f"{sealing.database}_empty"
    empty = Sealing(
        sealing.environment | {"STRONGROOM_DATABASE_URL": postgres.create_database(name, migrated_template)}
    )
    versions = sealing.versions()
    seal(empty.house)
    assert empty.versions() == versions
    assert log_size(empty.engine) == log_size(sealing.engine)
    empty.engine.dispose()
    postgres.drop_database(name)


def test_a_ledger_that_sealed_something_else_meanwhile_is_refused(sealing: Sealing, postgres: Postgres) -> None:
    """Two ledgers, one vault: whoever comes second finds that the log has gone on without it."""
    other = sealing.backup(postgres)
    sealing.settled(DAYS[1], 1)
    seal(sealing.house)
    # a checkpoint that only this ledger knows: its put never came through
    other.execute(
        "INSERT INTO checkpoints (size, root, note) VALUES (:size, :root, 'a note')",
        size=log_size(other.engine) + 1,
        root="0" * 64,
    )
    versions = sealing.versions()
    with pytest.raises(LogForked, match="checkpoint of 7 leaves"):
        seal(other.house)
    assert sealing.versions() == versions


def test_a_checkpoint_that_vanished_from_the_vault_is_told(sealing: Sealing) -> None:
    """The ledger knows that it stood: version and all."""
    sealing.execute("INSERT INTO checkpoints (size, root, note) SELECT 60, root, note FROM checkpoints")
    sealing.execute(
        "INSERT INTO evidence_objects SELECT replace(key, '0006', '0060'), kind, size_bytes, sha256, content_type,"
        " lock_mode, retain_until, version_id FROM evidence_objects WHERE kind = 'checkpoint'"
    )
    sealing.settled(DAYS[1], 1)
    with pytest.raises(LogForked, match="the vault lacks the ledger's checkpoint of 60 leaves"):
        seal(sealing.house)


def test_another_checkpoint_under_ours_is_told(sealing: Sealing) -> None:
    sealing.execute("UPDATE checkpoints SET note = note || 'B'")
    sealing.settled(DAYS[1], 1)
    with pytest.raises(LogForked, match="is not the ledger's"):
        seal(sealing.house)


def test_a_checkpoint_of_a_strangers_key_is_not_followed(sealing: Sealing) -> None:
    """Whoever may write to the vault can put a checkpoint there, and can't sign it."""
    signers = open_signers(sealing.house.settings)
    assert signers is not None
    forged = sign_checkpoint(Checkpoint("example.com/strongroom", 9, b"0" * 32), [signers.current])
    body = forged.replace(b"9\n", b"8\n", 1)
    client = sealing.house.store.patient
    key = f"evidence/log/checkpoints/{8:020}"
    client.put_object(Bucket=sealing.house.store.bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256")
    with pytest.raises(ProofRefused, match="signature is wrong"):
        seal(sealing.house)


def test_a_checkpoint_that_its_entries_do_not_lead_to_is_not_followed(sealing: Sealing, postgres: Postgres) -> None:
    """Signed with our key, but over another root: a fork by whoever has the key."""
    old = sealing.backup(postgres)
    sealing.settled(DAYS[1], 1)
    signers = open_signers(sealing.house.settings)
    assert signers is not None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "strongroom.pipeline.seal_checkpoint.sign_checkpoint",
            lambda checkpoint, keys: sign_checkpoint(Checkpoint(checkpoint.origin, checkpoint.size, b"0" * 32), keys),
        )
        seal(sealing.house)
    with pytest.raises(ProofRefused, match="do not lead to its checkpoint"):
        seal(old.house)
    assert latest_checkpoint(old.engine) != latest_checkpoint(sealing.engine)


def test_an_edited_entry_is_never_sealed_over(sealing: Sealing) -> None:
    """Entries that are sealed are read from the vault when the log grows: an edited row changes no root."""
    sealing.execute("UPDATE log_entries SET document = replace(document, '100', '101') WHERE kind = 'manifest'")
    sealing.settled(DAYS[1], 1)
    seal(sealing.house)
    log_in(sealing)


def test_an_edited_root_stops_the_sealing(sealing: Sealing) -> None:
    sealing.execute("UPDATE checkpoints SET root = repeat('0', 64)")
    sealing.settled(DAYS[1], 1)
    with pytest.raises(ProofRefused, match="do not lead to the root"):
        seal(sealing.house)
