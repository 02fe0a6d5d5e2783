"""The ledger made anew from the bucket alone: the same rows where the vault tells of them, and the archive goes on."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from archives import Archive, StartArchive
from custody_material import backdate
from sqlalchemy import text

from embedded.postgres import Postgres
from strongroom.actor import Actor
from strongroom.errors import Misconfigured
from strongroom.evidence.custody import verify_chain
from strongroom.evidence.keys import new_key_file
from strongroom.ledger.custody import NewEvent, custody_head, events_between, record_events
from strongroom.ledger.rebuild import Rebuilding
from strongroom.legal.access import Principal, Role
from strongroom.legal.search import SearchQuery, find
from strongroom.pipeline.rebuild import Rebuilt, rebuild
from strongroom.pipeline.seal import seal
from strongroom.pipeline.verify.run import verify
from strongroom.pipeline.verify.scope import Depth, Scope

ADA = Actor("ada", "desk-1")

# What only the ledger knew: when work was due and who did it, what the policy decided beside what a manifest tells,
# when Genesys was asked to restore. docs/format.md has the whole list.
LOST = {
    "conversations": {
        "state_at", "first_seen_at", "due_at", "enqueued_at", "lease_owner", "lease_until", "attempts", "deadline_at",
        "decision", "retain_until", "indexed_at",
    },
    "recordings": {
        "state_at", "first_seen_at", "due_at", "enqueued_at", "lease_owner", "lease_until", "attempts", "deadline_at",
        "restore_asked_at",
    },
    "objects": {"object_id", "stored_at"},
    "log_entries": {"appended_at"},
    "checkpoints": {"created_at", "timestamp_stored_at"},
    "evidence_objects": {"intended_at", "stored_at"},
    "sealed_days": {"sealed_at"},
    "custody_events": set(),
    "custody_days": set(),
}  # fmt: skip


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


@pytest.fixture
def new_ledger(postgres: Postgres, migrated_template: str) -> Iterator[Callable[[Archive], Archive]]:
    """The same vault with an empty, migrated ledger."""
    made: list[tuple[str, Archive]] = []

    def make(archive: Archive) -> Archive:
        name = f"rebuilt_{archive.bucket.replace('-', '_')}_{len(made)}"
        url = postgres.create_database(name, template=migrated_template)
        anew = replace(archive, environment=archive.environment | {"STRONGROOM_DATABASE_URL": url})
        made.append((name, anew))
        return anew

    yield make
    for name, anew in made:
        anew.engine.dispose()
        anew.house.engine.dispose()
        postgres.drop_database(name)


def rebuilt(archive: Archive) -> Rebuilt:
    """Rebuild, telling nobody of the progress."""
    return rebuild(archive.house, lambda revisions: None)


def table(archive: Archive, name: str) -> list[str]:
    """A table's rows as text without what does not come back, sorted."""
    rows = [dict(row._mapping) for row in archive.rows(f"SELECT * FROM {name}")]
    return sorted(
        json.dumps(
            {column: value for column, value in row.items() if column not in LOST[name]}, default=str, sort_keys=True
        )
        for row in rows
        if row.get("state") != "review" or name != "conversations"
    )


def everything(archive: Archive) -> dict[str, int]:
    """Every key in the bucket with how many versions and markers it has."""
    found: dict[str, int] = {}
    for page in archive.house.store.patient.get_paginator("list_object_versions").paginate(Bucket=archive.bucket):
        for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            found[one["Key"]] = found.get(one["Key"], 0) + 1
    return found


def test_a_new_ledger_tells_what_the_old_one_told_and_goes_on(
    archive: Archive, new_ledger: Callable[[Archive], Archive]
) -> None:
    before = everything(archive)
    anew = new_ledger(archive)
    done = rebuilt(anew)
    assert everything(archive) == before, "the rebuild wrote to the vault"
    assert done.revisions == archive.rows("SELECT count(*) FROM conversations WHERE state = 'archived'")[0][0]
    for name in LOST:
        differing = {
            (column, str(ours), str(theirs))
            for one, other in zip(table(anew, name), table(archive, name), strict=True)
            for (column, ours), theirs in zip(json.loads(one).items(), json.loads(other).values(), strict=True)
            if ours != theirs
        }
        assert differing == set(), name
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


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(
    archive: Archive, new_ledger: Callable[[Archive], Archive], monkeypatch: pytest.MonkeyPatch
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
    archive: Archive, new_ledger: Callable[[Archive], Archive], monkeypatch: pytest.MonkeyPatch
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


def test_without_any_evidence_the_records_come_back(
    start_archive: StartArchive, new_ledger: Callable[[Archive], Archive]
) -> None:
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


def test_the_search_answers_as_before(archive: Archive, new_ledger: Callable[[Archive], Archive]) -> None:
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
