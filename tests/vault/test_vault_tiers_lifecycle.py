"""The lifecycle as it is derived: every promise kept, or refused with the sentence a records manager needs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tier_files import GOOD, LENIENT, STRICT, shipped, shipped_but, written

from config.settings import Settings
from strongroom.errors import Misconfigured
from strongroom.house import class_promises
from strongroom.retention.policy import load_policy
from strongroom.vault.lock import LockMode
from strongroom.vault.profiles import break_even_bytes, kept_usd
from strongroom.vault.store import Store
from strongroom.vault.tiers import ClassPromise, PromiseBroken, Tiers, lifecycle_rules, load_tiers

POLICY = load_policy(Path(Settings.model_fields["policy_file"].default))
PROMISES = class_promises(POLICY)
TIERS = shipped()
GUIDE_FOR_EMAIL = "default_profile: promise\nclasses:\n  email:\n    profile: guide\n"


def with_default(profile: str) -> Tiers:
    """The shipped tiers with another profile for all classes."""
    return replace(TIERS, default_profile=TIERS.profiles[profile])


def by_id(rules: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {rule["ID"]: rule for rule in rules}


def test_the_default_lifecycle_keeps_every_four_hour_promise() -> None:
    rules = by_id(lifecycle_rules(TIERS, PROMISES))
    assert set(rules) == {"strongroom-abandoned-uploads", *(f"strongroom-tier-{each.name}" for each in POLICY.classes)}
    for each in POLICY.classes:
        assert each.retrieval_promise_hours == 4
        rule = rules[f"strongroom-tier-{each.name}"]
        assert rule["Status"] == "Enabled"
        assert rule["Filter"]["And"]["Tags"] == [{"Key": "retention-class", "Value": each.name}]
        # stated here once more, from AWS's documentation: these two are read in milliseconds
        assert {move["StorageClass"] for move in rule["Transitions"]} <= {"STANDARD", "GLACIER_IR"}


def test_nothing_is_ever_expired() -> None:
    for profile in ("promise", "standard"):
        for rule in lifecycle_rules(with_default(profile), PROMISES):
            assert {"Expiration", "NoncurrentVersionExpiration"}.isdisjoint(rule)


def test_abandoned_uploads_are_cleared_whatever_the_classes() -> None:
    for rules in (lifecycle_rules(TIERS, {}), lifecycle_rules(with_default("standard"), PROMISES)):
        assert rules == [
            {
                "ID": "strongroom-abandoned-uploads",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            }
        ]


def test_the_rules_do_not_depend_on_the_order_of_the_policy() -> None:
    backwards = dict(reversed(PROMISES.items()))
    assert lifecycle_rules(TIERS, backwards) == lifecycle_rules(TIERS, PROMISES)


def test_small_objects_stay_where_they_are() -> None:
    tiers = TIERS
    rules = by_id(lifecycle_rules(tiers, {"strict": STRICT, "short": LENIENT}))
    transitions = tiers.default_profile.transitions
    for name, years in (("strict", 7), ("short", 3)):
        least_bytes = rules[f"strongroom-tier-{name}"]["Filter"]["And"]["ObjectSizeGreaterThan"]
        assert kept_usd(tiers.prices, transitions, least_bytes, years) <= kept_usd(tiers.prices, (), least_bytes, years)
        smaller = least_bytes - 1024
        assert kept_usd(tiers.prices, transitions, smaller, years) > kept_usd(tiers.prices, (), smaller, years)
        assert 16 * 1024 < least_bytes < 128 * 1024


def test_the_guides_profile_is_refused_for_compliance_with_the_sentence() -> None:
    strict = {each.name: PROMISES[each.name] for each in POLICY.classes if each.lock_mode == "COMPLIANCE"}
    with pytest.raises(PromiseBroken) as refused:
        lifecycle_rules(with_default("guide"), strict)
    sentence = str(refused.value)
    first, *others = strict
    assert f"class '{first}' promises its records within 4 hours, which profile 'guide' breaks" in sentence
    for words in (
        "GLACIER (after 90 days) needs up to 5 hours (its Expedited of 5 minutes may be refused without provisioned",
        "DEEP_ARCHIVE (after 365 days) needs up to 12 hours",
        "SEC Rule 17a-4(b)",
        "STANDARD $23.55, GLACIER_IR $4.10, GLACIER $3.69 and DEEP_ARCHIVE $1.01",
        "STANDARD and GLACIER_IR can be read at once",
        "accepts_retrieval_hours: 12",
        "tiers.yaml, line ",
    ):
        assert words in sentence
    for name in others:
        assert f"'{name}'" in sentence
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("each", POLICY.classes, ids=lambda each: each.name)
def test_the_guides_profile_breaks_every_class_of_the_default_policy(each: Any) -> None:
    with pytest.raises(PromiseBroken, match=f"class '{each.name}'"):
        lifecycle_rules(with_default("guide"), {each.name: PROMISES[each.name]})


def test_a_class_that_accepts_it_by_name_has_the_guides_profile_and_no_other(tmp_path: Path) -> None:
    accepting = GUIDE_FOR_EMAIL + "    accepts_retrieval_hours: 12\n"
    rules = by_id(lifecycle_rules(shipped_but(tmp_path, "default_profile: promise\n", accepting), PROMISES))
    assert rules["strongroom-tier-email"]["Transitions"] == [
        {"Days": 90, "StorageClass": "GLACIER"},
        {"Days": 365, "StorageClass": "DEEP_ARCHIVE"},
    ]
    for name in PROMISES.keys() - {"email"}:
        assert rules[f"strongroom-tier-{name}"]["Transitions"] == [{"Days": 0, "StorageClass": "GLACIER_IR"}]


@pytest.mark.parametrize("hours", [1, 5, 11])
def test_to_accept_less_than_it_takes_is_not_enough(tmp_path: Path, hours: int) -> None:
    accepting = f"{GUIDE_FOR_EMAIL}    accepts_retrieval_hours: {hours}\n"
    with pytest.raises(PromiseBroken, match="DEEP_ARCHIVE") as refused:
        lifecycle_rules(shipped_but(tmp_path, "default_profile: promise\n", accepting), PROMISES)
    assert ("GLACIER (after 90 days)" in refused.value.what) == (hours < 5)
    assert refused.value.where.endswith("line 10")


def test_glacier_alone_does_not_keep_four_hours_and_keeps_five(tmp_path: Path) -> None:
    tiers = load_tiers(written(tmp_path, GOOD.replace("    accepts_retrieval_hours: 12\n", "")))
    with pytest.raises(PromiseBroken, match="may be refused without provisioned capacity"):
        lifecycle_rules(tiers, {"slow": STRICT})
    rules = by_id(lifecycle_rules(tiers, {"slow": replace(STRICT, retrieval_promise_hours=5)}))
    assert rules["strongroom-tier-slow"]["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER"}]


def test_the_first_two_years_are_told_where_they_are_broken(tmp_path: Path) -> None:
    late = shipped_but(
        tmp_path, "after_days: 90\n      storage_class: GLACIER\n    - after_days: 365", "after_days: 730"
    )
    late = replace(late, default_profile=late.profiles["guide"])
    with pytest.raises(PromiseBroken) as refused:
        lifecycle_rules(late, {"strict": STRICT})
    assert "17a-4(b)" not in str(refused.value)
    with pytest.raises(PromiseBroken) as refused:
        lifecycle_rules(with_default("guide"), {"lenient": LENIENT})
    assert "17a-4(b)" not in str(refused.value)


def test_a_transition_after_the_end_of_the_retention_breaks_nothing() -> None:
    one_year = ClassPromise(retrieval_promise_hours=5, retained_years=1, lock_mode=LockMode.GOVERNANCE)
    rules = by_id(lifecycle_rules(with_default("guide"), {"short": one_year}))
    assert rules["strongroom-tier-short"]["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER"}]


def test_a_class_that_the_policy_does_not_have_is_named_with_its_line(tmp_path: Path) -> None:
    tiers = load_tiers(written(tmp_path, GOOD))
    with pytest.raises(Misconfigured, match="no class 'slow'; did you mean 'slower'") as refused:
        lifecycle_rules(tiers, {"slower": STRICT})
    assert refused.value.where.endswith("tiers.yaml, line 3")


def test_a_profile_that_never_pays_is_refused(tmp_path: Path) -> None:
    dear = load_tiers(written(tmp_path, GOOD.replace("gb_month: 0.004", "gb_month: 0.04")))
    with pytest.raises(Misconfigured, match="costs class 'plain' more than STANDARD") as refused:
        lifecycle_rules(dear, {"plain": STRICT, "slow": STRICT})
    assert refused.value.where.endswith("line 7")


def test_more_rules_than_a_bucket_takes_are_refused() -> None:
    names = [f"class-{number}" for number in range(1000)]
    with pytest.raises(Misconfigured, match="1001 lifecycle rules"):
        lifecycle_rules(TIERS, dict.fromkeys(names, STRICT))
    assert len(lifecycle_rules(TIERS, dict.fromkeys(names[1:], STRICT))) == 1000


@given(
    hours=st.integers(1, 720),
    years=st.integers(1, 15),
    profile=st.sampled_from(["promise", "guide", "standard"]),
    mode=st.sampled_from(LockMode),
)
def test_whatever_is_derived_comes_back_as_promised(hours: int, years: int, profile: str, mode: LockMode) -> None:
    tiers = with_default(profile)
    needed_hours = {"STANDARD": 0, "GLACIER_IR": 0, "GLACIER": 5, "DEEP_ARCHIVE": 12}
    reached = [each.storage_class.name for each in tiers.profiles[profile].within(years)]
    slow = any(needed_hours[name] > hours for name in reached)
    try:
        rules = lifecycle_rules(tiers, {"some": ClassPromise(hours, years, mode)})
    except PromiseBroken:
        assert slow
    else:
        assert not slow
        assert [move["StorageClass"] for rule in rules for move in rule.get("Transitions", ())] == reached


@pytest.mark.parametrize("profile", ["promise", "guide", "standard"])
def test_an_s3_server_takes_the_rules_and_gives_them_back(store: Store, profile: str) -> None:
    """moto checks the rules' form, not their meaning; it drops nothing."""
    slow = {name: replace(each, retrieval_promise_hours=12) for name, each in PROMISES.items()}
    rules = lifecycle_rules(with_default(profile), slow)
    store.patient.put_bucket_lifecycle_configuration(Bucket=store.bucket, LifecycleConfiguration={"Rules": rules})
    answer = store.patient.get_bucket_lifecycle_configuration(Bucket=store.bucket)
    assert [rule["ID"] for rule in answer["Rules"]] == [rule["ID"] for rule in rules]
    for standing, rule in zip(answer["Rules"], rules, strict=True):
        assert standing.get("Transitions", []) == rule.get("Transitions", [])
        assert standing["Filter"] == rule["Filter"]


@given(st.integers(1, 15), st.sampled_from(["promise", "guide"]))
def test_above_the_break_even_it_always_pays(years: int, profile: str) -> None:
    transitions = TIERS.profiles[profile].within(years)
    least_bytes = break_even_bytes(TIERS.prices, transitions, years)
    assert least_bytes is not None
    for size_bytes in (least_bytes, least_bytes * 2, least_bytes * 1000):
        moved = kept_usd(TIERS.prices, transitions, size_bytes, years)
        assert moved <= kept_usd(TIERS.prices, (), size_bytes, years)
