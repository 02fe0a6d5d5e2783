"""An archive that has aged: revisions, late seals, timestamps, a change of keys, a witness's bucket, cold tiers.

What `verify` says of it, and of the ledger that is made anew from its vault.
"""

from collections.abc import Iterator
from dataclasses import replace
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


def test_a_custody_day_that_the_log_does_not_have_either_is_told_with_where_the_chain_goes_on(
    archive: Archive, new_ledger: NewLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = archive.rows("SELECT max(day) + 1 AS day, max(last_position) AS last FROM custody_days")[0]
    key = f"evidence/custody/{day.day}.jsonl"
    archive.house.store.once.put_object(Bucket=archive.bucket, Key=key, Body=b"torn", ChecksumAlgorithm="SHA256")
    done = rebuilt(new_ledger(archive))
    [head] = [one for one in done.findings if one.kind == "custody-head"]
    assert f"after event {day.last}" in head.what
    assert head.where.endswith(key)


def test_what_the_witness_has_in_a_bucket_is_compared(archive: Archive) -> None:
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


def test_what_lies_in_a_cold_tier_is_counted_and_no_finding(archive: Archive) -> None:
    """*hashed* reads what can be read; what waits for a restore is told apart from what was hashed."""
    warm = proven(archive)
    [(count, size)] = archive.rows("SELECT count(*), sum(size_bytes) FROM objects WHERE key LIKE '%/recordings/%'")
    archive.proxy.faults(cold={"classes": {"/recordings/": "DEEP_ARCHIVE"}, "ready_after_s": None})
    cold = proven(archive)
    assert (warm.cold, cold.cold, cold.findings) == (0, count, ())
    assert (cold.objects, cold.bytes_hashed) == (warm.objects, warm.bytes_hashed - size)


@pytest.mark.parametrize("change", ["an object of the first", "its manifest", "the first's manifest"])
def test_of_a_second_revision_every_part_is_held_together(archive: Archive, change: str) -> None:
    [conversation, *_] = archive.rows("SELECT conversation_id, day FROM conversations WHERE revision = 2")
    one = conversation.conversation_id
    scope = Scope((UUID(str(one)),))
    assert proven(archive, scope).findings == ()
    where: dict[str, Any] = {
        "an object of the first": "revision = 1 AND part <> 'manifest'",
        "its manifest": "revision = 2 AND part = 'manifest'",
        "the first's manifest": "revision = 1 AND part = 'manifest'",
    }
    with archive.engine.begin() as connection:
        key = connection.execute(
            text(
                "UPDATE objects SET sha256 = repeat('0', 64) WHERE key = (SELECT min(key) FROM objects"
                f" WHERE conversation_id = :one AND {where[change]}) RETURNING key"
            ),
            {"one": one},
        ).scalar_one()
    found = told(proven(archive, scope))
    assert found
    assert all(f"/{key} version" in line for line in found), found


def _unreadable(archive: Archive, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Under COMPLIANCE nobody can damage what stands: the store's answer is."""
    store = type(archive.house.store)
    reading = store.read

    def read(self: Any, asked: str, version_id: str) -> Iterator[bytes]:
        return iter([b"torn"]) if asked == key else reading(self, asked, version_id)

    monkeypatch.setattr(store, "read", read)
