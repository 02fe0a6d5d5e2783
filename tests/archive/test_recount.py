"""The recount of a day: what ledger, bucket or enumeration lost is found, named and archived again, once."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import Archive, StartArchive
from rebuilding import NewLedger, rebuilt
from recounting import (
    cover,
    found,
    keys_of,
    lose_from_ledger,
    lose_from_vault,
    past_the_policy,
    recount,
    result,
    ring,
    settle,
    states,
)
from sqlalchemy import text

from strongroom.actor import Actor
from strongroom.evidence.entries import RecountEntry, parse_entry
from strongroom.evidence.keys import new_key_file
from strongroom.genesys.analytics import Page
from strongroom.genesys.errors import TooManyConversations
from strongroom.ledger.activity import want_recount
from strongroom.ledger.runs import open_run
from strongroom.pipeline import enumerate as enumerate_module
from strongroom.pipeline import recount_extract, recount_vault
from strongroom.pipeline.activity import read_activity
from strongroom.pipeline.seal import seal
from strongroom.pipeline.verify.run import verify
from strongroom.pipeline.verify.scope import Depth, Scope
from strongroom.times import format_instant, start_of

A_DAY = date(2026, 3, 10)
NOON = start_of(A_DAY) + timedelta(hours=12)
LATE_S = 2 * 86_400
# every lock can be taken off, so that a test can lose what stands
POLICY = """\
classes:
  usual:
    basis: a test
    required_years: 3
    retained_years: 3
    lock_mode: GOVERNANCE
    erasable: true
    retrieval_promise_hours: 4
  escalated:
    basis: a test
    required_years: 9
    retained_years: 9
    lock_mode: COMPLIANCE
    erasable: false
    retrieval_promise_hours: 4
default_class: usual
rules:
  - name: wrapped up as escalated
    class: escalated
    when:
      wrap_up_code: ["escalated"]
