"""What is sealed when: settled days whole and in order, late manifests in the next checkpoint, nothing twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sealing_material import A_DAY, StartSealing, log_in
from sqlalchemy import text

from strongroom.actor import Actor
from strongroom.canonical import sha256_hex
from strongroom.evidence.entries import CustodyEntry, KeyEntry, PolicyEntry
from strongroom.ledger.custody import NewEvent, record_events
from strongroom.ledger.sealed_days import sealed_day, unsealed_manifests
from strongroom.pipeline.log_export import export_log
from strongroom.pipeline.log_keys import NO_KEY, logged_keys, origin_of
from strongroom.pipeline.seal import LATE_PATIENCE_S, needs_sealing, seal
from strongroom.pipeline.sweep import sweep
from strongroom.times import day_of, utc_now

THE_NEXT = A_DAY + timedelta(days=1)


def test_a_settled_day_is_sealed_once_in_the_order_of_ids(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    ids = sealing.settled(A_DAY, 5)
    assert needs_sealing(sealing.house)
    done = seal(sealing.house)
    log = log_in(sealing)
    assert log.manifests() == sorted(ids)
    assert log.days() == [(A_DAY, False, 5)]
    assert {type(entry) for entry in log.entries[:2]} == {KeyEntry, PolicyEntry}
    row = sealed_day(sealing.engine, A_DAY)
    assert row is not None
    assert (row.checkpoint_size, row.manifests, row.late_checkpoint_size) == (done.size, 5, None)
    assert unsealed_manifests(sealing.engine, A_DAY) == 0


def test_where_nothing_is_new_nothing_is_written(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    sealing.settled(A_DAY, 2)
    seal(sealing.house)
    before = sealing.versions()
    assert not needs_sealing(sealing.house)
    assert seal(sealing.house).entries == 0
    assert sealing.versions() == before


def test_a_day_without_conversations_is_sealed_and_one_that_has_not_settled_is_not(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    sealing.settled(A_DAY, 0)
    sealing.execute("INSERT INTO runs (day, state, cause) VALUES (:day, 'capturing', 'a test')", day=THE_NEXT)
    sealing.archived(THE_NEXT, 2)
    seal(sealing.house)
    assert log_in(sealing).days() == [(A_DAY, False, 0)]
    assert log_in(sealing).manifests() == []
    assert sealed_day(sealing.engine, THE_NEXT) is None
    assert not needs_sealing(sealing.house)


def test_what_is_late_waits_for_the_next_day_and_the_days_record_says_so(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    first = sealing.settled(A_DAY, 2)
    seal(sealing.house)
    late = sealing.archived(A_DAY, 2)
    assert unsealed_manifests(sealing.engine, A_DAY) == 2
    assert not needs_sealing(sealing.house)
    second = sealing.settled(THE_NEXT, 1)
    assert needs_sealing(sealing.house)
    size = seal(sealing.house).size
    later = sealing.archived(A_DAY, 1)
    seal(sealing.house)
    log = log_in(sealing)
    assert log.manifests() == sorted(first) + sorted(late) + second + later
    assert log.days() == [(A_DAY, False, 2), (A_DAY, True, 4), (THE_NEXT, False, 1), (A_DAY, True, 5)]
    row = sealed_day(sealing.engine, A_DAY)
    assert row is not None
    assert (row.manifests, row.late_manifests) == (2, 3)
    assert row.checkpoint_size < size < (row.late_checkpoint_size or 0)


def test_what_is_late_waits_an_hour_at_most(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    sealing.settled(A_DAY, 1)
    seal(sealing.house)
    sealing.archived(A_DAY, 1)
    assert not needs_sealing(sealing.house)
    sealing.execute("UPDATE objects SET stored_at = stored_at - make_interval(secs => :s)", s=LATE_PATIENCE_S)
    assert needs_sealing(sealing.house)


def test_a_log_that_fills_tiles_stays_one_log(start_sealing: StartSealing) -> None:
    """Two tiles and more, at sizes that end in a tile, exactly at its end, and behind it."""
    sealing = start_sealing()
    manifests = []
    for offset, number in enumerate((250, 2, 1, 256, 30)):
        manifests += sorted(sealing.settled(A_DAY + timedelta(days=offset), number))
        seal(sealing.house)
    log = log_in(sealing)
    assert log.manifests() == manifests
    assert [checkpoint.size for checkpoint in log.checkpoints] == [253, 256, 258, 515, 546]


def test_a_custody_day_that_is_over_is_in_the_log(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    yesterday = day_of(utc_now()) - timedelta(days=1)
    record_events(sealing.engine, [NewEvent("viewed", Actor("anne", "desk"))])
    seal(sealing.house)
    assert not [entry for entry in log_in(sealing).entries if isinstance(entry, CustodyEntry)]
    # as if it had been written the day before: the event's line is not what is looked at here
    with sealing.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE custody_events SET at = at - interval '1 day'"))
    seal(sealing.house)
    [entry] = [entry for entry in log_in(sealing).entries if isinstance(entry, CustodyEntry)]
    assert (entry.day, entry.events) == (yesterday, 1)
    assert sha256_hex(sealing.body(entry.key)) == entry.sha256


def test_without_a_key_nothing_is_sealed_and_the_sweep_sends_for_nothing(start_sealing: StartSealing) -> None:
    sealing = start_sealing(STRONGROOM_LOG_KEY_FILE="")
    sealing.settled(A_DAY, 1)
    assert seal(sealing.house).not_sealed == NO_KEY
    assert sealing.versions() == {}
    assert needs_sealing(sealing.house)
    assert not sweep(sealing.house, utc_now()).seal
    assert sweep(sealing.another(STRONGROOM_LOG_KEY_FILE="/somewhere"), utc_now()).seal


def test_the_lock_is_that_of_the_longest_class_from_the_end_of_the_day(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    sealing.settled(A_DAY, 1)
    before = utc_now()
    seal(sealing.house)
    years = max(one.retained_years for one in sealing.house.policy.classes)
    assert sealing.versions()
    for key in sealing.versions():
        mode, until = sealing.lock(key)
        assert mode == "COMPLIANCE"
        assert until.year == before.year + years
        assert (until.hour, until.minute) == (0, 0)
        assert until.replace(year=before.year) > before


def test_a_trial_says_so_everywhere_and_locks_for_a_day(start_sealing: StartSealing) -> None:
    sealing = start_sealing(STRONGROOM_TRIAL="true", STRONGROOM_BUCKET="sealing-of-a-trial")
    sealing.settled(A_DAY, 1)
    seal(sealing.house)
    log = log_in(sealing)
    assert all(entry.trial for entry in log.entries)
    assert {checkpoint.origin for checkpoint in log.checkpoints} == {"example.com/strongroom/trial"}
    for key in sealing.versions():
        mode, until = sealing.lock(key)
        assert mode == "GOVERNANCE"
        assert until - datetime.now(UTC) < timedelta(days=1, minutes=1)


def test_the_log_can_be_given_away_as_a_folder(start_sealing: StartSealing, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    sealing = start_sealing()
    sealing.settled(A_DAY, 300)
    seal(sealing.house)
    exported = export_log(sealing.house.store, folder, logged_keys(sealing.house), origin_of(sealing.house.settings))
    assert exported == log_in(sealing).checkpoints[-1]
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {
        "checkpoint",
        "tile/entries/000",
        "tile/entries/001.p/47",
        "tile/0/000",
        "tile/0/001.p/47",
        "tile/1/000.p/1",
    }
