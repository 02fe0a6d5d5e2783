"""Scripted worlds: exactly the conversations that were asked for, with their ends as the clock passes them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.awkwardness import Awkwardness

BEGIN = datetime(2025, 5, 1, tzinfo=UTC)
FAR = datetime(2025, 7, 1, tzinfo=UTC)


def iso(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def script(simulator, *conversations):
    return simulator.sim("script", conversations=list(conversations))["conversationIds"]


def seen(simulator):
    """Conversations the query has, by id: their end, or None while they are open."""
    found = {}
    for days in (0, 7, 14, 21):
        begin = BEGIN + timedelta(days=days)
        for each in simulator.read_all(f"{iso(begin)}/{iso(begin + timedelta(days=7))}"):
            found[each["conversationId"]] = each.get("conversationEnd")
    return found


hours = st.integers(1, 24 * 5)
conversations = st.lists(
    st.tuples(
        st.integers(0, 24 * 14), st.lists(hours, min_size=1, max_size=3), st.sampled_from([0, 7_200]),
        st.sampled_from(["voice", "email", "message"]),
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversations, st.integers(0, 24 * 30))
def test_any_script_is_played_as_written(simulator, drawn, now_hours):
    now = BEGIN + timedelta(hours=now_hours, minutes=30)
    written, expected = [], []
    for start_hours, lengths, shown_after_s, kind in drawn:
        start = BEGIN + timedelta(hours=start_hours)
        ends = [start + timedelta(hours=sum(lengths[: count + 1])) for count in range(len(lengths))]
        written.append(
            {"start": iso(start), "ends": [iso(end) for end in ends], "shownAfterS": shown_after_s, "kind": kind}
        )
        past = [iso(end) for end in ends if end <= now]
        hidden = shown_after_s and now < ends[0] + timedelta(seconds=shown_after_s)
        expected.append((start <= now and not hidden, past[-1] if past else None, past))
    ids = script(simulator, *written)
    simulator.sim("clock", now=iso(now))
    assert len(set(ids)) == len(ids) == len(written)
    assert seen(simulator) == {one: end for one, (shown, end, _) in zip(ids, expected, strict=True) if shown}
    for one, (_, end, past) in zip(ids, expected, strict=True):
        if end:
            told = {each["conversationId"]: each for each in simulator.truth(day=end[:10])["conversations"]}
            assert told[one]["earlierEnds"] == past[:-1]


@pytest.fixture(scope="module")
def simulator(run_for_all):
    """One for all examples: its tokens last as far as its clock is moved."""
    return run_for_all(audio_bytes=2_000, token_ttl_s=10_000_000)


def test_a_script_replaces_all_that_was_there(run):
    simulator = run(awkward=(Awkwardness.NEW_FIELDS,))
    (one,) = script(simulator, {"start": "2025-05-14T10:00:00Z", "ends": ["2025-05-14T11:00:00Z"], "kind": "email"})
    assert [each["conversationId"] for each in simulator.truth()["conversations"]] == [one]
    assert simulator.query("2025-05-14T00:00:00Z/2025-05-15T00:00:00Z").json()["totalHits"] == 1
    (recording,) = simulator.get(f"/api/v2/conversations/{one}/recordingmetadata").json()
    assert recording["media"] == "email"
    assert script(simulator) == []
    assert simulator.get(f"/api/v2/conversations/{one}/recordingmetadata").status_code == 404


def test_no_two_scripts_share_an_id(run):
    simulator = run()
    conversation = {"start": "2025-05-14T10:00:00Z", "ends": ["2025-05-14T11:00:00Z"]}
    assert script(simulator, conversation) != script(simulator, conversation)


@pytest.mark.parametrize(
    "conversations",
    [
        None,
        [1],
        [{}],
        [{"start": "2025-05-14T10:00:00Z", "ends": []}],
        [{"start": "soon", "ends": ["2025-05-14T11:00:00Z"]}],
        [{"start": "2025-05-14T12:00:00Z", "ends": ["2025-05-14T11:00:00Z"]}],
        [{"start": "2025-05-14T10:00:00Z", "ends": ["2025-05-14T11:00:00Z"], "kind": "fax"}],
        [{"start": "2025-05-14T10:00:00Z", "ends": ["2025-05-14T11:00:00Z"], "kind": []}],
        [{"start": "2025-05-14T10:00:00Z", "ends": ["2025-05-14T11:00:00Z"], "shownAfterS": -1}],
    ],
)
def test_a_script_that_makes_no_sense_is_refused(run, conversations):
    simulator = run(conversations=1)
    answer = simulator.plain.post(f"{simulator.url}/_sim/script", json={"conversations": conversations}, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert simulator.truth()["conversations"]
