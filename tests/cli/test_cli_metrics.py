"""`strongroom metrics`: how the archive stands in Prometheus's text format, without a name or a number of anybody's."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from command_line import Strongroom
from ledger_of_a_day import CALLER, Day
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from strongroom.ledger.checks import record_check
from strongroom.ledger.engine import Engine
from strongroom.ledger.gauges import show_sign_of_life
from strongroom.times import day_of, utc_now

Samples = dict[tuple[str, ...], float]
pytestmark = pytest.mark.usefixtures("environment")


def samples(exposed: str, name: str, *labels: str) -> Samples:
    """The samples of one metric by the values of these labels."""
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
        if sample.name == f"strongroom_{name}"
    }


def only(exposed: str, name: str) -> float:
    """The one sample of a metric without labels."""
    return samples(exposed, name)[()]


def _stands_in_the_vault(engine: Engine, conversation_id: UUID, size_bytes: int) -> None:
    statement = (
        "INSERT INTO objects (conversation_id, revision, part, key, size_bytes, sha256, content_type, lock_mode,"
        " retain_until, version_id, adopted, under_delete_marker) VALUES (:id, 1, 'recording a', 'k', :size, :sha256,"
        " 'audio/wav', 'COMPLIANCE', now(), 'v', false, false)"
    )
    with engine.begin() as connection:
        connection.execute(text(statement), {"id": conversation_id, "size": size_bytes, "sha256": "a" * 64})


def test_the_latest_check_of_each_kind_is_counted_by_finding(strongroom: Strongroom, engine: Engine) -> None:
    found = {"kind": "lock-short", "where": "s3://bucket/archive/planted-id"}
    record_check(engine, "vault", "sample", utc_now(), 9, [found, found, {"kind": "tag-missing"}])
    record_check(engine, "vault", "all", utc_now(), 90, [found])
    record_check(engine, "vault", "all", utc_now(), 90, [])
    record_check(engine, "proven", "2026-03-10", utc_now(), 1, [found])
    done = strongroom("metrics")
    assert done.exit_code == 0
    assert samples(done.out, "check_findings", "kind", "scope", "finding") == {
        ("vault", "sample", ""): 0,
        ("vault", "sample", "lock-short"): 2,
        ("vault", "sample", "tag-missing"): 1,
        ("vault", "all", ""): 0,
    }
    assert only(done.out, "lock_failures") == 2
    assert "planted-id" not in done.out


def test_a_night_under_way_is_counted_by_class_state_and_reason(strongroom: Strongroom, engine: Engine) -> None:
    yesterday = day_of(utc_now()) - timedelta(days=1)
    day = Day(engine, yesterday).opened().enumerated()
    stored = day.conversation(["a"])
    day.settle(stored, "a", "stored")
    day.archive(stored)
    waits = day.conversation(["b", "c"])
    day.wait(waits, "b", "the recording is being processed: ask again")
    day.settle(waits, "c", "review", "Genesys says the recording failed (fileState ERROR)")
    day.review(day.discovered(), "unexpected KeyError in capture: report it")
    show_sign_of_life(engine, "sweep")
    _stands_in_the_vault(engine, stored.conversation_id, 3_000)
    told = strongroom("metrics").out
    by_state = samples(told, "conversations", "retention_class", "state")
    assert by_state == {
        ("healthcare-voice", "archived"): 1,
        ("healthcare-voice", "capturing"): 1,
        ("undecided", "review"): 1,
    }
    assert samples(told, "recordings", "media", "state") == {
        ("audio", "stored"): 1,
        ("audio", "waiting"): 1,
        ("audio", "review"): 1,
    }
    assert samples(told, "stored_bytes", "retention_class") == {("healthcare-voice",): 3_000}
    assert samples(told, "open", "kind")["recording",] == 1
    assert 0 < samples(told, "deadline_seconds", "kind")["recording",] <= 3_600
    assert samples(told, "overdue_seconds", "kind")["recording",] == 0
    review = {kind: number for kind, number in samples(told, "review", "reason").items() if number}
    assert review == {("unexpected",): 1, ("failed-in-genesys",): 1}
    assert only(told, "days_unsettled") >= 1
    assert only(told, "day_unsettled_seconds") > 0
    assert utc_now().timestamp() - samples(told, "sign_of_life_timestamp_seconds", "of")["sweep",] < 60
    for planted in (CALLER, "0000", "Ada Agent", "Patient Line"):
        assert planted not in told


def test_what_nobody_takes_is_overdue(strongroom: Strongroom, engine: Engine) -> None:
    Day(engine, date(2025, 5, 14)).opened().discovered()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET due_at = now() - interval '2 hours'")
    overdue = samples(strongroom("metrics").out, "overdue_seconds", "kind")
    assert 7_200 <= overdue["conversation",] < 7_300
    assert overdue["recording",] == 0


def test_a_broker_that_does_not_answer_is_a_metric(strongroom: Strongroom) -> None:
    told = strongroom("metrics").out
    assert (only(told, "ledger_up"), only(told, "broker_up")) == (1, 0)


def test_the_lengths_of_all_queues(strongroom: Strongroom, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRONGROOM_REDIS_URL", redis_url)
    assert strongroom("archive", "2025-05-14").exit_code == 0
    assert samples(strongroom("metrics").out, "messages_waiting", "queue") == {
        ("bulk",): 0,
        ("control",): 1,
        ("records",): 0,
        ("restore",): 0,
        ("sweep",): 0,
    }
