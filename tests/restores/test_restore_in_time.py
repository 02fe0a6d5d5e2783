"""A conversation brought back with four hours to go, from each storage class, and told when it can be read."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from restoring import BODY, Restoring, by_name
from structlog.testing import capture_logs

from strongroom.ledger.restores import NothingToRestore
from strongroom.pipeline import restore_step
from strongroom.pipeline.restore import follow_restore, restores_due
from strongroom.vault.errors import VaultRefused

HOUR_S = 3_600.0


def test_objects_in_instant_classes_are_ready_at_once_and_nothing_is_asked(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER_IR", "r2.wav": "STANDARD_IA"})
    conversation_id = restoring.keep("manifest.json", "r1.wav", "r2.wav")
    status = restoring.request(conversation_id)
    assert (status.restore.state, status.late, status.usd) == ("ready", None, 0)
    assert {name: each.storage_class for name, each in by_name(status.restore).items()} == {
        "manifest.json": "STANDARD",
        "r1.wav": "GLACIER_IR",
        "r2.wav": "STANDARD_IA",
    }
    assert all(each.readable_until is None for each in status.restore.objects)
    assert restoring.asked() == []
    steps = [(event["actor"], event["details"]["step"]) for event in restoring.custody(conversation_id)]
    assert steps == [("anne", "asked for"), ("strongroom", "readable")]


@pytest.mark.parametrize(
    ("storage_class", "hours", "tier"),
    [
        ("GLACIER", 4, "Expedited"),
        ("GLACIER", 6, "Standard"),
        ("GLACIER", 13, "Bulk"),
        ("DEEP_ARCHIVE", 4, "Standard"),
        ("DEEP_ARCHIVE", 13, "Standard"),
        ("DEEP_ARCHIVE", 50, "Bulk"),
    ],
)
def test_each_class_is_asked_once_by_the_tier_that_makes_it_and_can_then_be_read(
    restoring: Restoring, storage_class: str, hours: float, tier: str
) -> None:
    restoring.cold({"r1.wav": storage_class}, ready_after_s=0.3)
    conversation_id = restoring.keep("manifest.json", "r1.wav")
    status = restoring.request(conversation_id, hours)
    recording = by_name(status.restore)["r1.wav"]
    assert (recording.state, recording.tier, status.restore.state) == ("asked", tier, "open")
    with pytest.raises(VaultRefused, match="InvalidObjectState"):
        restoring.read(recording)
    assert (status.late is None) == ((storage_class, hours) != ("DEEP_ARCHIVE", 4))
    time.sleep(0.3)
    row = restoring.follow(status.restore.restore_id, HOUR_S)
    recording = by_name(row)["r1.wav"]
    assert (row.state, row.warned_at) == ("ready", None)
    assert recording.readable_until is not None
    assert recording.readable_until >= row.needed_by + timedelta(hours=23)
    assert restoring.read(recording) == BODY
    assert restoring.asked() == [("r1.wav", tier, 202)]
    asked_for, readable = restoring.custody(conversation_id)
    assert (asked_for["act"], asked_for["reason"], asked_for["details"]["objects"]) == ("restored", "subpoena 17", 2)
    assert (readable["act"], readable["details"]["readable"]) == ("restored", 2)


def test_what_can_not_make_it_is_warned_of_at_once_and_once(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "DEEP_ARCHIVE"}, ready_after_s=None)
    conversation_id = restoring.keep("r1.wav")
    with capture_logs() as logs:
        status = restoring.request(conversation_id)
        restoring.follow(status.restore.restore_id, 1_800)
    late = "1 of 1 objects may not be readable in time: asked for by Standard, which takes 12 hours at most"
    assert status.late == late
    assert [(log["log_level"], log["reason"]) for log in logs] == [("error", late)]


def test_a_recording_too_large_for_expedited_is_asked_for_by_it_and_warned_of(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    status = restoring.request(restoring.keep("r1.wav", size_bytes=251 * 1024 * 1024))
    assert restoring.asked() == [("r1.wav", "Expedited", 202)]
    assert status.late is not None


def test_a_store_that_never_finishes_is_warned_of_long_before_the_due_time(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    status = restoring.request(restoring.keep("r1.wav", "manifest.json"))
    assert status.late is None
    restore_id = status.restore.restore_id
    row = restoring.follow(restore_id, 60)
    assert (row.warned_at, row.cause) == (None, "1 of 2 objects can be read")
    row = restoring.follow(restore_id, 15 * 60)
    assert row.warned_at is not None
    assert row.needed_by - datetime.now(UTC) > timedelta(hours=3)
    assert row.cause.startswith("1 of 2 objects should be readable by now and can't be read")
    since = row.warned_at
    row = restoring.follow(restore_id, 4 * HOUR_S)
    assert row.state == "open"
    assert row.warned_at is not None
    assert row.warned_at < since
    assert restoring.asked() == [("r1.wav", "Expedited", 202)]
    row = restoring.follow(restore_id, 24 * HOUR_S)
    assert row.state == "failed"
    assert restores_due(restoring.house) == []


def test_where_there_is_no_capacity_for_expedited_the_next_tier_is_asked_for_and_it_is_said(
    restoring: Restoring,
) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None, refuses_expedited=True)
    status = restoring.request(restoring.keep("r1.wav"))
    assert restoring.asked() == [("r1.wav", "Expedited", 503), ("r1.wav", "Standard", 202)]
    assert status.late is not None
    assert "AWS has no capacity for Expedited retrievals now" in status.late
    row = restoring.follow(status.restore.restore_id, 30 * 60)
    assert by_name(row)["r1.wav"].tier == "Standard"
    assert restoring.asked() == [("r1.wav", "Expedited", 503)] * 2 + [("r1.wav", "Standard", 202)]


def test_a_sooner_due_time_speeds_up_what_is_under_way(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    conversation_id = restoring.keep("r1.wav")
    first = restoring.request(conversation_id, 48)
    sooner = restoring.request(conversation_id, 4)
    assert sooner.restore.restore_id == first.restore.restore_id
    assert sooner.restore.needed_by < first.restore.needed_by
    assert sooner.restore.needed_until == first.restore.needed_until
    assert restoring.asked() == [("r1.wav", "Bulk", 202), ("r1.wav", "Expedited", 202)]
    later = restoring.request(conversation_id, 24)
    assert later.restore.needed_by == sooner.restore.needed_by
    assert len(restoring.asked()) == 2
    assert [event["details"]["step"] for event in restoring.custody(conversation_id)] == ["asked for"] * 3


def test_a_copy_that_lapses_while_it_is_needed_is_asked_for_again(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER"})
    conversation_id = restoring.keep("r1.wav")
    restore_id = restoring.request(conversation_id).restore.restore_id
    assert restoring.follow(restore_id, 60).state == "ready"
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    row = restoring.follow(restore_id, 12 * HOUR_S)
    assert (row.state, by_name(row)["r1.wav"].state, by_name(row)["r1.wav"].asks) == ("open", "asked", 2)
    assert restoring.asked() == [("r1.wav", "Expedited", 202)]


def test_a_copy_that_would_lapse_before_the_next_look_is_kept_for_longer(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, lapses_after_s=HOUR_S)
    restore_id = restoring.request(restoring.keep("r1.wav")).restore.restore_id
    row = restoring.follow(restore_id, 60)
    assert row.state == "ready"
    assert [(tier, status) for _, tier, status in restoring.asked()] == [("Bulk", 200), ("Expedited", 202)]


def test_what_is_not_needed_any_more_is_let_go(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER"})
    conversation_id = restoring.keep("r1.wav")
    restore_id = restoring.request(conversation_id).restore.restore_id
    assert restoring.follow(restore_id, 60).state == "ready"
    assert restoring.follow(restore_id, 29 * HOUR_S).state == "ended"
    assert restores_due(restoring.house) == []
    assert restoring.request(conversation_id).restore.restore_id != restore_id


def test_two_followers_at_once_ask_once(restoring: Restoring) -> None:
    restoring.cold({".wav": "GLACIER"}, ready_after_s=None)
    names = [f"r{number}.wav" for number in range(5)]
    conversation_id = restoring.keep(*names)
    another = restoring.another_house()
    barrier = threading.Barrier(2)

    def request(house_restoring: Restoring) -> None:
        barrier.wait(10)
        house_restoring.request(conversation_id)

    with ThreadPoolExecutor(2) as pool:
        both = [Restoring(house, restoring.proxy, restoring.environment) for house in (restoring.house, another)]
        list(pool.map(request, both))
    another.engine.dispose()
    [(restore_id,)] = restoring.rows("SELECT restore_id FROM restores")
    follow_restore(restoring.house, restore_id)
    assert restoring.asked() == [(name, "Expedited", 202) for name in names]


def test_a_death_between_the_request_and_its_record_costs_no_second_request(
    restoring: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """No handler of ours sees it: the process is gone."""

    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    conversation_id = restoring.keep("r1.wav")
    with monkeypatch.context() as patched:

        def ask_and_die(*arguments: object, **options: object) -> None:
            ask(*arguments, **options)  # type: ignore[arg-type]
            raise Killed

        ask = restore_step.ask
        patched.setattr(restore_step, "ask", ask_and_die)
        with pytest.raises(Killed):
            restoring.request(conversation_id)
    [(restore_id, owner)] = restoring.rows("SELECT restore_id, lease_owner FROM restores")
    assert owner is not None
    row = restoring.follow(restore_id, 301)
    assert (row.objects[0].state, row.objects[0].tier) == ("asked", "Expedited")
    assert restoring.asked() == [("r1.wav", "Expedited", 202)]


def test_a_request_whose_answer_is_lost_is_not_repeated(restoring: Restoring) -> None:
    restoring.proxy.faults(
        cold={"classes": {"r1.wav": "GLACIER"}, "ready_after_s": None}, lose_restore_answer={"times": 1}
    )
    status = restoring.request(restoring.keep("r1.wav"))
    assert status.late is None
    row = restoring.follow(status.restore.restore_id, 60)
    assert row.objects[0].state == "asked"
    assert restoring.asked() == [("r1.wav", "Expedited", 202)]


def test_a_restore_that_somebody_else_asked_for_is_followed_and_sped_up_only_if_need_be(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=0.3)
    conversation_id = restoring.keep("r1.wav")
    [(key, version_id)] = restoring.rows("SELECT key, version_id FROM objects")
    restore_step.ask(restoring.house.store, key, version_id, tier="Standard", days=9)
    status = restoring.request(conversation_id, 13)
    assert (status.restore.objects[0].state, status.restore.objects[0].tier) == ("asked", None)
    assert restoring.asked() == [("r1.wav", "Standard", 202)]
    time.sleep(0.3)
    assert restoring.follow(status.restore.restore_id, HOUR_S).state == "ready"


def test_an_object_that_is_gone_does_not_keep_the_others_from_coming_back(restoring: Restoring) -> None:
    restoring.cold({".wav": "GLACIER"})
    conversation_id = restoring.keep("r1.wav", "r2.wav")
    [(key, version_id)] = restoring.rows("SELECT key, version_id FROM objects WHERE key LIKE '%r1.wav'")
    restoring.house.store.once.delete_object(Bucket=restoring.house.store.bucket, Key=key, VersionId=version_id)
    status = restoring.request(conversation_id)
    assert status.late is not None
    assert "the object version does not stand in the vault" in status.late
    row = restoring.follow(status.restore.restore_id, 60)
    assert row.state == "failed"
    assert {name: each.state for name, each in by_name(row).items()} == {"r1.wav": "failed", "r2.wav": "readable"}
    assert restoring.custody(conversation_id)[-1]["details"]["step"] == "failed"


def test_a_store_that_is_away_is_asked_again(restoring: Restoring) -> None:
    four_attempts = {"operation": "HeadObject", "times": 4}
    restoring.proxy.faults(error_503=four_attempts, cold={"classes": {"r1.wav": "GLACIER"}})
    status = restoring.request(restoring.keep("r1.wav"))
    assert (status.restore.objects[0].state, status.late) == ("needed", None)
    row = restoring.follow(status.restore.restore_id, 60)
    assert (row.objects[0].state, restoring.asked()) == ("asked", [("r1.wav", "Expedited", 202)])


def test_what_can_not_be_asked_for_is_warned_of_before_it_is_due_and_delays_nothing_else(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "DEEP_ARCHIVE", "r2.wav": "GLACIER"})
    tiers = restoring.house.tiers
    known = {name: one for name, one in tiers.prices.storage_classes.items() if name != "DEEP_ARCHIVE"}
    house = replace(restoring.house, tiers=replace(tiers, prices=replace(tiers.prices, storage_classes=known)))
    without = Restoring(house, restoring.proxy, restoring.environment)
    status = without.request(without.keep("r1.wav", "r2.wav"), hours=1)
    restore_id = status.restore.restore_id
    assert status.late is None
    assert "no restores for DEEP_ARCHIVE" in status.restore.cause
    assert without.asked() == [("r2.wav", "Expedited", 202)]
    row = without.follow(restore_id, 35 * 60)
    assert by_name(row)["r2.wav"].state == "readable"
    assert row.warned_at is not None
    assert "not asked for yet" in row.cause
    assert by_name(restoring.follow(restore_id, 15 * 60))["r1.wav"].state == "asked"


def test_objects_that_come_after_the_request_are_brought_back_by_the_next_one(restoring: Restoring) -> None:
    conversation_id = restoring.keep("manifest.json")
    first = restoring.request(conversation_id)
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    restoring.add(conversation_id, "r1.wav")
    second = restoring.request(conversation_id)
    assert second.restore.restore_id == first.restore.restore_id
    assert (second.restore.state, len(second.restore.objects)) == ("open", 2)


def test_a_conversation_of_which_nothing_stands_is_refused_and_leaves_nothing(restoring: Restoring) -> None:
    conversation_id = restoring.keep()
    restoring.rows("DELETE FROM objects RETURNING key")
    with pytest.raises(NothingToRestore):
        restoring.request(conversation_id)
    assert restoring.rows("SELECT count(*) FROM restores") == [(0,)]
    assert restoring.custody(conversation_id) == []


def test_a_due_restore_is_told_of_once_and_again_when_its_follower_died(restoring: Restoring) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    restore_id = restoring.request(restoring.keep("r1.wav")).restore.restore_id
    assert restores_due(restoring.house) == []
    restoring.let_pass(60)
    assert restores_due(restoring.house) == [restore_id]
    assert restores_due(restoring.house) == []
    restoring.let_pass(121)
    assert restores_due(restoring.house) == [restore_id]
