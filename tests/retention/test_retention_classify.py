"""All rules that match count: the longest retention wins, and the strictest lock."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.retention.calendar import add_years
from strongroom.retention.classify import classify
from strongroom.retention.conditions import WORDS, Condition, Subject
from strongroom.retention.facts import Facts, Named
from strongroom.retention.policy import LockMode, Policy, RetentionClass, Rule

ENDED_AT = datetime(2025, 5, 14, 23, 59, 59, 999_000, tzinfo=UTC)
QUEUE_ID = "0a1b2c3d-0000-4000-8000-00000000000a"


def retention_class(name: str, years: int, mode: LockMode, *, erasable: bool = False, hours: int = 4) -> RetentionClass:
    return RetentionClass(name, "a regulation", years, years, mode, erasable, hours)


DEFAULT = retention_class("unclassified", 7, LockMode.GOVERNANCE, erasable=True)
SHORT_STRICT = retention_class("short-strict", 3, LockMode.COMPLIANCE)
LONG_LOOSE = retention_class("long-loose", 10, LockMode.GOVERNANCE, erasable=True, hours=24)


def policy_of(*rules: Rule) -> Policy:
    text = repr(rules).encode()
    return Policy(hashlib.sha256(text).hexdigest(), (DEFAULT,), rules, DEFAULT, 15, text, ())


def rule(name: str, into: RetentionClass, **when: str | tuple[str, ...]) -> Rule:
    conditions = [(Subject(key), (wanted,) if isinstance(wanted, str) else wanted) for key, wanted in when.items()]
    return Rule(name, into, tuple(Condition(subject, wanted) for subject, wanted in conditions))


def facts_of(
    queues: tuple[str | None, ...] = (), media: tuple[str, ...] = ("voice",), purposes: tuple[str, ...] = ("agent",)
) -> Facts:
    named = frozenset(Named(QUEUE_ID, name) for name in queues)
    nothing: frozenset[Named] = frozenset()
    return Facts(named, frozenset(media), frozenset({"inbound"}), nothing, nothing, frozenset(purposes))


def matches(facts: Facts, **when: str | tuple[str, ...]) -> bool:
    return not classify(policy_of(rule("the rule", SHORT_STRICT, **when)), facts, ENDED_AT).defaulted


def test_no_rule_matches_so_the_default_class_holds_and_says_so() -> None:
    decision = classify(policy_of(rule("mail", SHORT_STRICT, media_type="email")), facts_of(), ENDED_AT)
    assert decision.defaulted
    assert decision.retention_class is DEFAULT
    assert decision.rules == ()
    assert decision.reasons[0] == "no rule matched: default class 'unclassified'"


def test_longest_and_strictest_may_come_from_different_rules_and_the_decision_says_so() -> None:
    rules = rule("talk", SHORT_STRICT, media_type="voice"), rule("people", LONG_LOOSE, participants="agent")
    for ordered in permutations(rules):
        decision = classify(policy_of(*ordered), facts_of(), ENDED_AT)
        assert decision.retention_class is LONG_LOOSE
        assert decision.lock_mode is LockMode.COMPLIANCE
        assert decision.retained_years == 10
        assert decision.retain_until == datetime(2035, 5, 14, 23, 59, 59, 999_000, tzinfo=UTC)
        assert not decision.erasable
        assert decision.retrieval_promise_hours == 4
        assert set(decision.rules) == {"talk", "people"}
        assert "rule 'talk' (class 'short-strict') asks for that lock" in decision.reasons[2]


def test_of_equally_long_classes_the_stricter_is_named_then_the_earlier() -> None:
    loose = retention_class("loose", 7, LockMode.GOVERNANCE)
    strict, strict_too = (retention_class(name, 7, LockMode.COMPLIANCE) for name in ("strict", "strict-too"))
    rules = [rule(each.name, each, media_type="voice") for each in (loose, strict, strict_too)]
    assert classify(policy_of(*rules), facts_of(), ENDED_AT).retention_class is strict


def test_one_class_that_forbids_erasure_forbids_it() -> None:
    kept = retention_class("kept", 3, LockMode.GOVERNANCE, erasable=False)
    both = policy_of(rule("a", LONG_LOOSE, media_type="voice"), rule("b", kept, media_type="voice"))
    assert not classify(both, facts_of(), ENDED_AT).erasable
    assert classify(policy_of(both.rules[0]), facts_of(), ENDED_AT).erasable


def test_reasons_read_as_sentences() -> None:
    one = rule("financial advice voice", SHORT_STRICT, queue="financial*", media_type=("voice", "email"))
    decision = classify(policy_of(one), facts_of(("Financial Advice \N{EN DASH} Equities",)), ENDED_AT)
    assert decision.reasons == (
        "rule 'financial advice voice' matched: queue 'Financial Advice \N{EN DASH} Equities', media voice",
        "kept 3 years by class 'short-strict' (a regulation), locked COMPLIANCE",
    )


def test_the_words_do_not_depend_on_the_order_in_which_facts_came() -> None:
    named = [Named(f"q{number}", f"Sales {number}") for number in range(9)]
    facts = replace(facts_of(), queues=frozenset(named))
    reason = classify(policy_of(rule("sales", SHORT_STRICT, queue="Sales*")), facts, ENDED_AT).reasons[0]
    assert reason == "rule 'sales' matched: queue " + " and ".join(f"'{each.name}'" for each in named)


def test_a_queue_without_a_known_name_is_matched_by_id_and_reported() -> None:
    decision = classify(policy_of(rule("by name", SHORT_STRICT, queue="Advice*")), facts_of((None,)), ENDED_AT)
    assert decision.defaulted
    assert f"queue {QUEUE_ID} had no known name that day" in decision.reasons[-1]
    assert matches(facts_of((None,)), queue=QUEUE_ID.upper())
    assert matches(facts_of((None,)), queue="*")


@pytest.mark.parametrize(
    ("pattern", "name", "met"),
    [
        ("Complaints*", "complaints uk", True),
        ("*COMPLAINT*", "New Complaints UK", True),
        ("Complaints", "Complaints UK", False),
        ("Desk ?", "Desk 7", True),
        ("Desk ?", "Desk 77", False),
        ("Desk [1-9]", "Desk 7", False),
        ("Desk [UK]*", "Desk [UK] 2", True),
        ("Gesch\u00e4ft", "Gescha\u0308ft", True),
        ("Strasse", "STRAßE", True),
        ("Sales", " Sales ", True),
        ("Sales.*", "Sales", False),
    ],
)
def test_names_are_patterns_without_regard_to_case_and_unicode_form(pattern: str, name: str, met: bool) -> None:
    assert matches(facts_of((name,)), queue=pattern) is met


@pytest.mark.parametrize(
    ("purposes", "queues", "kinds"),
    [
        (("customer", "ivr"), (), {"ivr-only"}),
        (("customer", "ivr", "botflow", "workflow"), (), {"ivr-only"}),
        (("customer", "ivr"), ("Sales",), set()),
        (("customer", "ivr", "agent"), (), {"agent"}),
        (("customer", "ivr", "acd"), (), set()),
        (("customer", "ivr", "voicemail"), (), set()),
        (("external", "ivr"), (), set()),
        (("customer", "ivr", "hologram"), (), set()),
        (("customer",), (), set()),
        ((), (), set()),
        (("customer", "user"), (), {"agent"}),
        (("customer", "group"), (), {"agent"}),
        (("customer", "station"), (), {"agent"}),
    ],
)
def test_ivr_only_is_claimed_only_when_it_is_certain(
    purposes: tuple[str, ...], queues: tuple[str, ...], kinds: set[str]
) -> None:
    facts = facts_of(queues, purposes=purposes)
    assert {kind for kind in ("agent", "ivr-only") if matches(facts, participants=kind)} == kinds


def test_every_condition_must_hold() -> None:
    division = Named("0a1b2c3d-0000-4000-8000-00000000000d", "Europe")
    code = Named("ININ-WRAP-UP-TIMEOUT", None)
    facts = replace(facts_of(("Sales",)), divisions=frozenset({division}), wrap_up_codes=frozenset({code}))
    when: dict[str, str | tuple[str, ...]] = {
        "queue": "sales",
        "media_type": "voice",
        "direction": ("outbound", "inbound"),
        "division": "Eur*",
        "wrap_up_code": "ININ-WRAP-UP-TIMEOUT",
        "participants": "agent",
        "purpose": "agent",
    }
    assert matches(facts, **when)
    never = {"media_type": "email", "direction": "outbound", "participants": "ivr-only", "purpose": "acd"}
    for subject in when:
        assert not matches(facts, **{**when, subject: never.get(subject, "something else")}), subject


# Properties, over a small world so that rules do match.

NAMES = st.sampled_from(["Advice", "advice uk", "Complaints", "Sales", "", None])
NAMED = st.frozensets(st.builds(Named, st.sampled_from(["q1", "q2", "q3"]), NAMES), max_size=3)


def words(subject: Subject) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(WORDS[subject]) | st.text(max_size=5), max_size=3)


FACTS = st.builds(
    Facts, NAMED, words(Subject.MEDIA_TYPE), words(Subject.DIRECTION), NAMED, NAMED, words(Subject.PURPOSE)
)
PATTERNS = st.sampled_from(["*", "adv*", "*complaint*", "q1", "Sales", "?ales"])
CONDITIONS = st.sampled_from(Subject).flatmap(
    lambda subject: st.builds(
        Condition,
        st.just(subject),
        st.lists(st.sampled_from(WORDS[subject]) if subject in WORDS else PATTERNS, min_size=1, max_size=6).map(tuple),
    )
)
CLASSES = st.builds(
    retention_class,
    st.sampled_from("abcdef"),
    st.integers(1, 30),
    st.sampled_from(LockMode),
    erasable=st.booleans(),
    hours=st.integers(1, 720),
)
RULES = st.builds(Rule, st.text(max_size=5), CLASSES, st.lists(CONDITIONS, min_size=1, max_size=2).map(tuple))
ENDS = st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2100-01-01"), timezones=st.just(UTC))


@given(st.lists(RULES, max_size=6), FACTS, ENDS)
def test_every_conversation_gets_a_decision_that_covers_each_rule_that_matched(
    rules: list[Rule], facts: Facts, ended_at: datetime
) -> None:
    decision = classify(policy_of(*rules), facts, ended_at)
    assert decision.retain_until == add_years(ended_at, decision.retained_years)
    assert decision.defaulted == (decision.rules == ())
    assert decision.reasons
    for each in rules:
        alone = classify(policy_of(each), facts, ended_at)
        if not alone.defaulted:
            assert decision.retain_until >= alone.retain_until
            assert decision.lock_mode.strictness >= alone.lock_mode.strictness
            assert decision.retrieval_promise_hours <= alone.retrieval_promise_hours
            assert alone.erasable or not decision.erasable


@given(st.lists(RULES, min_size=1, max_size=5), RULES, FACTS)
def test_once_a_rule_matches_another_never_shortens_and_never_weakens(
    rules: list[Rule], another: Rule, facts: Facts
) -> None:
    before = classify(policy_of(*rules), facts, ENDED_AT)
    after = classify(policy_of(*rules, another), facts, ENDED_AT)
    if not before.defaulted:
        assert after.retained_years >= before.retained_years
        assert after.lock_mode.strictness >= before.lock_mode.strictness


@given(st.lists(RULES, max_size=5).flatmap(lambda rules: st.tuples(st.just(rules), st.permutations(rules))), FACTS)
def test_the_order_of_rules_changes_neither_years_nor_lock(orders: tuple[list[Rule], list[Rule]], facts: Facts) -> None:
    one, other = (classify(policy_of(*rules), facts, ENDED_AT) for rules in orders)
    assert (one.retained_years, one.lock_mode, one.erasable) == (other.retained_years, other.lock_mode, other.erasable)
    assert sorted(one.rules) == sorted(other.rules)
