"""The ledger made anew from the bucket alone: the same rows where the vault tells of them, and the archive goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import Archive, StartArchive
from custody_material import backdate
from rebuilding import LOST, NewLedger, differing, everything, rebuilt
from sqlalchemy import text

from strongroom.actor import Actor
from strongroom.errors import Misconfigured
from strongroom.evidence.custody import verify_chain
from strongroom.evidence.keys import new_key_file
from strongroom.ledger.custody import NewEvent, custody_head, events_between, record_events
from strongroom.ledger.rebuild import Rebuilding
from strongroom.legal.access import Principal, Role
from strongroom.legal.search import SearchQuery, find
from strongroom.pipeline.seal import seal
from strongroom.pipeline.verify.run import verify
from strongroom.pipeline.verify.scope import Depth, Scope

ADA = Actor("ada", "desk-1")


@pytest.fixture
def archive(start_archive: StartArchive, tmp_path: Path) -> Iterator[Archive]:
    """A settled and sealed day, whose custody of yesterday is in the vault."""
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/rebuilt")
    archive = start_archive(
        conversations=8,
        settings={"STRONGROOM_LOG_KEY_FILE": str(key), "STRONGROOM_LOG_ORIGIN": "example.com/rebuilt"},
    )
    archive.archive_here()
    backdate(archive.engine, 1)
    seal(archive.house)
    yield archive


def test_a_new_ledger_tells_what_the_old_one_told_and_goes_on(archive: Archive, new_ledger: NewLedger) -> None:
    before = everything(archive)
    anew = new_ledger(archive)
    done = rebuilt(anew)
    assert everything(archive) == before, "the rebuild wrote to the vault"
    assert done.revisions == archive.rows("SELECT count(*) FROM conversations WHERE state = 'archived'")[0][0]
    assert differing(anew, archive) == set()
    # the ledger has the policy's own instant, the manifest that of the lock: S3 keeps whole seconds, rounded up
    ends = "SELECT date_trunc('second', retain_until + interval '999999 microseconds') AS until FROM conversations"
    of_archived = f"{ends} WHERE state = 'archived' ORDER BY 1"
    assert anew.rows(of_archived) == archive.rows(of_archived)
    told = ("basis", "retainedYears", "reasons", "defaulted")
    decisions = [
        sorted(
            str([one.decision[name] for name in told])
            for one in each.rows("SELECT decision FROM conversations WHERE state = 'archived'")
        )
        for each in (anew, archive)
    ]
    assert decisions[0] == decisions[1]

    with pytest.raises(Misconfigured):
        rebuilt(anew)
    anew.archive_here()
    seal(anew.house)
    assert {key for key in everything(archive) if key not in before} == set(), "something was put twice"
    assert everything(archive) == before

    verified = verify(anew.house, Scope(first=anew.day, last=anew.day), Depth.PROVEN, ADA)
    assert (verified.findings, verified.conversations > 0) == ((), True)
    record_events(anew.engine, [NewEvent("viewed", ADA)])
    head = custody_head(anew.engine)
    verify_chain([row.line for row in events_between(anew.engine, 1, head.position)], head=head.hash)
    backdate_last = custody_head(archive.engine)
    assert head.position == backdate_last.position + 2  # it was verified, and viewed
    size = anew.rows("SELECT max(size) FROM checkpoints")[0][0]
    assert size == archive.rows("SELECT max(size) FROM checkpoints")[0][0]


@pytest.mark.long
def test_what_cannot_be_read_is_named_and_the_rest_goes_on(
    archive: Archive, new_ledger: NewLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, put = archive.house.store, archive.house.store.once.put_object
    for key in ("archive/2026-03-10/notes.txt", "evidence/log/README", "evidence/log/timestamps/x"):
        put(Bucket=archive.bucket, Key=key, Body=b"not ours", ChecksumAlgorithm="SHA256")
    [damaged] = archive.rows("SELECT key, version_id FROM objects WHERE part = 'manifest' ORDER BY key LIMIT 1")
    body = b"".join(store.read(damaged.key, damaged.version_id))
    reading = type(store).read

    def read(self: object, key: str, version_id: str) -> Iterator[bytes]:
        chunks = reading(self, key, version_id)  # type: ignore[arg-type]
        return iter([body.replace(b'"revision":1', b'"revision":2')]) if key == damaged.key else chunks

    anew = new_ledger(archive)
    # under COMPLIANCE nobody can damage what stands: the store's answer is
    monkeypatch.setattr(type(store), "read", read)
    done = rebuilt(anew)
    monkeypatch.undo()
    named = {(one.kind, one.where.removeprefix(f"s3://{archive.bucket}/")) for one in done.findings}
    assert {
        ("manifest", damaged.key),
        ("unnamed", "archive/2026-03-10/notes.txt"),
        ("alien", "evidence/log/README"),
        ("alien", "evidence/log/timestamps/x"),
        ("missing", "archive/"),
    } <= named
    archived = archive.rows("SELECT count(*) FROM conversations WHERE state = 'archived'")[0][0]
    assert done.revisions == archived - 1


def test_cut_off_it_leaves_nothing_and_is_run_again(
    archive: Archive, new_ledger: NewLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew = new_ledger(archive)

    class Killed(BaseException):
        pass

    def die(self: Rebuilding) -> None:
        raise Killed

    monkeypatch.setattr(Rebuilding, "settle_later", die)
    with pytest.raises(Killed):
        rebuilt(anew)
    monkeypatch.undo()
    for name in LOST:
        assert anew.rows(f"SELECT * FROM {name}") == []
    assert rebuilt(anew).revisions > 0


@pytest.mark.long
def test_without_any_evidence_the_records_come_back(start_archive: StartArchive, new_ledger: NewLedger) -> None:
    archive = start_archive(conversations=4)
    archive.archive_here()
    anew = new_ledger(archive)
    done = rebuilt(anew)
    assert done.findings == ()
    before = everything(archive)
    with anew.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM log_entries")).scalar() == 0
    anew.archive_here()
    assert everything(archive) == before


@pytest.mark.long
def test_the_search_answers_as_before(archive: Archive, new_ledger: NewLedger) -> None:
    anna = Principal("anna", frozenset({Role.ANALYST}), None, "192.0.2.1")
    anew = new_ledger(archive)
    rebuilt(anew)
    text_count = "SELECT count(DISTINCT recording_id) FROM search_texts"
    assert anew.rows(text_count) == archive.rows(text_count) != [(0,)]
    everything_found = find(archive.house, anna, SearchQuery()).rows
    assert len(everything_found) == archive.rows("SELECT count(*) FROM conversations WHERE state = 'archived'")[0][0]
    questions = [SearchQuery(), SearchQuery(text="account"), SearchQuery(text="bitte"), SearchQuery(media="voice")]
    questions += [SearchQuery(address=address) for row in everything_found for address in row.addresses]
    questions += [SearchQuery(agent=agent) for row in everything_found for agent in row.agents]
    for question in questions:
        assert find(anew.house, anna, question) == find(archive.house, anna, question), question
