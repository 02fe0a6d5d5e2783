"""Two weeks of nights against conversations that start, end, show up and come back at any time.

The steps are the archive's own; only media and vault are left out: a revision that was looked at counts as archived.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from archives import Archive, StartArchive
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from strongroom.genesys.conversations import parse_conversation
from strongroom.ledger.activity import want_recount
from strongroom.ledger.conversations import (
    Decided,
    ExpectedRecording,
    archived,
    begin_capturing,
    take_captured,
    take_discovered,
)
from strongroom.ledger.objects import ObjectRow
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.runs import open_run
from strongroom.pipeline.activity import read_activity
from strongroom.pipeline.enumerate import enumerate_day
from strongroom.times import format_instant, start_of

FIRST_DAY = date(2026, 3, 2)
NIGHTS = 14
LOOK_BACK_DAYS = 7
SECOND_LOOK_DAYS = 3
OVERLAP = timedelta(minutes=30)
AVAILABILITY_LAG = timedelta(hours=12)
HOUR_S = 3600
TABLES = (
    "runs",
    "conversations",
    "recordings",
    "batches",
    "batch_results",
    "intents",
    "objects",
    "activity_reads",
    "recount_lines",
)
SPAN_S = NIGHTS * 24 * HOUR_S

DECIDED = Decided("unclassified", "GOVERNANCE", datetime(2040, 1, 1, tzinfo=UTC), "0" * 64, {"defaulted": False})
MANIFEST = ObjectRow(
    part="manifest",
    recording_id=None,
    key="manifest.json",
    version_id="v1",
    size_bytes=0,
    sha256="0" * 64,
    content_type="application/json",
    file_name=None,
    lock_mode=DECIDED.lock_mode,
    retain_until=DECIDED.retain_until,
    adopted=False,
    under_delete_marker=False,
)


@dataclass(frozen=True)
class Thread:
    """A conversation: when it starts, when it ends (each end after the first one is a re-opening), when it shows up."""

    start: datetime
    ends: tuple[datetime, ...]
    shown_after_s: int

    def end_shown_at(self, now: datetime) -> datetime | None:
        """The end a look at this instant sees, if it sees the conversation ended at all."""
        past = [end for end in self.ends if end <= now]
        shown_from = self.ends[0] + timedelta(seconds=self.shown_after_s)
        return past[-1] if past and now >= shown_from else None


@st.composite
def threads(draw: st.DrawFn) -> Thread:
    # many around midnight, where a day is decided
    at_s = st.one_of(
        st.integers(-9 * 24 * HOUR_S, SPAN_S - 1),
        st.builds(lambda day, off_s: day * 24 * HOUR_S + off_s, st.integers(0, NIGHTS - 1), st.integers(-2400, 2400)),
    )
    start_s = draw(at_s)
    gaps_s = draw(
        st.lists(
            st.one_of(st.integers(1, 1800), st.integers(1, 3 * 24 * HOUR_S), st.integers(1, 10 * 24 * HOUR_S)),
            min_size=1,
            max_size=4,
        )
    )
    moment = start_of(FIRST_DAY) + timedelta(seconds=start_s)
    start, ends = moment, []
    for gap_s in gaps_s:
        moment += timedelta(seconds=gap_s)
        ends.append(moment)
    return Thread(start, tuple(ends), draw(st.sampled_from([0, 0, 0, 1800, 7 * HOUR_S, 40 * HOUR_S])))


def must_be_found(thread: Thread, day: date, now: datetime) -> datetime | None:
    """The end under which the night of `day` must find a conversation by its start, if it must."""
    end = thread.end_shown_at(now)
    if end is None or thread.start < start_of(day - timedelta(days=LOOK_BACK_DAYS)):
        return None
    if thread.start >= start_of(day + timedelta(days=1)):
        return None
    first = max(start_of(FIRST_DAY), start_of(day - timedelta(days=SECOND_LOOK_DAYS)))
    return end if first <= end < start_of(day + timedelta(days=1)) + OVERLAP else None


def archive_all(archive: Archive, refs: list[ConversationRef]) -> None:
    house = archive.house
    for ref in refs:
        held = take_discovered(house.engine, ref, house.holder)
        if held is None:
            continue
        sessions = parse_conversation(held.record).recorded_session_ids
        expected = [ExpectedRecording(one, one, None, None, "absent", "left out") for one in sessions]
        begin_capturing(house.engine, held, house.holder, held.record, DECIDED, {}, expected, deadline_s=60)
        captured = take_captured(house.engine, ref, house.holder)
        assert captured is not None
        archived(house.engine, captured, house.holder, MANIFEST, 0)


def night(archive: Archive, day: date) -> None:
    open_run(archive.engine, day, "a test")
    for page in enumerate_day(archive.house, day):
        archive_all(archive, page)
    with archive.engine.begin() as connection:
        connection.execute(text("UPDATE runs SET state = 'settled' WHERE state = 'capturing'"))


def activity(archive: Archive, day: date) -> None:
    """Read a day by activity, as often as the sweep would ring, until it is read."""
    assert want_recount(archive.engine, day, "a test") is not None
    for _ in range(8):
        for page in read_activity(archive.house, day):
            archive_all(archive, page)
        archive.simulator.clock(advance_s=120)
        archive.let_time_pass(3600)
        if archive.rows("SELECT 1 FROM activity_reads WHERE day = :day AND state = 'read'", day=day):
            return
    pytest.fail(f"activity of {day} was not read: {archive.rows('SELECT state, cause FROM activity_reads')}")


def scripted(thread: Thread) -> dict[str, object]:
    return {
        "start": format_instant(thread.start),
        "ends": [format_instant(end) for end in thread.ends],
        "shownAfterS": thread.shown_after_s,
        "kind": "email",
    }


@pytest.mark.long
@pytest.mark.parametrize("by_activity", [False, True], ids=["nights alone", "nights and activity"])
def test_every_end_a_night_could_see_is_archived_once_and_the_last_always(
    start_archive: StartArchive, by_activity: bool
) -> None:
    archive = start_archive(
        conversations=1,
        settings={
            "STRONGROOM_SECOND_LOOK_DAYS": str(SECOND_LOOK_DAYS),
            "STRONGROOM_LOOK_BACK_DAYS": str(LOOK_BACK_DAYS),
        },
        availability_lag_s=AVAILABILITY_LAG.total_seconds(),
        job_s=1,
    )

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(threads(), min_size=1, max_size=25))
    def two_weeks(population: list[Thread]) -> None:
        with archive.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(TABLES)}"))
        archive.simulator.clock(now=start_of(FIRST_DAY))
        ids = archive.simulator.script([scripted(thread) for thread in population])
        due: defaultdict[str, set[datetime]] = defaultdict(set)
        for number in range(NIGHTS):
            day = FIRST_DAY + timedelta(days=number)
            now = start_of(day + timedelta(days=1)) + OVERLAP
            archive.simulator.clock(now=now)
            for conversation_id, thread in zip(ids, population, strict=True):
                end = must_be_found(thread, day, now)
                due[conversation_id] |= {end} if end is not None else set()
            night(archive, day)
            if by_activity and number > 0:
                archive.simulator.clock(now=now + AVAILABILITY_LAG)
                activity(archive, day - timedelta(days=1))
        rows = archive.rows(
            "SELECT conversation_id::text, conversation_end, day, state, record::text FROM conversations"
        )
        found: defaultdict[str, list[datetime]] = defaultdict(list)
        told: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
        for conversation_id, end, day, state, record in rows:
            told[conversation_id].append((end, record))
            assert state == "archived"
            assert day == end.date()
            found[conversation_id].append(end)
        last_night = start_of(FIRST_DAY + timedelta(days=NIGHTS - 1))
        for conversation_id, thread in zip(ids, population, strict=True):
            ends = found[conversation_id]
            assert len(ends) == len(set(told[conversation_id])), "one revision an end, and one a change of the record"
            assert set(ends) <= set(thread.ends)
            assert due[conversation_id] <= set(ends)
            end = thread.end_shown_at(last_night)
            if by_activity and end is not None and start_of(FIRST_DAY) <= end < last_night - timedelta(days=1):
                assert end in ends, "its last end by then, wherever it started"

    two_weeks()
