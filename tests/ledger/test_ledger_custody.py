"""The custody chain in the ledger: only ever appended to, by one at a time, together with the change it tells of."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from ledger_material import (
    ANNE,
    BERT,
    DEADLINE_S,
    OPS,
    archive,
    at_once,
    capturing,
    discovered,
    execute,
    found,
    looked_at,
    manifest_of,
    rows,
    settle,
)
from sqlalchemy.exc import IntegrityError

from strongroom.actor import Actor
from strongroom.evidence.custody import CustodyEvent, read_line, verify_chain
from strongroom.ledger.conversations import archived, send_conversation_to_review
from strongroom.ledger.custody import (
    NewEvent,
    append_events,
    custody_head,
    events_between,
    events_of,
    hash_at,
    record_events,
)
from strongroom.ledger.custody_days import (
    CustodyDay,
    close_custody_days,
    custody_day,
    custody_days_not_logged,
)
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.objects import PartRef, record_object
from strongroom.ledger.review import Selection, requeue
from strongroom.times import day_of

VIEWER = Actor("ada", "desk-1")


def viewed(conversation_id: UUID | None = None, reason: str | None = None) -> NewEvent:
    """Somebody looked at a record."""
    return NewEvent("viewed", VIEWER, conversation_id, 1, reason=reason, details={"key": "k", "bytes": 3})


def chain(engine: Engine) -> list[CustodyEvent]:
    """The whole chain, which must hold, and be what the other columns say."""
    kept = list(events_between(engine, 1, custody_head(engine).position))
    head = verify_chain((row.line for row in kept), head=custody_head(engine).hash)
    assert head.position == len(kept)
    events = [read_line(row.line) for row in kept]
    assert [(event.position, event.hash, event.at) for event in events] == [
        (row.position, row.hash, row.at) for row in kept
    ]
    assert [(event.act, event.actor, event.conversation_id, event.revision) for event in events] == [
        tuple(row)
        for row in rows(engine, "SELECT act, actor, conversation_id, revision FROM custody_events ORDER BY position")
    ]
    return events


def told(engine: Engine) -> list[tuple[str, str, str | None]]:
    """Each event's act, actor and reason."""
    return [(event.act, event.actor, event.reason) for event in chain(engine)]