"""


def scripted(number: int, kind: str = "voice", shown_after_s: int = 0) -> dict[str, object]:
    """The n-th conversation of the day, and when it shows up in the query."""
    start = NOON + timedelta(minutes=10 * number)
    return {
        "start": format_instant(start),
        "ends": [format_instant(start + timedelta(minutes=5))],
        "shownAfterS": shown_after_s,
        "kind": kind,
    }


@pytest.fixture
def archive(to_be_archived: Archive) -> Archive:
    """Six conversations of a day, archived and sealed; the last one has not shown up. `ids` are theirs."""
    to_be_archived.archive_here()
    seal(to_be_archived.house)
    return to_be_archived


@pytest.fixture
def to_be_archived(start_archive: StartArchive, tmp_path: Path) -> Archive:
    """The same before it is archived."""
    key, policy = tmp_path / "log.pem", tmp_path / "policy.yaml"
    new_key_file(key, "example.com/recounted")
    policy.write_text(POLICY)
    archive = start_archive(
        conversations=1,
        settings={
            "STRONGROOM_LOG_KEY_FILE": str(key),
            "STRONGROOM_LOG_ORIGIN": "example.com/recounted",
            "STRONGROOM_POLICY_FILE": str(policy),
        },
        availability_lag_s=3600,
        job_s=1,
        now=format_instant(start_of(A_DAY + timedelta(days=1)) + timedelta(minutes=31)),
    )
    kinds = ["voice", "voice", "email", "message", "voice"]
    archive.simulator.script([*map(scripted, range(5), kinds), scripted(5, "voice", LATE_S)])
    return archive


def conversation_ids(archive: Archive) -> list[str]:
    """The conversations that the night archived, in the order of the script."""
    return [
        row[0]
        for row in archive.rows("SELECT conversation_id::text FROM conversations ORDER BY conversation_start, revision")
    ]


def standing(archive: Archive) -> dict[str, int]:
    """Every key of the archive, with how many versions it has."""
    versions: dict[str, int] = {}
    pages = archive.house.store.patient.get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=archive.bucket, Prefix="archive/"):
        for one in page.get("Versions", []):
            versions[one["Key"]] = versions.get(one["Key"], 0) + 1
    return versions


def logged(archive: Archive) -> list[RecountEntry]:
    """What the log has of recounts, after a seal."""
    seal(archive.house)
    rows = archive.rows("SELECT document FROM log_entries WHERE kind = 'recount' ORDER BY leaf_index")
    entries = [parse_entry(row.document.encode()) for row in rows]
    assert all(isinstance(one, RecountEntry) for one in entries)
    return entries  # type: ignore[return-value]


def manifest(archive: Archive, conversation_id: str, revision: int) -> Any:
    """The manifest of a revision, as it stands."""
    [row] = archive.rows(
        "SELECT key, version_id FROM objects"
        " WHERE conversation_id = :id AND revision = :revision AND part = 'manifest'",
        id=conversation_id,
        revision=revision,
    )
    return json.loads(b"".join(archive.house.store.read(row.key, row.version_id)))


def test_what_each_side_lost_is_found_and_ends_archived(archive: Archive) -> None:
    ids = conversation_ids(archive)
    assert len(ids) == 5
    from_ledger, from_vault = ids[0], ids[1]
    before = standing(archive)
    gone = keys_of(archive, from_vault)
    assert any("/recordings/" in key for key in gone)
    lose_from_ledger(archive, from_ledger)
    lose_from_vault(archive, gone)
    cover(archive)
    told = recount(archive)
    [late] = set(conversation_ids(archive)) - set(ids)
    assert {kind: set(names) for kind, names in found(told).items()} == {
        "missed": {late},
        "broughtBack": {from_ledger},
        "notInVault": {from_vault},
    }
    assert told["conversations"] == 6
    assert told["genesys"]["pages"] == 1
    settle(archive)
    assert states(archive, late) == [(1, "archived")]
    assert states(archive, from_ledger) == [(1, "archived")]
    assert states(archive, from_vault) == [(1, "archived"), (2, "archived")]
    after = standing(archive)
    assert set(after.values()) == {1}, "something stands twice"
    assert {key for key in before if key not in gone} <= after.keys()
    # all that was lost stands again, under the revision's folder, and is told by its manifest alone
    again = manifest(archive, from_vault, 2)
    assert {one["key"] for one in again["objects"]} <= after.keys()
    assert again["recordings"] and all(one["state"] == "stored" for one in again["recordings"])
    assert again["predecessor"]["key"] in gone

    [entry] = logged(archive)
    assert (entry.day, entry.number, entry.conversations, entry.differences) == (
        archive.day,
        1,
        6,
        told["differencesFound"],
    )
    stands = b"".join(archive.house.store.read(entry.key, entry.version_id))
    assert json.loads(stands) == told
    lost = {finding.conversation_id for finding in verified(archive).findings}
    assert {str(one) for one in lost} == {from_vault}, "what is gone is told for ever, the rest is whole"

    quiet = recount(archive)
    assert (found(quiet), quiet["number"]) == ({}, 2)
    settle(archive)
    assert standing(archive) == after
    assert [one.number for one in logged(archive)] == [1, 2]


def test_what_stands_and_can_not_be_brought_back_leaves_the_difference_as_it_is(archive: Archive) -> None:
    ids = conversation_ids(archive)
    mid_capture, changed = ids[0], ids[2]
    documents = [key for key in keys_of(archive, mid_capture) if "/recordings/" not in key]
    lose_from_ledger(archive, mid_capture)
    lose_from_vault(archive, documents)
    archive.simulator.wrap_up(changed, "escalated")
    alien = f"archive/{archive.day}/{changed}/alien.txt"
    past_the_policy(archive).put_object(Bucket=archive.bucket, Key=alien, Body=b"alien", ChecksumAlgorithm="SHA256")
    cover(archive)
    told = found(recount(archive))
    [late] = set(conversation_ids(archive)) - set(ids)
    assert set(told.pop("missed")) == {late, mid_capture}
    assert told.pop("changed") == [changed]
    # its recordings were known to nobody at that look
    assert alien in told.pop("unknownToLedger")
    assert told == {}
    settle(archive)
    assert states(archive, mid_capture) == [(1, "archived")]
    assert states(archive, changed) == [(1, "archived"), (2, "archived")]
    assert set(standing(archive).values()) == {1}
    assert set(found(recount(archive))) == {"unknownToLedger"}


def test_a_day_beyond_the_querys_reach_is_settled_and_sealed_once_it_is_recounted(
    to_be_archived: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = to_be_archived

    def beyond(*_: Any, **__: Any) -> Iterator[Page]:
        raise TooManyConversations("the day has 200,001 conversations", where="a test", todo="nothing")

    monkeypatch.setattr(enumerate_module, "started_on", beyond)
    open_run(archive.engine, archive.day, "a test")
    archive.sweep_once()
    run = "SELECT state, cause FROM runs WHERE day = :day"
    assert archive.rows(run, day=archive.day) == [("enumerating", "the day has 200,001 conversations: nothing")]
    cover(archive)
    assert len(found(recount(archive))["missed"]) == 6
    settle(archive)
    archive.let_time_pass(60)
    archive.sweep_once()
    archive.sweep_once()
    assert archive.rows(run, day=archive.day) == [("settled", "enumerated: 6 ended conversations")]
    seal(archive.house)
    [(sealed,)] = archive.rows("SELECT count(*) FROM log_entries WHERE kind = 'manifest'")
    assert sealed == 6


def verified(archive: Archive) -> Any:
    """The day, proven."""
    return verify(archive.house, Scope(first=archive.day, last=archive.day), Depth.PROVEN, Actor("ada", "a test"))


def test_a_day_that_is_whole_is_reconciled_without_a_difference_and_without_a_put(archive: Archive) -> None:
    archive.simulator.script([])
    with archive.engine.begin() as connection:
        connection.execute(text("DELETE FROM recount_lines"))
    cover(archive)
    told = recount(archive)
    assert set(found(told)) == {"unknownToGenesys"}, "nobody is in this world any more"
    assert set(found(told)["unknownToGenesys"]) == set(conversation_ids(archive))
    assert {state for one in conversation_ids(archive) for _, state in states(archive, one)} == {"archived"}


def test_a_delete_marker_is_told_and_nothing_is_archived_again(archive: Archive) -> None:
    [first, *_] = conversation_ids(archive)
    hidden = f"archive/{archive.day}/{first}/manifest.json"
    past_the_policy(archive).delete_object(Bucket=archive.bucket, Key=hidden)
    cover(archive)
    told = recount(archive)
    assert found(told)["deleteMarkers"] == [hidden]
    assert set(found(told)) == {"deleteMarkers", "missed"}
    settle(archive)
    assert states(archive, first) == [(1, "archived")]


def test_a_changed_wrap_up_code_becomes_a_revision_with_longer_and_stricter_locks(archive: Archive) -> None:
    changed, unchanged, *_ = conversation_ids(archive)
    objects = keys_of(archive, changed)
    archive.simulator.wrap_up(changed, "escalated")
    cover(archive)
    gets = archive.simulator.stats()["media"]["gets"]
    told = recount(archive)
    assert found(told)["changed"] == [changed]
    settle(archive)
    assert states(archive, changed) == [(1, "archived"), (2, "archived")]
    assert states(archive, unchanged) == [(1, "archived")]
    locks = archive.rows("SELECT key, lock_mode, retain_until FROM objects WHERE conversation_id = :id", id=changed)
    assert {(row.lock_mode, row.retain_until.year) for row in locks} == {("COMPLIANCE", A_DAY.year + 9)}
    for key in objects:
        head = archive.house.store.patient.head_object(Bucket=archive.bucket, Key=key)
        assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"].year) == ("COMPLIANCE", A_DAY.year + 9)
    [event] = archive.rows(
        "SELECT document FROM custody_events WHERE act = 'archived' AND conversation_id = :id AND revision = 2",
        id=changed,
    )
    assert json.loads(event.document)["details"]["locksLengthened"] == len(objects)
    again = manifest(archive, changed, 2)
    assert again["retentionClass"] == "escalated"
    recordings = {one["key"] for one in again["objects"] if "/recordings/" in one["key"]}
    assert recordings and recordings <= set(objects), "nothing that stands is stored again"
    late = len(archive.rows("SELECT 1 FROM recordings WHERE media = 'audio' AND state = 'stored'"))
    assert archive.simulator.stats()["media"]["gets"] - gets <= late, "only the late one was fetched"
    assert found(recount(archive)) == {}, "the same record again is no change"
    assert states(archive, changed) == [(1, "archived"), (2, "archived")]
    assert not verified(archive).findings


@pytest.mark.long
def test_a_second_look_of_the_enumeration_finds_a_changed_record_as_well_and_once(archive: Archive) -> None:
    changed, *others = conversation_ids(archive)
    archive.archive_here()
    assert {len(states(archive, one)) for one in [changed, *others]} == {1}
    archive.simulator.wrap_up(changed, "escalated")
    for _ in range(2):
        archive.archive_here()
    assert states(archive, changed) == [(1, "archived"), (2, "archived")]
    assert {len(states(archive, one)) for one in others} == {1}


@pytest.mark.long
def test_an_extract_that_is_older_than_the_ledger_changes_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, *_ = conversation_ids(archive)
    archive.simulator.wrap_up(changed, "escalated")
    archive.archive_here()
    extract = recount_extract.conversations_again
    asked: list[str] = []

    def as_it_is_now(client: Any, conversations: list[Any]) -> Any:
        asked.extend(one.conversation_id for one in conversations)
        archive.simulator.wrap_up(changed, "escalated")
        return extract(client, conversations)

    archive.simulator.wrap_up(changed, None)
    monkeypatch.setattr(recount_extract, "conversations_again", as_it_is_now)
    cover(archive)
    told = recount(archive)
    assert asked == [changed]
    assert set(found(told)) == {"missed"}
    assert states(archive, changed) == [(1, "archived"), (2, "archived")]


def test_a_recorded_session_with_nothing_stored_is_a_finding_and_is_archived_again(archive: Archive) -> None:
    [first, second, *_] = conversation_ids(archive)
    with archive.engine.begin() as connection:
        for table, what in (("objects", "recording_id IS NOT NULL"), ("recordings", "true")):
            connection.execute(text(f"DELETE FROM {table} WHERE conversation_id = :id AND {what}"), {"id": first})
        connection.execute(
            text(
                "UPDATE recordings SET state = 'review', manifest_state = 'review', cause = 'given up after 4 hours'"
                " WHERE conversation_id = :id"
            ),
            {"id": second},
        )
    cover(archive)
    told = recount(archive)
    named = told["differences"]["sessionsWithoutMedia"]["named"]
    assert {one["conversationId"] for one in named} == {first}
    assert {one["reason"] for one in named} == {"the ledger has no recording of this session"}
    explained = told["sessions"]["explained"]["named"]
    assert {(one["conversationId"], one["reason"]) for one in explained} == {(second, "given up after 4 hours")}
    settle(archive)
    assert states(archive, first) == [(1, "archived"), (2, "archived")]
    assert all(one["state"] == "stored" for one in manifest(archive, first, 2)["recordings"])


@pytest.mark.long
def test_a_job_that_fails_or_expires_is_submitted_anew(archive: Archive) -> None:
    cover(archive)
    number = want_recount(archive.engine, archive.day, "a test")
    assert number == 1
    archive.simulator.faults(rate_job_failed=1.0)
    for _ in range(2):
        ring(archive)
        list(read_activity(archive.house, archive.day))
        archive.simulator.clock(advance_s=20)
    [(state, cause)] = archive.rows("SELECT state, cause FROM activity_reads WHERE day = :day", day=archive.day)
    assert state == "wanted"
    assert cause in {"the job ended FAILED: another is submitted", "the job ended EXPIRED: another is submitted"}
    archive.simulator.faults(rate_job_failed=0.0)
    assert recount(archive)["number"] == 1


class Killed(BaseException):
    """As a killed process: nothing of ours catches it."""


PLACES = (
    (recount_vault, "mark_vanished"),
    (recount_vault, "bring_back"),
    ("strongroom.pipeline.recount", "confirm_changes"),
    ("strongroom.pipeline.recount", "archive_differing"),
    ("strongroom.pipeline.recount", "compare_sessions"),
    ("strongroom.pipeline.recount", "counted"),
    ("strongroom.pipeline.recount", "store_recount"),
    ("strongroom.pipeline.recount", "activity_was_read"),
)


@pytest.mark.long
def test_killed_anywhere_and_run_again_it_tells_the_same_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = conversation_ids(archive)
    lose_from_ledger(archive, ids[0])
    lose_from_vault(archive, keys_of(archive, ids[1]))
    archive.simulator.wrap_up(ids[2], "escalated")
    cover(archive)
    want_recount(archive.engine, archive.day, "a test")
    for number, (module, name) in enumerate(PLACES):
        for after in (False, True):
            _die(archive, monkeypatch, module, name, after=after, number=number)
    told = result(archive, archive.day, 1) or recount(archive)
    [late] = set(conversation_ids(archive)) - set(ids)
    assert told["number"] == 1, "one recount has one result"
    assert {kind: set(names) for kind, names in found(told).items()} == {
        "missed": {late},
        "broughtBack": {ids[0]},
        "changed": {ids[2]},
        "notInVault": {ids[1]},
    }
    settle(archive)
    assert [states(archive, one)[-1] for one in (late, *ids[:3])] == [
        (1, "archived"),
        (1, "archived"),
        (2, "archived"),
        (2, "archived"),
    ]
    assert set(standing(archive).values()) == {1}
    assert [one.number for one in logged(archive)] == [1]


def _die(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *, after: bool, number: int
) -> None:
    """Run the recount until a step, and end just before or after it, as a worker that is killed."""
    target = module if isinstance(module, str) else module.__name__
    step = __import__(target, fromlist=[name]).__dict__[name]

    def dying(*arguments: Any, **named: Any) -> Any:
        if after:
            done = step(*arguments, **named)
            if isinstance(done, Iterator):
                list(done)
        raise Killed

    house = archive.open_house(f"killed-{number}-{after}", STRONGROOM_LEASE_S="3")
    with monkeypatch.context() as patched:
        patched.setattr(f"{target}.{name}", dying)
        for _ in range(3):
            with archive.engine.begin() as connection:
                connection.execute(
                    text("UPDATE activity_reads SET due_at = now(), lease_owner = NULL, lease_until = NULL")
                )
            try:
                list(read_activity(house, archive.day))
            except Killed:
                break
            archive.simulator.clock(advance_s=20)
    house.engine.dispose()


def test_a_ledger_that_is_made_anew_knows_what_was_recounted(archive: Archive, new_ledger: NewLedger) -> None:
    cover(archive)
    recount(archive)
    settle(archive)
    seal(archive.house)
    anew = new_ledger(archive)
    assert rebuilt(anew).findings == ()
    columns = "day, number, conversations, differences, document"
    assert anew.rows(f"SELECT {columns} FROM recounts") == archive.rows(f"SELECT {columns} FROM recounts")
    anew.sweep_once()
    assert anew.rows("SELECT 1 FROM activity_reads WHERE day = :day", day=anew.day) == []
    assert recount(anew)["number"] == 2
    assert [one.number for one in logged(anew)] == [1, 2]
    assert not verified(anew).findings


def test_a_ledger_restored_from_before_a_recount_counts_on_from_the_log(archive: Archive) -> None:
    cover(archive)
    recount(archive)
    settle(archive)
    assert [one.number for one in logged(archive)] == [1]
    with archive.engine.begin() as connection:
        for table in ("recounts", "activity_reads"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("DELETE FROM evidence_objects WHERE kind = 'recount'"))
    want_recount(archive.engine, archive.day, "a test")
    for _ in range(4):
        ring(archive)
        list(read_activity(archive.house, archive.day))
        archive.simulator.clock(advance_s=20)
    assert found(result(archive, archive.day, 2)) == {}
    assert [one.number for one in logged(archive)] == [1, 2]


def test_a_recount_is_asked_for_once_by_the_sweep_and_again_by_hand(archive: Archive) -> None:
    cover(archive)
    of_day = "SELECT number, state FROM activity_reads WHERE day = :day"
    assert archive.rows(of_day, day=archive.day) == [(1, "wanted")]
    assert want_recount(archive.engine, archive.day, "twice") == 1
    recount(archive)
    archive.sweep_once()
    assert archive.rows(of_day, day=archive.day) == [(1, "read")]
    assert want_recount(archive.engine, archive.day + timedelta(days=9), "no run") is None
    assert result(archive, archive.day, 2) is None
    assert recount(archive)["number"] == 2
