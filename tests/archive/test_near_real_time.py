"""What a class asks for in near-real-time is archived minutes after its end, and the night finds it done."""

from datetime import date, timedelta
from pathlib import Path

from archives import Archive, StartArchive

from strongroom.ledger.progress import day_progress
from strongroom.ledger.sealed_days import days_to_seal, unsealed_manifests
from strongroom.pipeline.near_real_time import capture_recent, wanted
from strongroom.times import day_of, utc_now

POLICY = """\
default_class: plain
classes:
  plain:
    basis: business policy
    required_years: 3
    retained_years: 3
    lock_mode: GOVERNANCE
    erasable: true
    retrieval_promise_hours: 4
  at-once:
    basis: business policy
    required_years: 1
    retained_years: 1
    lock_mode: GOVERNANCE
    erasable: true
    retrieval_promise_hours: 4
    capture: near-real-time
rules:
  - {name: calls, class: at-once, when: {media_type: voice}}
  - {name: calls are kept, class: plain, when: {media_type: [voice, email]}}
"""


def started(start_archive: StartArchive, folder: Path, **settings: str) -> tuple[Archive, date, list[str]]:
    """Two calls and an e-mail that ended ten minutes ago, a call of an hour ago; its day, and the two calls' ids."""
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    ended = utc_now() - timedelta(minutes=10)
    day = day_of(ended)
    archive = start_archive(
        conversations=0, day=day, settings={"STRONGROOM_POLICY_FILE": str(policy), **settings}, audio_bytes=20_000
    )
    ids = archive.simulator.script(
        [
            {"start": (ended - before).isoformat(), "ends": [(ended - earlier).isoformat()], "kind": kind}
            for before, earlier, kind in (
                (timedelta(minutes=4), timedelta(0), "voice"),
                (timedelta(minutes=5), timedelta(seconds=1), "voice"),
                (timedelta(minutes=6), timedelta(seconds=2), "email"),
                (timedelta(minutes=90), timedelta(minutes=60), "voice"),
            )
        ]
    )
    return archive, day, sorted(ids[:2])


def look(archive: Archive) -> int:
    """What Beat has done every few minutes; how many new conversations were due at once."""
    return sum(len(page) for page in capture_recent(archive.house, utc_now()))


def test_calls_are_archived_minutes_after_their_end_and_the_night_finds_them_done(
    start_archive: StartArchive, tmp_path: Path
) -> None:
    archive, day, calls = started(start_archive, tmp_path)
    assert wanted(archive.house)
    assert look(archive) == 2
    assert look(archive) == 0
    archive.let_time_pass(10)
    archive.sweep_until_batches_end()
    while archive.sweep_once():
        pass
    known = "SELECT conversation_id::text, revision FROM conversations WHERE state = 'archived' ORDER BY 1"
    assert archive.rows(known) == [(one, 1) for one in calls]
    # without a run the day isn't finished, and what is archived of it waits for the day's seal
    assert day_progress(archive.engine, day).run_state is None
    assert (days_to_seal(archive.engine), unsealed_manifests(archive.engine, day)) == ([], 2)
    puts = archive.rows("SELECT count(*) FROM objects")

    archive.archive_here(sorted({day, day_of(utc_now() - timedelta(hours=2))}))

    night = archive.rows(known)
    assert len(night) == 4
    assert {revision for _, revision in night} == {1}
    assert archive.rows("SELECT count(*) FROM objects") > puts
    assert day in days_to_seal(archive.engine)
    assert archive.judge([day_of(utc_now() - timedelta(hours=2))]).mismatches == []


def test_before_its_quiet_time_is_over_it_is_known_and_not_due(start_archive: StartArchive, tmp_path: Path) -> None:
    archive, day, _ = started(start_archive, tmp_path, STRONGROOM_QUIET_S="1800")
    assert look(archive) == 0
    assert day_progress(archive.engine, day).conversations == {"discovered": 2}
    archive.sweep_once()
    assert day_progress(archive.engine, day).conversations == {"discovered": 2}


def test_where_no_class_asks_for_it_nobody_looks(start_archive: StartArchive) -> None:
    assert not wanted(start_archive(conversations=0).house)
