"""Awkward conversations, archived whole: attachments with wild names, restores, revisions, what can't be had."""

import json
import re
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from archives import Archive, StartArchive

from strongroom.ledger.runs import open_run
from strongroom.pipeline.batch_following import follow_batch
from strongroom.pipeline.batching import gather_batch
from strongroom.pipeline.enumerate import enumerate_day
from strongroom.pipeline.recording import archive_recording
from strongroom.times import start_of

KEY = re.compile(
    r"archive/\d{4}-\d\d-\d\d/[0-9a-f-]{36}/(r\d+/)?"
    r"(manifest\.json|conversation\.json|recordings/[0-9a-f-]{36}(\.\d+)?\.[a-z0-9]{1,8}"
    r"|recordings/[0-9a-f-]{36}/attachments/(sha256\.[0-9a-f]{64}|[A-Za-z0-9][A-Za-z0-9_-]{0,63}))"
)


def latest_manifests(archive: Archive) -> dict[str, dict[str, Any]]:
    """The newest manifest of each conversation."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for standing in archive.standing().objects:
        if standing.body is not None:
            manifest = json.loads(standing.body)
            found[manifest["conversationId"]].append(manifest)
    return {key: max(manifests, key=lambda each: each["revision"]) for key, manifests in found.items()}


def mismatches(archive: Archive) -> list[str]:
    neighbours = [archive.day + timedelta(days=after) for after in range(1, 5)]
    return archive.judge(neighbours=neighbours).mismatches


def test_attachments_of_every_kind_are_archived_and_no_name_becomes_a_path(start_archive: StartArchive) -> None:
    names = "long_subject,large_attachment,zero_byte_attachment,path_named_attachment,same_name_attachments"
    archive = start_archive(conversations=14, awkward_only=f"{names},unicode_names")
    archive.archive_here()
    assert mismatches(archive) == []
    assert [found.key for found in archive.standing().objects if not KEY.fullmatch(found.key)] == []
    awkward = archive.simulator.awkward(archive.day)
    manifests = latest_manifests(archive)

    def attachments(name: str) -> list[dict[str, Any]]:
        entries = [entry for each in awkward[name] for entry in manifests[each]["objects"]]
        return [entry for entry in entries if "/attachments/" in entry["key"]]

    assert any(entry["sizeBytes"] == 0 for entry in attachments("zero_byte_attachment"))
    assert any(entry["sizeBytes"] >= 30 * 1000 * 1000 for entry in attachments("large_attachment"))
    assert any(".." in entry["filename"] for entry in attachments("path_named_attachment"))
    for each in awkward["same_name_attachments"]:
        named = [entry["filename"] for entry in manifests[each]["objects"] if "/attachments/" in entry["key"]]
        assert len(named) > len(set(named)), "two of one name, each an object of its own"
    for name in awkward:
        assert awkward[name], f"nothing plays {name}"


def test_what_genesys_archived_is_restored_and_what_it_can_not_give_is_told(start_archive: StartArchive) -> None:
    archive = start_archive(
        conversations=12,
        awkward_only="file_states,transcript_too_large",
        restore_s=2,
        settings={"STRONGROOM_RESTORE_DEADLINE_S": "60"},
    )
    archive.archive_here()
    assert mismatches(archive) == []
    [(asked,)] = archive.rows("SELECT count(*) FROM recordings WHERE restore_asked_at IS NOT NULL AND state = 'stored'")
    assert asked >= 1
    told = [
        recording
        for manifest in latest_manifests(archive).values()
        for recording in manifest["recordings"]
        if recording["unavailable"]
    ]
    assert [recording["state"] for recording in told] == ["review"]
    assert told[0]["unavailable"] == [{"part": "transcript", "reason": "EMAIL_TRANSCRIPT_TOO_LARGE"}]


def test_a_restore_that_was_just_asked_for_is_waited_for_though_the_deadline_before_it_was_over(
    start_archive: StartArchive,
) -> None:
    archive = start_archive(
        conversations=12,
        awkward_only="file_states",
        restore_s=2,
        settings={"STRONGROOM_RESTORE_DEADLINE_S": "60"},
    )
    open_run(archive.engine, archive.day, "a test")
    list(enumerate_day(archive.house, archive.day))
    gather_batch(archive.house)
    [(batch_id,)] = archive.rows("SELECT batch_id FROM batches")
    archive.let_time_pass(1)
    recordings = follow_batch(archive.house, batch_id).recordings
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE recordings SET deadline_at = now() - interval '1 hour'")
    for ref in recordings:
        archive_recording(archive.house, ref)
    asked = "SELECT DISTINCT state FROM recordings WHERE restore_asked_at IS NOT NULL"
    assert archive.rows(asked) == [("waiting",)]
    archive.archive_here()
    assert archive.rows(asked) == [("stored",)]


@pytest.mark.long
def test_without_an_allowance_for_restores_it_waits_its_own_deadline_and_says_why(start_archive: StartArchive) -> None:
    archive = start_archive(
        conversations=10,
        awkward_only="file_states",
        restorations=0,
        settings={"STRONGROOM_RESTORE_DEADLINE_S": "7"},
    )
    archive.archive_here()
    rows = archive.rows("SELECT cause FROM recordings WHERE state = 'review' AND cause LIKE '%archived inside%'")
    assert rows
    assert all("no restores left" in cause for (cause,) in rows)


@pytest.mark.long
def test_a_reopened_thread_becomes_a_revision_that_stores_only_what_is_new(start_archive: StartArchive) -> None:
    archive = start_archive(
        conversations=6,
        awkward_only="reopened_days_later",
        settings={"STRONGROOM_SECOND_LOOK_DAYS": "3"},
    )
    archive.simulator.clock(now=start_of(archive.day + timedelta(days=1)) + timedelta(minutes=30))
    archive.archive_here()
    reopened = archive.simulator.awkward(archive.day)["reopened_days_later"]
    before = {found.key: found for found in archive.standing().objects}
    archive.simulator.clock(now=start_of(archive.day + timedelta(days=5)))
    archive.archive_here([archive.day + timedelta(days=after) for after in range(1, 5)])
    assert mismatches(archive) == []
    after = {found.key: found for found in archive.standing().objects}
    manifests = latest_manifests(archive)
    for conversation_id in reopened:
        manifest = manifests[conversation_id]
        assert manifest["revision"] == 2
        predecessor = before[manifest["predecessor"]["key"]]
        assert manifest["predecessor"]["versionId"] == predecessor.version_id
        stored_now = [after[key] for key in after if f"/{conversation_id}/r2/" in key]
        hashes = {found.sha256 for found in before.values() if conversation_id in found.key}
        assert not hashes & {found.sha256 for found in stored_now}, "what stands is referred to, not stored again"
        for entry in manifest["objects"]:
            assert after[entry["key"]].retain_until >= predecessor.retain_until
            assert entry["retainUntil"] >= manifest["retainUntil"], "locks of what it refers to are lengthened"
    [(revisions,)] = archive.rows("SELECT count(*) FROM conversations WHERE revision = 2")
    assert revisions == len(reopened)
