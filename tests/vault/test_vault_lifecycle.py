"""Lifecycle rules: the same however they are written, and foreign ones that touch records."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.vault.lifecycle import does_to_records, same_rule, with_rules

MOVE = {"Days": 30, "StorageClass": "GLACIER_IR"}
TAG = {"Key": "retention-class", "Value": "chat"}
RULE: dict[str, Any] = {
    "ID": "strongroom-tier-chat",
    "Status": "Enabled",
    "Filter": {"And": {"Tags": [TAG], "ObjectSizeGreaterThan": 200_000}},
    "Transitions": [MOVE, {"Days": 400, "StorageClass": "DEEP_ARCHIVE"}],
}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RULE, RULE | {"ID": "another name", "Transitions": RULE["Transitions"][::-1]}),
        (RULE, RULE | {"Filter": {"And": {**RULE["Filter"]["And"], "Prefix": ""}}}),
        (RULE, RULE | {"Expiration": {}, "NoncurrentVersionTransitions": []}),
        ({"Filter": {"Tag": TAG}}, {"Filter": {"And": {"Prefix": "", "Tags": [TAG]}}}),
        ({"Filter": {"Prefix": ""}}, {"Filter": {}}),
        ({"Filter": {"Prefix": ""}}, {"Prefix": ""}),
        ({"Filter": {"Prefix": "a/"}}, {"Prefix": "a/"}),
    ],
)
def test_one_rule_in_two_spellings_is_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert same_rule(one, other)
    assert same_rule(other, one)


@pytest.mark.parametrize(
    "change",
    [
        {"Status": "Disabled"},
        {"Filter": {"And": {"Tags": [TAG]}}},
        {"Filter": {"And": {"Tags": [TAG], "ObjectSizeGreaterThan": 200_001}}},
        {"Filter": {"And": {"Tags": [{"Key": "retention-class", "Value": "voice"}], "ObjectSizeGreaterThan": 200_000}}},
        {"Filter": {"And": {**RULE["Filter"]["And"], "Prefix": "archive/2026"}}},
        {"Transitions": [MOVE]},
        {"Transitions": [{**MOVE, "Days": 31}, RULE["Transitions"][1]]},
        {"Expiration": {"Days": 3650}},
    ],
)
def test_a_changed_rule_is_another(change: dict[str, Any]) -> None:
    assert not same_rule(RULE, RULE | change)


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"Filter": {"Prefix": ""}, "Expiration": {"Days": 365}}, "hides"),
        ({"Prefix": "arch", "Expiration": {"Date": "2030-01-01"}}, "hides"),
        ({"Filter": {"Prefix": "evidence/log/"}, "Expiration": {"Days": 1}}, "hides"),
        ({"Filter": {"Tag": {"Key": "temporary", "Value": "yes"}}, "Expiration": {"Days": 1}}, "hides"),
        ({"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, "removes"),
        ({"Filter": {"ObjectSizeGreaterThan": 5}, "Transitions": [MOVE]}, "GLACIER_IR"),
        ({"NoncurrentVersionTransitions": [MOVE]}, "GLACIER_IR"),
        ({"Filter": {"Prefix": "probe/"}, "Expiration": {"Days": 2}}, None),
        ({"Filter": {"Prefix": "logs/"}, "Transitions": [MOVE]}, None),
        ({"Expiration": {"ExpiredObjectDeleteMarker": True}}, None),
        ({"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, None),
    ],
)
def test_what_a_foreign_rule_does_to_records(rule: dict[str, Any], word: str | None) -> None:
    told = does_to_records({"ID": "theirs", "Status": "Enabled", **rule})
    assert told is None if word is None else word in (told or "")
    assert does_to_records({"ID": "theirs", "Status": "Disabled", **rule}) is None


names = st.lists(st.sampled_from("abcdef"), unique=True)


@given(standing=names, wanted=names)
def test_rules_of_other_names_are_kept_and_ours_are_there_once(standing: list[str], wanted: list[str]) -> None:
    rules = with_rules([{"ID": name, "Status": "theirs"} for name in standing], [{"ID": name} for name in wanted])
    assert sorted(rule["ID"] for rule in rules) == sorted({*standing, *wanted})
    assert [rule["ID"] for rule in rules if "Status" not in rule] == wanted
