"""A day by batch downloads: what they cost, and that nothing is lost or done twice when one is cut off anywhere."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from archives import Archive, StartArchive
from sqlalchemy import text

from strongroom.genesys.batches import BatchStatus, batch_status, submit_batch
from strongroom.genesys.client import GenesysApi
from strongroom.genesys.errors import (
    CredentialsRefused,
    GenesysRefused,
    GenesysUnavailable,
    GenesysUnreachable,
    LinkExpired,
    PermissionMissing,
    RateLimited,
)
from strongroom.genesys.media import fetch_media
from strongroom.genesys.recordings import Recording
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.runs import open_run
from strongroom.pipeline import batch_following, batching, capture, complete, files, recording
from strongroom.pipeline.batch_following import follow_batch
from strongroom.pipeline.batching import gather_batch
from strongroom.pipeline.capture import archive_conversation
from strongroom.pipeline.complete import complete_conversation
from strongroom.pipeline.enumerate import enumerate_day
from strongroom.pipeline.outcomes import NOTHING
from strongroom.pipeline.recording import archive_recording
from strongroom.times import format_instant, start_of

LISTING = "GET /api/v2/conversations/{conversationId}/recordingmetadata"
SINGLE = "GET /api/v2/conversations/{conversationId}/recordings/{recordingId}"
SUBMIT = "POST /api/v2/recording/batchrequests"


class Killed(BaseException):
    """The process ends here: nothing after it runs, no lease is handed back."""


def mismatches(archive: Archive) -> list[str]:
    return archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches


def asked(archive: Archive, endpoint: str) -> int:
    return sum(archive.simulator.stats()["requests"].get(endpoint, {}).values())


def enumerated(archive: Archive) -> list[ConversationRef]:
    """The day is enumerated, and nothing else is done."""
    open_run(archive.engine, archive.day, "a test")
    return [ref for page in enumerate_day(archive.house, archive.day) for ref in page]


def followed(archive: Archive) -> Sequence[RecordingRef]:
    """One batch is submitted and done; the recordings it gave."""
    enumerated(archive)
    gather_batch(archive.house)
    [(batch_id,)] = archive.rows("SELECT batch_id FROM batches")
    archive.let_time_pass(1)
    return follow_batch(archive.house, batch_id).recordings


def test_a_day_costs_a_few_requests_a_hundred_conversations(start_archive: StartArchive) -> None:
    outcomes = {"late": 0.5, "never": 0, "deleted": 0, "error": 0}
    archive = start_archive(conversations=14, outcomes=outcomes, late_s=0.5, audio_bytes=None)
    archive.archive_here()
    assert mismatches(archive) == []
    assert asked(archive, SUBMIT) == 2, "what is late comes with a second batch"
    assert (asked(archive, LISTING), asked(archive, SINGLE)) == (0, 0)
    assert archive.rows("SELECT count(*) FROM batch_results") == [(0,)], "links are secrets"
    assert archive.rows("SELECT count(*) FROM recordings WHERE state = 'stored' AND media IS NULL") == [(0,)]


def test_text_without_a_transcript_in_two_batches_is_listed_once_and_what_the_list_says_is_so(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=1)
    noon = start_of(archive.day) + timedelta(hours=12)
    email = {
        "start": format_instant(noon),
        "ends": [format_instant(noon + timedelta(minutes=5))],
        "kind": "email",
    }
    archive.simulator.script([email])

    def without_text(client: GenesysApi, job_id: str) -> BatchStatus:
        status = batch_status(client, job_id)
        others = tuple(one for one in status.results if one.content_type != "application/json")
        return BatchStatus(len(others), len(others), others)

    listed: list[str] = []

    def listing(_: GenesysApi, conversation_id: str) -> list[Recording]:
        listed.append(conversation_id)
        return []

    monkeypatch.setattr(batch_following, "batch_status", without_text)
    monkeypatch.setattr(capture, "recording_metadata", listing)
    archive.archive_here()
    assert archive.rows("SELECT state, batch_asks FROM conversations WHERE record::text LIKE '%\"email\"%'") == [
        ("archived", 2)
    ]
    assert len(listed) == 1


def test_killed_between_submit_and_commit_it_is_asked_for_again(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=6)
    enumerated(archive)

    def killed(*_: Any, **__: Any) -> int:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(batching, "record_batch", killed)
        gather_batch(archive.house)
    assert asked(archive, SUBMIT) == 1
    assert archive.rows("SELECT count(*) FROM batches") == [(0,)]
    gather_batch(archive.house)
    assert asked(archive, SUBMIT) == 1, "who was killed holds them still"
    assert archive.rows("SELECT count(*) FROM batches") == [(0,)]
    archive.let_time_pass(10)
    archive.archive_here()
    assert mismatches(archive) == []


def test_killed_between_results_and_commit_they_are_read_again(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=6)

    def killed(*_: Any, **__: Any) -> int:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(batch_following, "end_batch", killed)
        followed(archive)
    archive.let_time_pass(10)
    archive.archive_here()
    assert mismatches(archive) == []
    assert asked(archive, SUBMIT) == archive.rows("SELECT count(*) FROM batches")[0][0]


def test_killed_between_result_and_put_the_next_one_puts_it_once_even_when_the_link_has_expired(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=6, link_ttl_s=60)
    recordings = followed(archive)
    assert len(recordings) > 2

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(files, "store", killed)
        archive_recording(archive.house, recordings[0])
    archive_recording(archive.house, recordings[1])
    archive.simulator.clock(advance_s=3600)
    archive.let_time_pass(10)
    archive.archive_here()
    assert mismatches(archive) == []
    assert asked(archive, SINGLE) >= len(recordings) - 1, "what is asked for singly, since its link has expired"
    puts = archive.rows("SELECT count(*), count(DISTINCT key) FROM objects")
    assert puts[0][0] == puts[0][1]


@pytest.mark.parametrize("put_off", [False, True])
def test_channels_told_in_another_order_than_the_single_answers_are_all_kept_and_each_once(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch, put_off: bool
) -> None:
    archive = start_archive(conversations=8, awkward_only="dual_channel", outcome="late=0")

    def backwards(client: GenesysApi, job_id: str) -> BatchStatus:
        status = batch_status(client, job_id)
        return BatchStatus(status.expected, status.ready, status.results[::-1])

    monkeypatch.setattr(batch_following, "batch_status", backwards)
    followed(archive)
    [dual] = [RecordingRef(*row) for row in archive.rows(
        "SELECT conversation_id, revision, recording_id FROM batch_results WHERE result_count = 2"
    )]  # fmt: skip
    fetched: list[str] = []

    def expiring(session: Any, url: str, *arguments: Any, **named: Any) -> Any:
        fetched.append(url)
        if len(fetched) == 2:
            raise LinkExpired("it expired", where="a test", todo="nothing")
        return fetch_media(session, url, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(files, "fetch_media", expiring)
        if put_off:
            patched.setattr(recording, "recording_with_media", _unreachable)
        archive_recording(archive.house, dual)
    archive.let_time_pass(60)
    archive.archive_here()
    assert mismatches(archive) == []
    parts = archive.rows(
        "SELECT part, sha256 FROM objects WHERE recording_id = :id ORDER BY part", id=dual.recording_id
    )
    assert [row.part.rpartition("/")[2] for row in parts] == ["1", "2"]
    assert len({row.sha256 for row in parts}) == 2


def _unreachable(*_: Any, **__: Any) -> None:
    raise GenesysUnreachable("no answer", where="a test", todo="nothing")


def test_what_a_batch_had_given_before_it_was_given_up_is_looked_at_again(start_archive: StartArchive) -> None:
    # longer than the time that passes below: what is late comes by the simulator's clock, which stays
    patient = {"STRONGROOM_RETRY_DEADLINE_S": "600"}
    archive = start_archive(conversations=10, faults={"rate_batch_stuck": 1}, outcome="never=0", settings=patient)
    recordings = followed(archive)
    assert recordings, "half of them are there"
    for ref in recordings:
        archive_recording(archive.house, ref)
    gets = archive.simulator.stats()["media"]["gets"]
    archive.let_time_pass(60)
    archive.archive_here()
    assert mismatches(archive) == []
    assert archive.rows("SELECT DISTINCT state FROM batches") == [("given up",)]
    [(stored,)] = archive.rows("SELECT count(*) FROM recordings WHERE state = 'stored'")
    assert archive.simulator.stats()["media"]["gets"] - gets <= 2 * (stored - len(recordings)) + 20
    assert asked(archive, SINGLE) >= stored


def test_hours_in_which_genesys_failed_are_not_the_recordings(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = {"STRONGROOM_RETRY_DEADLINE_S": "14400", "STRONGROOM_RETRY_INTERVAL_S": "900"}
    archive = start_archive(conversations=2, outcome="late=1", late_s=100_000, settings=hours)
    (ref, *_) = enumerated(archive)
    gather_batch(archive.house)
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET awaits = 'listing', batch_id = NULL, due_at = now()")
    wait = "SELECT extract(epoch FROM due_at - now())::float FROM conversations WHERE conversation_id = :id"

    def down(*_: Any) -> None:
        raise GenesysUnavailable("answered 503", where="a listing", todo="wait")

    with monkeypatch.context() as patched:
        patched.setattr(capture, "recording_metadata", down)
        for _ in range(25):
            assert archive_conversation(archive.house, ref) == NOTHING
            archive.let_time_pass(archive.rows(wait, id=ref.conversation_id)[0][0])
    assert archive.rows("SELECT DISTINCT state FROM conversations") == [("capturing",)]

    recordings = archive_conversation(archive.house, ref).recordings

    assert recordings
    for one in recordings:
        archive_recording(archive.house, one)
    of_it = "FROM recordings WHERE conversation_id = :id"
    states = {state for (state,) in archive.rows(f"SELECT state {of_it}", id=ref.conversation_id)}
    assert "waiting" in states
    assert "review" not in states
    [(left,)] = archive.rows(f"SELECT min(deadline_at - now()) {of_it}", id=ref.conversation_id)
    assert left > timedelta(hours=3.5)


def test_hours_in_which_no_batch_could_be_submitted_do_not_count(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=2, settings={"STRONGROOM_RETRY_DEADLINE_S": "14400"})
    enumerated(archive)
    before = "SELECT min(deadline_at - due_at) FROM conversations"
    [(first,)] = archive.rows(before)

    def down(*_: Any) -> None:
        raise RateLimited("over the allowance", where="a batch", todo="wait", retry_after_s=600)

    monkeypatch.setattr(batching, "submit_batch", down)
    gather_batch(archive.house)
    [(then,)] = archive.rows(before)
    assert abs(then - first) < timedelta(seconds=30), "as much is left when it is due again"


def test_a_recording_that_is_listed_once_the_manifest_stands_is_named_by_the_next(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=14, outcome="late=0")
    of_conversation: defaultdict[ConversationRef, list[RecordingRef]] = defaultdict(list)
    for ref in followed(archive):
        of_conversation[ref.conversation].append(ref)
    ref, (late, *others) = next((ref, each) for ref, each in of_conversation.items() if len(each) > 1)
    # as if Genesys had not listed it yet, and the others had had to be waited for
    with archive.engine.begin() as connection:
        for table in ("recordings", "batch_results"):
            connection.execute(text(f"DELETE FROM {table} WHERE recording_id = :id"), {"id": late.recording_id})
    for one in others:
        archive_recording(archive.house, one)
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE recordings SET attempts = 2")

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(complete, "recording_metadata", lambda *_: [])
        patched.setattr(complete, "archived", killed)
        complete_conversation(archive.house, ref)
    manifest = "SELECT revision, state FROM conversations WHERE conversation_id = :id ORDER BY 1"
    assert archive.rows(manifest, id=ref.conversation_id) == [(1, "capturing")]

    archive.let_time_pass(10)
    archive.archive_here()

    assert archive.rows(manifest, id=ref.conversation_id) == [(1, "archived"), (2, "archived")]
    told = [
        {one["recordingId"] for one in json.loads(found.body)["recordings"]}
        for found in archive.standing().objects
        if found.body is not None and str(ref.conversation_id) in found.key
    ]
    before = {one.recording_id for one in others}
    assert sorted(told, key=len) == [before, before | {late.recording_id}]
    assert mismatches(archive) == []


@pytest.mark.parametrize(
    ("taken", "error", "status"), [(0, PermissionMissing, 403), (1, GenesysRefused, 400)], ids=["none", "the second"]
)
def test_what_no_batch_is_taken_of_is_asked_for_singly(
    start_archive: StartArchive,
    monkeypatch: pytest.MonkeyPatch,
    taken: int,
    error: type[GenesysRefused],
    status: int,
) -> None:
    outcomes = {"late": 0.5, "never": 0, "deleted": 0, "error": 0}
    archive = start_archive(conversations=8, outcomes=outcomes)
    submitted: list[Sequence[str]] = []

    def refusing(client: GenesysApi, conversation_ids: Sequence[str]) -> str:
        submitted.append(conversation_ids)
        if len(submitted) > taken:
            raise error("it says no", where="a test", todo="grant Recording > Export", status=status)
        return submit_batch(client, conversation_ids)

    monkeypatch.setattr(batching, "submit_batch", refusing)
    archive.archive_here()
    assert mismatches(archive) == []
    assert archive.rows("SELECT count(*) FROM batches") == [(taken,)]
    assert asked(archive, LISTING) >= len(submitted[taken])
    assert archive.rows("SELECT DISTINCT state FROM conversations") == [("archived",)]


def test_an_outage_across_its_deadline_does_not_end_a_batch(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = start_archive(conversations=6, outcomes={"late": 0, "never": 0, "deleted": 0, "error": 0})
    enumerated(archive)
    gather_batch(archive.house)
    [(batch_id,)] = archive.rows("SELECT batch_id FROM batches")
    said: dict[str, Any] = {"where": "a test", "todo": "nothing"}
    errors = [
        GenesysUnreachable("no answer", **said),
        GenesysUnavailable("503", **said),
        RateLimited("used up", **said, retry_after_s=40),
        CredentialsRefused("401", **said, status=401),
    ]
    for error in errors:
        archive.let_time_pass(60)

        def failing(*_: Any, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(batch_following, "batch_status", failing)
            assert follow_batch(archive.house, batch_id).unlisted == []
        assert archive.rows("SELECT state, deadline_at > now(), attempts > 0 FROM batches") == [
            ("submitted", True, True)
        ]
    archive.let_time_pass(41)
    archive.archive_here()
    assert mismatches(archive) == []
    assert archive.rows("SELECT DISTINCT state FROM batches") == [("done",)]
    assert (asked(archive, LISTING), asked(archive, SINGLE)) == (0, 0)


@pytest.mark.long
def test_audio_in_another_format_is_asked_for_singly_and_text_comes_by_batch(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=10, settings={"STRONGROOM_AUDIO_FORMAT": "WAV"}, outcome="late=0")
    archive.archive_here()
    assert mismatches(archive) == []
    kinds = "SELECT DISTINCT content_type FROM objects JOIN recordings USING (conversation_id, revision, recording_id)"
    assert archive.rows(f"{kinds} WHERE media = 'audio'") == [("audio/wav",)]
    [(audio,)] = archive.rows("SELECT count(*) FROM recordings WHERE media = 'audio'")
    [(text,)] = archive.rows("SELECT count(*) FROM recordings WHERE media <> 'audio'")
    assert text > 0
    assert asked(archive, SINGLE) >= audio > 0
    assert asked(archive, SINGLE) < audio + text


@pytest.mark.long
def test_exports_of_text_are_kept_where_a_setting_asks_for_it(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=10, settings={"STRONGROOM_TEXT_EXPORTS": "true"}, outcome="late=0")
    archive.archive_here()
    assert mismatches(archive) == [], "the judge asks for every EML then"
    exports = "SELECT count(*) FROM objects WHERE content_type IN ('message/rfc822', 'application/zip')"
    assert archive.rows(exports)[0][0] > 0
