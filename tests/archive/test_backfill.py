"""Old days, read one by one in the background: bounded, stopped and started at any time; what has expired is told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from archives import Archive, StartArchive, wait_until

from config.environment import load_settings
from embedded.judge import judge
from strongroom.actor import Actor
from strongroom.genesys import details_jobs
from strongroom.ledger.backfill_counts import expired_conversations
from strongroom.ledger.backfills import (
    Backfill,
    BackfillsOverlap,
    in_flight,
    list_backfills,
    open_backfill,
    start_backfill,
    stop_backfill,
)
from strongroom.ledger.changed_records import mark_vanished
from strongroom.ledger.due import claim_backfills, claim_discovered
from strongroom.ledger.progress import day_progress
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.runs import open_run, settle_runs
from strongroom.ledger.sealed_days import days_to_seal
from strongroom.pipeline.backfill import read_backfill
from strongroom.pipeline.backfill_outlook import outlooks
from strongroom.times import days_between, start_of, utc_now
from tasks.fleet import Fleet as FleetApp
from tasks.fleet import send

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 4)
DAYS = days_between(FIRST, LAST)
LONG_AGO = date(2014, 3, 1)
SIMULATED = {
    "job_s": 0.2,
    "audio_bytes": 20_000,
    # of no limit it would tell nothing, and the background would keep away for the first minute
    "rate_limit_per_min": 1_000_000,
}


def play(archive: Archive, days: list[date], a_day: int) -> None:
    """So many conversations end on each of the days, and no others: calls and threads in turn."""
    archive.simulator.script(
        [
            {
                "start": (start_of(day) + timedelta(hours=hour)).isoformat(),
                "ends": [(start_of(day) + timedelta(hours=hour, minutes=5)).isoformat()],
                "kind": ("voice", "email", "message")[hour % 3],
            }
            for day in days
            for hour in range(a_day)
        ]
    )


def begin(archive: Archive, *, newest_first: bool = False, lock: int | None = None, days: list[date] = DAYS) -> int:
    """Begin a back-fill, as `strongroom archive DAY --to DAY` does; its number."""
    begun = open_backfill(archive.engine, days[0], days[-1], newest_first=newest_first, shortest_lock_days=lock)
    return begun.backfill_id


def only(archive: Archive) -> Backfill:
    """The one back-fill there is."""
    [backfill] = list_backfills(archive.engine)
    return backfill


def finish_here(archive: Archive) -> None:
    """Do all that is due in this process until every back-fill is finished."""

    # a job is looked for again after a while: as if that had passed
    def finished() -> bool:
        with archive.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE backfills SET due_at = now()")
        archive.sweep_once()
        return all(one.state == "finished" for one in list_backfills(archive.engine))

    wait_until(finished, "the back-fills are finished", 120, every_s=0.1)


def archive_what_was_read(archive: Archive) -> None:
    """Archive all that was found so far, in batches as it comes; the back-fill reads nothing meanwhile."""
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE backfills SET due_at = now() + interval '1 hour'")

    def nothing_under_way() -> bool:
        archive.sweep_once()
        return in_flight(archive.engine) == 0

    wait_until(nothing_under_way, "what was read is archived", every_s=0.1)


def mismatches(archive: Archive, days: list[date]) -> list[str]:
    """What the bucket has of each day against the simulator's truth."""
    standing = archive.standing()
    found: list[str] = []
    for day in days:
        others = [one for other in days if other != day for one in archive.simulator.truth(other)["conversations"]]
        found += judge(standing, day, archive.simulator.truth(day)["conversations"], others).mismatches
    return found