def backdated(engine: Engine, days: float) -> None:
    """As if all there is had been done so many days ago; the lines stay what they are."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(f"UPDATE custody_events SET at = at - interval '{days} days'")


def test_events_are_numbered_dated_by_the_database_and_linked(engine: Engine) -> None:
    assert custody_head(engine).position == 0
    conversation_id = uuid4()
    record_events(engine, [viewed(conversation_id, "matter 7, Größe \x00 \ud800"), viewed()])
    record_events(engine, [viewed()])
    record_events(engine, [])
    first, second, third = chain(engine)
    assert (first.actor, first.origin, first.reason) == ("ada", "desk-1", "matter 7, Größe \x00 \ud800")
    assert (first.conversation_id, first.revision) == (conversation_id, 1)
    assert first.details == {"bytes": 3, "key": "k"}
    (clock,) = rows(engine, "SELECT clock_timestamp() AS now")
    assert clock.now - timedelta(minutes=1) < first.at == second.at <= third.at <= clock.now
    assert [row.line for row in events_of(engine, conversation_id)] == [next(events_between(engine, 1, 1)).line]
    assert (hash_at(engine, 0), hash_at(engine, 2)) == ("0" * 64, second.hash)
    assert hash_at(engine, 4) == "no such event"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE custody_events SET actor = 'nobody'",
        "UPDATE custody_events SET document = document || ' '",
        "DELETE FROM custody_events",
        "TRUNCATE custody_events",
        "TRUNCATE custody_events CASCADE",
    ],
)
def test_nothing_is_changed_or_removed(engine: Engine, statement: str) -> None:
    record_events(engine, [viewed(), viewed()])
    before = chain(engine)
    with pytest.raises(IntegrityError, match="custody events are only ever appended"):
        execute(engine, statement)
    assert chain(engine) == before


def test_eight_that_append_at_once_make_one_chain_without_gap_or_fork(engine: Engine) -> None:
    """Each in its own transactions; what is rolled back leaves nothing, and no gap."""

    def append(number: int) -> None:
        for turn in range(12):
            with pytest.raises(ZeroDivisionError), transaction(engine) as connection:
                append_events(connection, [viewed(reason=f"{number}/{turn}")] * (1 + turn % 3))
                if turn % 4 != number % 4:
                    connection.commit()
                raise ZeroDivisionError

    at_once(*[lambda number=number: append(number) for number in range(8)])
    events = chain(engine)
    expected = [
        f"{number}/{turn}"
        for number in range(8)
        for turn in range(12)
        if turn % 4 != number % 4
        for _ in range(1 + turn % 3)
    ]
    assert sorted(event.reason or "" for event in events) == sorted(expected)


def test_the_time_does_not_go_back_with_the_clock(engine: Engine) -> None:
    record_events(engine, [viewed()])
    backdated(engine, -0.5)
    (ahead,) = rows(engine, "SELECT at FROM custody_events")
    record_events(engine, [viewed()])
    assert [row.at for row in events_between(engine, 1, 2)] == [ahead.at, ahead.at]


def test_a_conversation_that_is_archived_is_told_once_with_its_manifest(engine: Engine) -> None:
    ref, (one,) = capturing(engine, "a")
    settle(engine, one)
    archive(engine, ref)
    (event,) = chain(engine)
    assert (event.act, event.actor, event.origin) == ("archived", "strongroom", ANNE.owner)
    assert (event.conversation_id, event.revision) == ref
    manifest = manifest_of(ref)
    assert event.details == {"manifest": manifest.key, "versionId": "v1", "sha256": manifest.sha256, "objects": 1}


def test_what_is_not_recorded_is_not_told(engine: Engine) -> None:
    (ref,) = discovered(engine, found())
    held = looked_at(engine, ref, ANNE)
    for change in (
        lambda: archived(engine, held, BERT, manifest_of(ref), 1),
        lambda: send_conversation_to_review(engine, held, BERT, "unreadable"),
    ):
        with pytest.raises(LeaseLost):
            change()
    assert chain(engine) == []


def test_review_and_requeue_are_told_with_reason_and_by_whom(engine: Engine) -> None:
    ref, (one, two) = capturing(engine, "a", "b")
    settle(engine, one, "review", "never ready")
    settle(engine, two, "absent", "deleted")
    (unreadable,) = discovered(engine, found())
    send_conversation_to_review(engine, looked_at(engine, unreadable), ANNE, "unreadable")
    assert requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S) == 2
    assert requeue(engine, Selection(), by=OPS, deadline_s=DEADLINE_S) == 0
    assert told(engine) == [
        ("sent to review", "strongroom", "never ready"),
        ("sent to review", "strongroom", "unreadable"),
        ("re-queued", "ops", None),
        ("re-queued", "ops", None),
    ]
    recording_in, conversation_in, recording_out, conversation_out = chain(engine)
    assert recording_in.details == recording_out.details == {"recordingId": "a"}
    assert conversation_in.details == conversation_out.details == {}
    assert (recording_out.conversation_id, recording_out.revision) == ref
    assert (conversation_out.conversation_id, conversation_out.revision) == unreadable


def test_what_stood_already_is_told_as_adopted_once(engine: Engine) -> None:
    ref, _ = capturing(engine, "a")
    manifest = manifest_of(ref)
    part = PartRef(*ref, None, "manifest")
    adopted = type(manifest)(**{**vars(manifest), "adopted": True, "under_delete_marker": True})
    for _ in range(2):
        record_object(engine, part, adopted, ANNE.actor)
    record_object(
        engine, PartRef(*ref, None, "other"), type(manifest)(**{**vars(manifest), "part": "other", "key": "k"}), OPS
    )
    (event,) = chain(engine)
    assert (event.act, event.actor) == ("adopted", "strongroom")
    assert (event.conversation_id, event.revision) == ref
    assert event.details == {
        "part": "manifest",
        "key": manifest.key,
        "versionId": "v1",
        "sha256": manifest.sha256,
        "underDeleteMarker": True,
    }


def _today(engine: Engine) -> date:
    (clock,) = rows(engine, "SELECT clock_timestamp() AS now")
    day: date = clock.now.astimezone(UTC).date()
    return day


def test_days_are_closed_when_they_are_over_and_stay_closed(engine: Engine) -> None:
    record_events(engine, [viewed(), viewed()])
    close_custody_days(engine)
    assert custody_days_not_logged(engine) == []
    backdated(engine, 2)
    record_events(engine, [viewed()])
    backdated(engine, 1)
    record_events(engine, [viewed()])
    today = _today(engine)
    close_custody_days(engine)
    close_custody_days(engine)
    first, second = custody_days_not_logged(engine)
    assert first == CustodyDay(today - timedelta(days=3), 1, 2, hash_at(engine, 2))
    assert second == CustodyDay(today - timedelta(days=1), 3, 3, hash_at(engine, 3))
    assert (first.events, custody_day(engine, today)) == (2, None)
    assert custody_day(engine, first.day) == first
    days = {row.position: day_of(row.at) for row in events_between(engine, 1, 9)}
    assert days == {1: first.day, 2: first.day, 3: second.day, 4: today}
    assert custody_day(engine, today - timedelta(days=2)) is None


def test_an_event_after_a_closed_day_is_never_dated_within_it(engine: Engine) -> None:
    """The clock may go back: by so much here that the closed day lies ahead."""
    record_events(engine, [viewed()])
    tomorrow = _today(engine) + timedelta(days=1)
    execute(
        engine,
        "INSERT INTO custody_days SELECT :day, 1, 1, hash FROM custody_events",
        day=tomorrow,
    )
    record_events(engine, [viewed()])
    _, second = events_between(engine, 1, 2)
    assert second.at == datetime.combine(tomorrow + timedelta(days=1), datetime.min.time(), UTC)


def test_a_day_in_the_log_is_not_offered_again(engine: Engine) -> None:
    record_events(engine, [viewed()])
    backdated(engine, 1)
    close_custody_days(engine)
    (day,) = custody_days_not_logged(engine)
    execute(
        engine,
        "INSERT INTO log_entries (leaf_index, kind, ref, day, document) VALUES (0, 'custody', 'r', :day, '{}')",
        day=day.day,
    )
    assert custody_days_not_logged(engine) == []


def test_many_events_come_in_order_and_in_batches(engine: Engine) -> None:
    events: Sequence[NewEvent] = [viewed(reason=str(number)) for number in range(6_000)]
    record_events(engine, events)
    assert [read_line(row.line).reason for row in events_between(engine, 1, 6_000)] == [
        str(number) for number in range(6_000)
    ]
