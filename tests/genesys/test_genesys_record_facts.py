"""Two records of a conversation say the same whatever order their facts come in; a fact that differs counts."""

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.genesys.record_facts import same_facts

RECORD: dict[str, Any] = {
    "conversationId": "5a",
    "conversationStart": "2026-03-10T12:00:00.000Z",
    "conversationEnd": "2026-03-10T12:05:00.000Z",
    "divisionIds": ["d1", "d2"],
    "participants": [
        {
            "participantId": "p1",
            "purpose": "customer",
            "sessions": [{"sessionId": "s1", "mediaType": "voice", "segments": [{"segmentType": "interact"}]}],
        },
        {
            "participantId": "p2",
            "purpose": "agent",
            "sessions": [
                {
                    "sessionId": "s2",
                    "mediaType": "voice",
                    "recording": True,
                    "segments": [
                        {"segmentType": "interact", "queueId": "q1"},
                        {"segmentType": "wrapup", "wrapUpCode": "w1"},
                    ],
                }
            ],
        },
    ],
}


def another_order(value: Any, chance: random.Random, added: bool) -> Any:
    """The same with lists and members in another order, and members that nobody asked for."""
    if isinstance(value, list):
        items = [another_order(one, chance, added) for one in value]
        return chance.sample(items, len(items))
    if isinstance(value, dict):
        members = [(name, another_order(one, chance, added)) for name, one in value.items()]
        if added:
            members += [("addedByTheVendor", chance.random()), ("metrics", [{"value": chance.random()}])]
            members += [("attributes", {}), ("surveys", None), ("externalTag", None)]
        return dict(chance.sample(members, len(members)))
    return value


@given(st.randoms(use_true_random=False), st.booleans())
def test_order_and_what_the_vendor_adds_are_no_change(chance: random.Random, added: bool) -> None:
    assert same_facts(RECORD, another_order(RECORD, chance, added))


def wrap_up(record: dict[str, Any]) -> dict[str, Any]:
    """Its wrap-up segment."""
    return record["participants"][1]["sessions"][0]["segments"][1]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "change",
    [
        lambda record: wrap_up(record).update(wrapUpCode="w2"),
        lambda record: wrap_up(record).pop("wrapUpCode"),
        lambda record: wrap_up(record).update(segmentEnd="2026-03-10T12:07:00.000Z"),
        lambda record: record["participants"][1]["sessions"][0]["segments"].append({"segmentType": "wrapup"}),
        lambda record: record["participants"][0]["sessions"][0].update(recording=True),
        lambda record: record.update(surveys=[{"surveyId": "v1", "oSurveyTotalScore": 4}]),
        lambda record: record["divisionIds"].append("d3"),
        lambda record: record["participants"].pop(),
    ],
)
def test_a_fact_that_came_changed_or_went_is_a_change(change: Any) -> None:
    changed = copy.deepcopy(RECORD)
    change(changed)
    assert not same_facts(RECORD, changed)
    assert not same_facts(changed, RECORD)


@pytest.mark.parametrize("odd", [{"participants": "none"}, {"participants": [None, 7]}, {"surveys": {}}, {}])
def test_an_odd_record_can_be_compared(odd: dict[str, Any]) -> None:
    assert same_facts(odd, copy.deepcopy(odd))
    assert not same_facts(odd, RECORD)
