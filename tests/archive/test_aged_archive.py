"""An archive that has aged: revisions, late seals, timestamps, a change of keys, a witness's bucket, cold tiers.

What `verify` says of it, and of the ledger that is made anew from its vault.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from archives import Archive, StartArchive
from planting import backdate_custody
from rebuilding import NewLedger, differing, everything, rebuilt
from sqlalchemy import text

from embedded.timestamp_authority import TimestampAuthority
from strongroom.actor import Actor
from strongroom.evidence.custody import verify_chain
from strongroom.evidence.keys import new_key_file
from strongroom.ledger.custody import NewEvent, custody_head, events_between, record_events
from strongroom.ledger.review import Selection, requeue
from strongroom.pipeline.seal import seal
from strongroom.pipeline.verify.run import Verified, verify
from strongroom.pipeline.verify.scope import Depth, Scope

ADA = Actor("ada", "desk-1")
ORIGIN = "example.com/aged"
# an archive that has aged takes a while to make
pytestmark = pytest.mark.long


@pytest.fixture
def archive(
    start_archive: StartArchive, timestamp_authority: TimestampAuthority, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Archive]:
    """Two revisions of some conversations, the second sealed late and under a new key; every checkpoint witnessed."""
    old, new = tmp_path / "old.pem", tmp_path / "new.pem"
    new_key_file(old, ORIGIN)
    new_key_file(new, ORIGIN)
    witness = f"witness-{abs(hash(request.node.name)) % 10**9}"
    young = start_archive(
        conversations=6,
        outcome="late=1",
        late_s=3600,
        settings={
            "STRONGROOM_LOG_KEY_FILE": str(old),
            "STRONGROOM_LOG_ORIGIN": ORIGIN,
            "STRONGROOM_TIMESTAMP_URL": timestamp_authority.url,
            "STRONGROOM_TIMESTAMP_ROOTS_FILE": str(timestamp_authority.roots_file),
            "STRONGROOM_WITNESS": f"s3://{witness}/of/us",
            "STRONGROOM_RETRY_DEADLINE_S": "1",
        },
    )
    young.house.store.once.create_bucket(Bucket=witness)
    young.archive_here()
    backdate_custody(young.engine, 3)
    seal(young.house)
    young.simulator.clock(advance_s=4000)
    assert requeue(young.engine, Selection(), by=ADA, deadline_s=60) > 0
    changed = {"STRONGROOM_LOG_KEY_FILE": str(new), "STRONGROOM_LOG_OLD_KEY_FILE": str(old)}
    aged = replace(young, environment=young.environment | changed)
    aged.archive_here()
    backdate_custody(aged.engine, 2)
    seal(aged.house)
    record_events(aged.engine, [NewEvent("viewed", ADA)])
    backdate_custody(aged.engine, 1)
    seal(aged.house)
    assert aged.rows("SELECT count(*) FROM conversations WHERE revision = 2 AND state = 'archived'")[0][0] > 0
    assert aged.rows("SELECT count(*) FROM sealed_days WHERE late_manifests > 0")[0][0] > 0
    assert aged.rows("SELECT count(*) FROM log_entries WHERE kind = 'key'")[0][0] == 2
    assert aged.rows("SELECT count(*) FROM custody_days")[0][0] == 3
    assert aged.rows("SELECT count(*) FROM checkpoints WHERE timestamp_at IS NULL OR witnessed_at IS NULL")[0][0] == 0
    yield aged
    aged.engine.dispose()
    aged.house.engine.dispose()


def proven(archive: Archive, scope: Scope = Scope()) -> Verified:  # noqa: B008  it is frozen
    return verify(archive.house, scope, Depth.PROVEN, ADA)


def told(done: Verified) -> list[str]:
    return [f"{finding.where}: {finding.what}" for finding in done.findings]


def test_it_is_proven_and_the_ledger_that_is_made_anew_says_the_same(archive: Archive, new_ledger: NewLedger) -> None:
    of_old = proven(archive)
    assert of_old.findings == ()
    assert of_old.timestamps == of_old.checkpoints >= 3
    before = everything(archive)
    anew = new_ledger(archive)
    done = rebuilt(anew)
    # a verification is custody too, of a day that is not over
    archive_events = archive.rows("SELECT count(*) FROM custody_events")[0][0]
    assert anew.rows("SELECT count(*) FROM custody_events")[0][0] == archive_events - 1
    with archive.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM custody_events WHERE position = :last"), {"last": archive_events})
    assert done.findings == ()
    assert differing(anew, archive) == set()
    of_new = proven(anew)
    assert of_new.findings == ()
    for name in ("conversations", "objects", "bytes_hashed", "checkpoints", "entries", "timestamps", "custody_events"):
        assert getattr(of_new, name) == getattr(of_old, name), name
    anew.archive_here()
    seal(anew.house)
    assert everything(archive) == before, "something was put twice"


def test_after_a_custody_day_that_can_not_be_read_the_chain_goes_on_where_the_log_says_it_ended(
    archive: Archive, new_ledger: NewLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = archive.rows("SELECT day, first_position, last_position, head FROM custody_days ORDER BY day")
    last = days[-1]
    key = f"evidence/custody/{last.day}.jsonl"
    anew = new_ledger(archive)
    _unreadable(anew, monkeypatch, key)
    done = rebuilt(anew)
    assert [(one.kind, one.where) for one in done.findings] == [("custody", anew.house.store.where(key))]
    head = custody_head(anew.engine)
    assert (head.position, head.hash) == (last.last_position, last.head)
    record_events(anew.engine, [NewEvent("viewed", ADA)])
    [row] = events_between(anew.engine, last.last_position + 1, last.last_position + 1)
    assert verify_chain([row.line], position=last.last_position + 1, previous=last.head).position == row.position
    monkeypatch.undo()
    # the vault has the day, and each of its events is missed in the ledger; nothing else is
    lost = {f"custody event {position}:" for position in range(last.first_position, last.last_position + 1)}
    found = told(proven(anew))
    of_the_day = [line for line in found if key in line]  # its row has the hash of what was read
    assert len(found) == len(lost) + len(of_the_day)
    assert all(any(one in line for line in found) for one in lost)

    # a day that the log does not have either: where it ended nobody knows, and that is told
    unlogged = f"evidence/custody/{last.day + timedelta(days=1)}.jsonl"
    archive.house.store.once.put_object(Bucket=archive.bucket, Key=unlogged, Body=b"torn", ChecksumAlgorithm="SHA256")
    done = rebuilt(new_ledger(archive))
    [told_head] = [one for one in done.findings if one.kind == "custody-head"]
    assert f"after event {last.last_position}," in told_head.what
    assert told_head.where.endswith(unlogged)


def test_the_witness_s_bucket_cold_tiers_and_second_revisions_are_verified(archive: Archive) -> None:
    _compare_with_the_witness(archive)
    _count_what_is_cold(archive)
    _hold_revisions_together(archive)


def _compare_with_the_witness(archive: Archive) -> None:
    bucket, client = str(archive.house.settings.witness).split("/")[2], archive.house.store.once
    sizes = [row[0] for row in archive.rows("SELECT size FROM checkpoints ORDER BY size")]
    note = client.get_object(Bucket=bucket, Key=f"of/us/{sizes[0]:020}")["Body"].read()

    def put(size: int, body: bytes) -> None:
        client.put_object(Bucket=bucket, Key=f"of/us/{size:020}", Body=body, ChecksumAlgorithm="SHA256")

    assert proven(archive).findings == ()
    put(sizes[0], note.replace(b"example", b"exemple"))
    [forked] = told(proven(archive))
    assert f"checkpoints/{sizes[0]:020}" in forked
    assert "another checkpoint of this size" in forked
    put(sizes[0], note)

    client.delete_object(Bucket=bucket, Key=f"of/us/{sizes[0]:020}")
    [lost] = told(proven(archive))
    assert "the witness does not have this checkpoint" in lost
    put(sizes[0], note)

    put(sizes[-1] + 5, note)
    [truncated] = told(proven(archive))
    assert f"checkpoints/{sizes[-1] + 5:020}" in truncated
    assert "that the vault does not have" in truncated
    client.delete_object(Bucket=bucket, Key=f"of/us/{sizes[-1] + 5:020}")


def _count_what_is_cold(archive: Archive) -> None:
    """*hashed* reads what can be read; what waits for a restore is told apart from what was hashed."""
    warm = proven(archive)
    [(count, size)] = archive.rows("SELECT count(*), sum(size_bytes) FROM objects WHERE key LIKE '%/recordings/%'")
    archive.proxy.faults(cold={"classes": {"/recordings/": "DEEP_ARCHIVE"}, "ready_after_s": None})
    cold = proven(archive)
    archive.proxy.faults()
    assert (warm.cold, cold.cold, cold.findings) == (0, count, ())
    assert (cold.objects, cold.bytes_hashed) == (warm.objects, warm.bytes_hashed - size)


def _hold_revisions_together(archive: Archive) -> None:
    """Of a conversation with two revisions each manifest and each object that the second refers to."""
    one = archive.rows("SELECT conversation_id FROM conversations WHERE revision = 2")[0].conversation_id
    scope = Scope((UUID(str(one)),))
    assert proven(archive, scope).findings == ()
    rows = archive.rows("SELECT key, sha256 FROM objects WHERE conversation_id = :one ORDER BY key", one=one)
    assert any("/r2/" in row.key for row in rows)
    for row in rows:
        _say_in_ledger(archive, row.key, "0" * 64)
        found = told(proven(archive, scope))
        _say_in_ledger(archive, row.key, row.sha256)
        assert found, row.key
        assert all(f"/{row.key} version" in line for line in found), found


def _say_in_ledger(archive: Archive, key: str, sha256: str) -> None:
    with archive.engine.begin() as connection:
        connection.execute(text("UPDATE objects SET sha256 = :sha256 WHERE key = :key"), {"sha256": sha256, "key": key})


def _unreadable(archive: Archive, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Under COMPLIANCE nobody can damage what stands: the store's answer is."""
    store = type(archive.house.store)
    reading = store.read

    def read(self: Any, asked: str, version_id: str) -> Iterator[bytes]:
        return iter([b"torn"]) if asked == key else reading(self, asked, version_id)

    monkeypatch.setattr(store, "read", read)
