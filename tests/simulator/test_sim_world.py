"""The tables: every conversation in its place, once, and all of it from the seed."""

import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.directory import Directory
from simulator.kinds import Kind, Outcome
from simulator.population import DAY_MS, IN_A_HUNDRED, SHARES, Place, Population, midnight_ms
from simulator.stage import TEXT_MEDIA
from simulator.telling import tell
from simulator.world import World

DAY = date(2025, 5, 14)
FAR_FUTURE_MS = midnight_ms(date(2030, 1, 1))
seeds = st.integers(0, 2**32)


def world_of(seed: int = 1, conversations: int = 100, days: tuple[date, ...] = (DAY,)) -> World:
    return World(Population(seed, days, conversations))


def day_of(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1000, UTC).date()


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 150))
def test_each_conversation_is_found_once_under_its_start_day(seed: int, conversations: int) -> None:
    world = world_of(seed, conversations)
    days = [DAY + timedelta(days=offset) for offset in range(-9, 4)]
    found = [row for day in days for row in world.started(day, day, FAR_FUTURE_MS)]
    assert sorted(found) == list(range(len(world)))
    for day in days:
        assert all(day_of(world.starts[row]) == day for row in world.started(day, day, FAR_FUTURE_MS))


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 150))
def test_so_many_end_on_the_day_in_order(seed: int, conversations: int) -> None:
    world = world_of(seed, conversations)
    ends = [world.ends[row] for row in world.ended(DAY, FAR_FUTURE_MS)]
    assert len(ends) == conversations
    assert ends == sorted(ends)
    assert {day_of(end) for end in ends} == {DAY}


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_an_id_leads_back_to_its_conversation(seed: int) -> None:
    world = world_of(seed)
    ids = [world.conversation_id(world.place(row)) for row in range(len(world))]
    assert len(set(ids)) == len(ids)
    assert all(uuid.UUID(one).version == 4 for one in ids)
    assert [world.find(one) for one in ids] == [world.place(row) for row in range(len(world))]


@given(st.uuids())
def test_other_ids_lead_nowhere(other: uuid.UUID) -> None:
    assert WORLD.find(str(other)) is None


WORLD = world_of()


def test_ids_that_are_no_uuid_lead_nowhere() -> None:
    assert [WORLD.find(text) for text in ("", "x", "../../etc", "0" * 33)] == [None] * 4


def test_only_what_has_started_or_ended_by_now_is_seen() -> None:
    noon = midnight_ms(DAY) + DAY_MS // 2
    assert all(WORLD.starts[row] <= noon for row in WORLD.started(DAY, DAY, noon))
    assert 0 < len(WORLD.started(DAY, DAY, noon)) < len(WORLD.started(DAY, DAY, FAR_FUTURE_MS))
    assert 0 < len(WORLD.ended(DAY, noon)) < 100


def test_the_same_seed_makes_the_same_world() -> None:
    again, other = world_of(), world_of(seed=2)
    assert (again.starts, again.ends) == (WORLD.starts, WORLD.ends)
    assert again.conversation_id(Place(DAY, 0)) == WORLD.conversation_id(Place(DAY, 0))
    assert other.starts != WORLD.starts
    assert tell(again, Directory(1), Place(DAY, 7)) == tell(WORLD, Directory(1), Place(DAY, 7))


def test_a_larger_day_begins_like_a_smaller_one() -> None:
    small, large = Population(1, (DAY,), 10), Population(1, (DAY,), 1000)
    assert [small.outline(Place(DAY, n)) for n in range(10)] == [large.outline(Place(DAY, n)) for n in range(10)]


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_hundred_conversations_have_every_kind_and_every_outcome(seed: int) -> None:
    outlines = [Population(seed, (DAY,), 100).outline(Place(DAY, number)) for number in range(100)]
    assert Counter(outline.kind for outline in outlines) == IN_A_HUNDRED
    outcomes = Counter(outline.outcome for outline in outlines)
    assert all(outcomes[outcome] >= 1 for outcome in SHARES)
    assert all(outline.outcome is Outcome.AVAILABLE for outline in outlines if outline.kind is Kind.ABANDONED)


def test_shares_come_out_over_many_conversations() -> None:
    population = Population(1, (DAY,), 20_000, tuple((SHARES | {Outcome.NEVER: 0.002}).items()))
    outcomes = Counter(population.outline(Place(DAY, number)).outcome for number in range(20_000))
    assert outcomes[Outcome.LATE] / 19_200 == pytest.approx(0.05, rel=0.1)
    assert outcomes[Outcome.NEVER] / 19_200 == pytest.approx(0.002, rel=0.4)


def test_conversations_cross_midnight_last_days_and_stay_open() -> None:
    midnight = midnight_ms(DAY)
    spans = [(WORLD.starts[row], WORLD.ends[row]) for row in range(len(WORLD))]
    next_midnight = midnight + DAY_MS
    assert any(start < midnight <= end < midnight + 1_800_000 for start, end in spans)
    assert any(start < next_midnight <= end < next_midnight + 1_800_000 for start, end in spans)
    assert any(midnight <= end < next_midnight and end - start > 2 * DAY_MS for start, end in spans)
    assert any(midnight <= end < next_midnight and start >= midnight - 6 * DAY_MS for start, end in spans)
    assert any(start < next_midnight and end > FAR_FUTURE_MS for start, end in spans)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_every_recorded_session_has_a_recording_and_the_reverse_and_text_has_one_without_the_flag(seed: int) -> None:
    world, directory = world_of(seed), Directory(seed)
    for number in range(100):
        story = tell(world, directory, Place(DAY, number))
        recorded = {session.id for who in story.participants for session in who.sessions if session.recorded}
        text = {held.session_id for held in story.recordings if held.media in TEXT_MEDIA}
        answered = {
            s.id for who in story.participants if who.user_id for s in who.sessions if s.media_type in TEXT_MEDIA
        }
        assert recorded == {held.session_id for held in story.recordings} - text
        assert text == answered
        assert (story.kind is Kind.ABANDONED) == (not story.recordings)
        assert all(story.start_ms <= held.start_ms <= held.end_ms <= story.end_ms for held in story.recordings)
        ids = [held.id for held in story.recordings] + [who.id for who in story.participants]
        assert len(set(ids)) == len(ids)


def test_an_ivr_only_conversation_has_a_customer_and_an_ivr() -> None:
    stories = [tell(WORLD, Directory(1), Place(DAY, number)) for number in range(100)]
    purposes = [{who.purpose for who in story.participants} for story in stories if story.kind is Kind.IVR_ONLY]
    assert purposes == [{"customer", "ivr"}] * IN_A_HUNDRED[Kind.IVR_ONLY]