@pytest.mark.long
def test_days_are_archived_newest_first_across_a_stop_killed_workers_and_a_start(start_archive: StartArchive) -> None:
    archive = start_archive(
        conversations=0,
        settings={"STRONGROOM_BACKFILL_IN_FLIGHT": "4", "STRONGROOM_FEED_INTERVAL_S": "0.3"},
        **SIMULATED,
    )
    play(archive, DAYS, 6)
    number = begin(archive, newest_first=True)
    app = FleetApp(load_settings(archive.environment))
    sizes = {"worker": 1, "control": 1, "beat": 1}
    with archive.fleet(sizes) as fleet:
        send(app, "read_backfill", [(number,)])
        wait_until(lambda: archived(archive, LAST) >= 1, "the newest day is under way", 90)
        assert stop_backfill(archive.engine, number)
        for child in fleet.children:
            child.kill()
    unfinished = only(archive)
    assert unfinished.state == "stopped"
    assert unfinished.reading_day is not None
    assert archived(archive, FIRST) == 0
    # while it is stopped nothing of it is begun, whatever is due
    archive.let_time_pass(3_600)
    assert (claim_backfills(archive.engine, 0, 10), claim_discovered(archive.engine, 0, 10)) == ([], [])
    assert start_backfill(archive.engine, number)
    with archive.fleet(sizes):
        wait_until(lambda: only(archive).state == "finished", "the back-fill is finished", 150, every_s=0.3)
    assert mismatches(archive, DAYS) == []
    # Beat has yesterday's night opened beside it
    assert archive.rows("SELECT day FROM runs WHERE background ORDER BY run_id") == [(day,) for day in reversed(DAYS)]
    assert archive.rows("SELECT DISTINCT state FROM runs WHERE background") == [("settled",)]
    assert archive.rows("SELECT bool_and(background) FROM recordings") == [(True,)]
    assert set(DAYS) <= set(days_to_seal(archive.engine))


def archived(archive: Archive, day: date) -> int:
    """How many conversations of a day are archived."""
    return day_progress(archive.engine, day).conversations.get("archived", 0)


@pytest.mark.long
def test_pages_are_read_only_while_little_is_under_way_and_from_the_page_where_it_stopped(
    start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details_jobs, "PAGE_SIZE", 2)
    archive = start_archive(conversations=0, settings={"STRONGROOM_BACKFILL_IN_FLIGHT": "3"}, **SIMULATED)
    play(archive, DAYS[:2], 7)
    number = begin(archive, days=DAYS[:2])

    def reads() -> int:
        with archive.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE backfills SET due_at = now()")
        read_backfill(archive.house, number)
        return sum(day_progress(archive.engine, day).conversations.get("discovered", 0) for day in DAYS)

    wait_until(lambda: reads() > 0, "the job is fulfilled")
    # two pages of two: the first leaves room, the second doesn't
    assert [reads(), reads()] == [4, 4]
    [(cursor, cause)] = archive.rows("SELECT cursor, cause FROM backfills")
    assert cursor is not None
    assert cause.startswith("waits until less of it is under way")
    requests_before = page_requests(archive)
    archive_what_was_read(archive)
    reads()
    assert page_requests(archive) - requests_before == 2  # the third and the fourth, not the first ones again
    finish_here(archive)
    assert mismatches(archive, DAYS[:2]) == []


def page_requests(archive: Archive) -> int:
    """How many pages of results were asked for."""
    requests = archive.simulator.stats()["requests"]
    return sum(sum(statuses.values()) for endpoint, statuses in requests.items() if "results" in endpoint)


@pytest.mark.long
def test_what_the_policy_would_have_let_go_is_listed_and_archived_only_with_a_lock_of_its_own(
    start_archive: StartArchive,
) -> None:
    archive = start_archive(conversations=0, **SIMULATED)
    days = [LONG_AGO, FIRST]
    play(archive, days, 3)
    begin(archive, days=[LONG_AGO])
    begin(archive, days=[FIRST])
    finish_here(archive)
    rows = expired_conversations(archive.engine, None, None)
    assert [row.day for row in rows] == [LONG_AGO] * 3
    assert all(row.retain_until < utc_now() and "retention ran out" in row.reason for row in rows)
    assert (archived(archive, LONG_AGO), archived(archive, FIRST)) == (0, 3)
    assert expired_conversations(archive.engine, FIRST, None) == []
    # asked for again without a lock it stays so
    begin(archive, days=[LONG_AGO])
    finish_here(archive)
    assert len(expired_conversations(archive.engine, LONG_AGO, LONG_AGO)) == 3
    begin(archive, days=[LONG_AGO], lock=30)
    finish_here(archive)
    assert expired_conversations(archive.engine, None, None) == []
    assert mismatches(archive, days) == []
    in_30_days = utc_now() + timedelta(days=30)
    locks = archive.rows("SELECT retain_until FROM objects WHERE key LIKE :of_day", of_day=f"archive/{LONG_AGO}/%")
    assert len(locks) >= 6
    assert all(in_30_days - timedelta(hours=1) < until < in_30_days + timedelta(hours=1) for (until,) in locks)
    [(reasons,)] = archive.rows("SELECT decision->>'reasons' FROM conversations WHERE day = :day LIMIT 1", day=LONG_AGO)
    assert "the back-fill asked for it" in reasons


