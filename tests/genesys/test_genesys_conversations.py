"""The facts of a conversation, read from records of every quality."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.errors import GenesysAnswerInvalid

ID = "7c3a1f60-9b1d-4c57-8a0e-2f7f0a1b2c3d"
LEAST = {"conversationId": ID, "conversationStart": "2025-05-14T23:50:00.000Z"}
WHOLE = LEAST | {
    "conversationEnd": "2025-05-15T00:10:00.250Z",
    "originatingDirection": "inbound",
    "divisionIds": ["d1", "d2", "d1"],
    "externalTag": "case-7",
    "aFieldOfNextYear": {"kept": True},
    "participants": [
        {"purpose": "customer", "sessions": [{"sessionId": "s1", "mediaType": "voice", "direction": "inbound"}]},
        {
            "purpose": "acd",
            "sessions": [
                {
                    "sessionId": "s2",
                    "mediaType": "voice",
                    "direction": "inbound",
                    "recording": False,
                    "segments": [{"queueId": "q1"}, {"queueId": "q2"}, {"queueId": "q1"}],
                }
            ],
        },
        {
            "purpose": "agent",
            "userId": "u1",
            "sessions": [
                {
                    "sessionId": "s3",
                    "mediaType": "hologram",
                    "direction": "outbound",
                    "recording": True,
                    "segments": [{"queueId": "q3", "wrapUpCode": "w1"}, {"wrapUpCode": "w1"}],
                },
                {"sessionId": "s4", "mediaType": "voice", "recording": True},
            ],
        },
    ],
}

junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just(ID)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
instants = st.one_of(
    junk,
    st.datetimes().map(datetime.isoformat),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.sampled_from(["2025-05-14T23:50:00.000Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
)
sessions = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("sessionId", "mediaType", "direction", "recording", "segments"), junk)
)
participants = st.fixed_dictionaries(
    {}, optional={"purpose": junk, "userId": junk, "sessions": st.one_of(junk, st.lists(sessions, max_size=3))}
)
records = st.fixed_dictionaries(
    {},
    optional={
        "conversationId": st.one_of(st.just(ID), junk),
        "conversationStart": instants,
        "conversationEnd": instants,
        "originatingDirection": junk,
        "divisionIds": junk,
        "externalTag": junk,
        "participants": st.one_of(junk, st.lists(participants, max_size=3)),
    },
)


def test_every_fact_is_read_and_the_record_kept_whole() -> None:
    conversation = parse_conversation(WHOLE)
    assert conversation == Conversation(
        raw=WHOLE,
        conversation_id=ID,
        started_at=datetime(2025, 5, 14, 23, 50, tzinfo=UTC),
        ended_at=datetime(2025, 5, 15, 0, 10, 0, 250_000, tzinfo=UTC),
        originating_direction="inbound",
        external_tag="case-7",
        media_types=("voice", "hologram"),
        directions=("inbound", "outbound"),
        purposes=("customer", "acd", "agent"),
        queue_ids=("q1", "q2", "q3"),
        division_ids=("d1", "d2"),
        wrap_up_codes=("w1",),
        user_ids=("u1",),
        recorded_session_ids=("s3", "s4"),
    )


@pytest.mark.parametrize(
    "gaps",
    [
        {},
        {"conversationEnd": None, "participants": None, "divisionIds": None, "externalTag": None},
        {"participants": [None, {}, {"sessions": None}, {"sessions": [None, {"segments": None}]}]},
        {"participants": [{"sessions": [{"segments": [None, {}, {"queueId": None, "wrapUpCode": 7}]}]}]},
        {"participants": {"not": "a list"}, "divisionIds": "d1"},
    ],
)
def test_what_is_absent_or_null_is_none_or_empty(gaps: dict[str, Any]) -> None:
    conversation = parse_conversation(LEAST | gaps)
    assert conversation.ended_at is None
    assert conversation.queue_ids == conversation.division_ids == conversation.media_types == ()


@pytest.mark.parametrize("said", ["true", 1, None, "yes"])
def test_only_true_means_recorded(said: object) -> None:
    record = LEAST | {"participants": [{"sessions": [{"sessionId": "s1", "recording": said}]}]}
    assert parse_conversation(record).recorded_session_ids == ()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"conversationId": None}, "not a UUID"),
        ({"conversationId": "../../etc/passwd"}, "not a UUID"),
        ({"conversationId": ID + "\n"}, "not a UUID"),
        ({"conversationId": "{" + ID + "}"}, "not a UUID"),
        ({"conversationStart": None}, "conversationStart"),
        ({"conversationStart": "2025-05-14T23:50:00"}, "conversationStart"),
        ({"conversationStart": 1747266600000}, "conversationStart"),
        ({"conversationEnd": "yesterday"}, "conversationEnd"),
        ({"conversationEnd": "9999-12-31T23:59:59-14:00"}, "conversationEnd"),
        ({"conversationEnd": "2025-05-14T23:49:59.999Z"}, "before conversationStart"),
    ],
)
def test_what_the_archive_needs_must_be_right(change: dict[str, Any], what: str) -> None:
    with pytest.raises(GenesysAnswerInvalid, match=what):
        parse_conversation(LEAST | change)


def test_a_conversation_may_end_the_moment_it_starts() -> None:
    assert parse_conversation(LEAST | {"conversationEnd": LEAST["conversationStart"]}).ended_at is not None


@given(records)
def test_of_any_record_only_invalid_escapes(record: dict[str, Any]) -> None:
    try:
        conversation = parse_conversation(record)
    except GenesysAnswerInvalid:
        return
    assert conversation.raw is record
    assert conversation.ended_at is None or conversation.ended_at >= conversation.started_at


@given(junk)
def test_of_any_json_only_invalid_escapes(value: object) -> None:
    with pytest.raises(GenesysAnswerInvalid):
        parse_conversation(value)


def test_an_error_does_not_hold_what_people_said() -> None:
    private = {
        "conversationStart": "Jane Doe",
        "participants": [{"participantName": "Jane Doe"}],
        "externalTag": "Jane",
    }
    with pytest.raises(GenesysAnswerInvalid) as invalid:
        parse_conversation(LEAST | private)
    assert "Jane" not in str(invalid.value)
    assert ID in str(invalid.value)


def test_the_record_is_archived_as_it_came() -> None:
    before = json.dumps(WHOLE)
    parse_conversation(WHOLE)
    assert json.dumps(WHOLE) == before
