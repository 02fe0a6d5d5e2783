"""A day through the pipeline's steps, in this process, judged from the bucket alone."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from archives import StartArchive

from embedded.bucket import Standing
from strongroom.actor import Actor
from strongroom.genesys.analytics import Page
from strongroom.genesys.errors import GenesysUnavailable
from strongroom.ledger.review import Selection, requeue, review_list
from strongroom.ledger.runs import open_run
from strongroom.pipeline import enumerate as enumerating

OPERATOR = Actor("a test", "here")
FAULTS = (
    "rate_429",
    "rate_truncated",
    "rate_expired_link",
    "rate_token_refused",
    *(
        pytest.param(fault, marks=pytest.mark.long)
        for fault in ("rate_500", "rate_503", "rate_slow", "rate_reset", "rate_overlong")
    ),
)


@pytest.mark.parametrize("day", [date(2024, 2, 29), pytest.param(date(2025, 12, 31), marks=pytest.mark.long)], ids=str)
def test_a_day_is_archived_whole_and_once_and_a_second_run_stores_nothing(
    start_archive: StartArchive, day: date
) -> None:
    archive = start_archive(conversations=16, day=day)
    archive.archive_here()
    verdict = archive.judge(neighbours=[day + timedelta(days=1)])
    assert verdict.mismatches == []
    assert sum(verdict.conversations.values()) == 16
    before, gets = archive.standing(), archive.simulator.stats()["media"]["gets"]
    archive.archive_here()
    assert archive.standing() == before
    assert archive.simulator.stats()["media"]["gets"] == gets


def test_a_day_that_another_worker_has_by_now_is_left_to_it(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=1)
    open_run(archive.engine, archive.day, "a test")

    def cut_off(*_: Any, **__: Any) -> Iterator[Page]:
        with archive.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE runs SET lease_owner = 'another'")
        raise GenesysUnavailable("answered 503", where="a query", todo="wait")

    monkeypatch.setattr(enumerating, "started_on", cut_off)
    assert list(enumerating.enumerate_day(archive.house, archive.day)) == []
    assert archive.rows("SELECT state, lease_owner FROM runs") == [("enumerating", "another")]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_genesys_costs_nothing(start_archive: StartArchive, fault: str) -> None:
    extra = {"slow_s": 0.2} if fault == "rate_slow" else {}
    archive = start_archive(
        conversations=8,
        faults={fault: 0.02 if fault == "rate_token_refused" else 0.15, **extra},
        settings={"STRONGROOM_RETRY_DEADLINE_S": "60", "STRONGROOM_RETRY_INTERVAL_S": "0.5"},
        outcome="never=0",
    )
    archive.archive_here()
    assert archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches == []


@pytest.mark.parametrize("fault", ["rate_batch_429", "rate_batch_error", "rate_batch_twice", "rate_batch_stuck"])
def test_a_fault_of_batches_costs_nothing(start_archive: StartArchive, fault: str) -> None:
    archive = start_archive(
        conversations=8,
        faults={fault: 0.5, "rate_expired_link": 0.1},
        settings={"STRONGROOM_BATCH_SIZE": "3", "STRONGROOM_BATCH_DEADLINE_S": "2"},
        outcome="never=0",
        batch_s=1,
        audio_bytes=None,
    )
    archive.archive_here()
    assert archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches == []
    assert archive.rows("SELECT count(*) FROM batch_results") == [(0,)], "links are secrets"


def test_every_manifest_keeps_to_its_schema(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=12)
    archive.archive_here()
    schema = json.loads((Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text())
    manifests = manifests_of(archive.standing())
    assert len(manifests) >= 12
    for manifest in manifests.values():
        jsonschema.validate(manifest, schema)


def manifests_of(standing: Standing) -> dict[str, dict[str, object]]:
    return {found.key: json.loads(found.body) for found in standing.objects if found.body is not None}


def test_what_never_comes_is_tried_every_fifteen_minutes_for_four_hours_and_then_reviewed(
    start_archive: StartArchive,
) -> None:
    archive = start_archive(
        conversations=6,
        outcome="never=1",
        audio_bytes=None,  # as long as what was spoken
        settings={
            "STRONGROOM_RETRY_INTERVAL_S": "900",
            "STRONGROOM_RETRY_DEADLINE_S": "14400",
        },
    )
    archive.sweep_once()  # nothing is due before a day is asked for
    open_run(archive.engine, archive.day, "a test")
    archive.sweep_until_batches_end()
    for quarter in range(1, 17):
        archive.let_time_pass(840)
        assert archive.sweep_once() == 0, f"asked again too early, in quarter {quarter}"
        archive.let_time_pass(60.1)  # the test's own seconds count as well: there must be room for them
        assert archive.progress().recordings.get("review", 0) == 0 or quarter == 16
        archive.sweep_until_batches_end()
        assert archive.progress().recordings.get("waiting", 0) > 0 or quarter == 16
    archive.sweep_once()
    assert archive.progress().finished
    given_up = archive.rows("SELECT attempts, cause FROM recordings WHERE state = 'review'")
    # two batches, then fifteen quarters; a piece that only the audio's length told of: at once, then sixteen
    assert {attempts for attempts, _ in given_up} == {16, 17}
    assert all("given up after 4 hours" in cause for _, cause in given_up)
    assert archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches == []


@pytest.mark.long
def test_what_is_found_after_review_becomes_a_revision_that_refers_to_the_rest(start_archive: StartArchive) -> None:
    # audio as long as what was spoken: a piece that is missing shows by that
    archive = start_archive(conversations=8, outcome="late=1", late_s=3600, audio_bytes=None)
    archive.archive_here()
    in_review = review_list(archive.engine, Selection())
    assert in_review
    first = {found.key: found for found in archive.standing().objects}
    archive.simulator.clock(advance_s=4000)
    assert requeue(archive.engine, Selection(), by=OPERATOR, deadline_s=60) == len(in_review)
    archive.archive_here()
    assert review_list(archive.engine, Selection()) == []
    assert archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches == []
    now = {found.key: found for found in archive.standing().objects}
    assert first.items() <= now.items()
    revised = {key: body for key, body in manifests_of(archive.standing()).items() if "/r2/" in key}
    assert len(revised) == len({row.conversation_id for row in in_review})
    assert archive.rows("SELECT count(*) FROM search_records WHERE revision = 2") == [(len(revised),)]
    for key, manifest in revised.items():
        predecessor = now[key.replace("/r2/", "/")]
        assert manifest["predecessor"] == {
            "revision": 1,
            "key": predecessor.key,
            "versionId": predecessor.version_id,
            "sha256": predecessor.sha256,
        }


def test_requeued_in_vain_writes_no_second_manifest(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=6, outcome="error=1")
    archive.archive_here()
    before = archive.standing()
    assert requeue(archive.engine, Selection(), by=OPERATOR, deadline_s=1) > 0
    archive.archive_here()
    assert archive.standing() == before