def test_what_vanished_of_it_is_archived_again_with_the_lock_the_back_fill_asked_for(
    start_archive: StartArchive,
) -> None:
    archive = start_archive(conversations=0, **SIMULATED)
    play(archive, [LONG_AGO], 1)
    begin(archive, days=[LONG_AGO], lock=30)
    finish_here(archive)
    [(conversation_id, key)] = archive.rows("SELECT conversation_id, key FROM objects WHERE part = 'conversation'")
    ref = ConversationRef(conversation_id, 1)

    mark_vanished(archive.engine, {ref: [key]}, Actor("ops", "host"), deadline_s=60)
    states = "SELECT revision, state FROM conversations ORDER BY revision"

    def settled() -> bool:
        archive.sweep_once()
        return all(state != "discovered" and state != "capturing" for _, state in archive.rows(states))

    wait_until(settled, "the next revision is settled", every_s=0.1)
    assert archive.rows(states) == [(1, "archived"), (2, "archived")]
    assert archive.rows("SELECT DISTINCT background FROM conversations") == [(True,)]
    [(until,)] = archive.rows("SELECT min(retain_until) FROM objects WHERE revision = 2")
    assert until > utc_now() + timedelta(days=29)


def test_overlapping_days_are_refused_until_the_first_is_finished(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=0)
    begin(archive)
    with pytest.raises(BackfillsOverlap, match="back-fill 1 of 2024-03-01 to 2024-03-04 is running"):
        begin(archive, days=[LAST, LAST + timedelta(days=1)])
    begin(archive, days=[LAST + timedelta(days=1)])


def test_a_day_asked_for_by_itself_is_taken_over_from_a_stopped_back_fill(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=0, **SIMULATED)
    play(archive, DAYS, 2)
    number = begin(archive)
    read_backfill(archive.house, number)
    stop_backfill(archive.engine, number)
    assert settle_runs(archive.engine) == []
    assert open_run(archive.engine, FIRST, "asked for by command")
    archive.archive_here([FIRST])
    assert archived(archive, FIRST) == 2
    start_backfill(archive.engine, number)
    finish_here(archive)
    assert mismatches(archive, DAYS) == []


def test_a_stopped_back_fill_keeps_none_from_reading(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=0, settings={"STRONGROOM_BACKFILL_IN_FLIGHT": "2"}, **SIMULATED)
    play(archive, DAYS, 2)
    stopped = begin(archive, days=DAYS[:1])

    def read(number: int) -> bool:
        with archive.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE backfills SET due_at = now()")
        read_backfill(archive.house, number)
        return in_flight(archive.engine) == 2

    wait_until(lambda: read(stopped), "what the first one asks for is found")
    stop_backfill(archive.engine, stopped)
    assert in_flight(archive.engine) == 0

    running = begin(archive, days=DAYS[1:2])
    wait_until(lambda: read(running), "the other one reads")

    start_backfill(archive.engine, stopped)
    assert in_flight(archive.engine) == 4
    finish_here(archive)
    assert mismatches(archive, DAYS[:2]) == []


def test_the_outlook_counts_and_forecasts(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=0, settings={"STRONGROOM_BACKFILL_IN_FLIGHT": "1"}, **SIMULATED)
    play(archive, DAYS, 4)
    number = begin(archive)
    settings = load_settings(archive.environment)
    [told] = outlooks(settings, archive.engine, utc_now())
    assert (told.days, told.days_read) == (4, 0)
    assert told.forecast is not None
    assert told.forecast.expected_at is None

    def first_day_read() -> bool:
        with archive.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE backfills SET due_at = now()")
        read_backfill(archive.house, number)
        return only(archive).reading_day != FIRST

    wait_until(first_day_read, "the first day is read")
    archive_what_was_read(archive)
    now = datetime.now(UTC)
    [told] = outlooks(settings, archive.engine, now)
    assert told.days_read == 1
    assert told.counts.by_state == {"archived": 4}
    assert told.forecast is not None
    assert told.forecast.conversations_left == 12
    assert told.forecast.expected_at is not None
    assert told.forecast.earliest_at is not None
    assert now < told.forecast.earliest_at <= told.forecast.expected_at
