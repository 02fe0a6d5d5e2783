"""The policy that Strongroom comes with is the archiving guide's matrix."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

import config
from strongroom.retention.classify import Decision, classify
from strongroom.retention.facts import Facts, Named
from strongroom.retention.policy import LockMode, load_policy

PATH = Path(config.__file__).parent / "retention.yaml"
POLICY = load_policy(PATH)
NOBODY: frozenset[Named] = frozenset()
WITH_AGENT = frozenset({"customer", "ivr", "acd", "agent"})
SELF_SERVICE = frozenset({"customer", "ivr"})
LEAP_DAY = datetime(2024, 2, 29, 23, 59, 59, 999_000, tzinfo=UTC)


def decide(
    queue: str | None, media: str, *, code: str | None = None, purposes: frozenset[str] = WITH_AGENT
) -> Decision:
    queues = frozenset({Named("q", queue)}) if queue else NOBODY
    codes = frozenset({Named("c", code)}) if code else NOBODY
    facts = Facts(queues, frozenset({media}), frozenset({"inbound"}), NOBODY, codes, purposes)
    return classify(POLICY, facts, LEAP_DAY)


def test_the_version_is_the_hash_of_the_files_bytes_and_nothing_needs_a_look() -> None:
    assert POLICY.text == PATH.read_bytes()
    assert POLICY.version == hashlib.sha256(POLICY.text).hexdigest()
    assert POLICY.warnings == ()
    assert POLICY.cap_years == 15


@pytest.mark.parametrize(
    ("name", "required_years", "retained_years", "lock_mode", "erasable"),
    [
        ("financial-advice-voice", 6, 7, "COMPLIANCE", False),
        ("order-confirmation-voice", 7, 7, "COMPLIANCE", False),
        ("chat-complaint", 5, 6, "COMPLIANCE", False),
        ("email", 6, 7, "COMPLIANCE", False),
        ("healthcare-voice", 6, 7, "COMPLIANCE", False),
        ("ivr-self-service", 3, 3, "GOVERNANCE", True),
        ("unclassified", 7, 7, "GOVERNANCE", True),
    ],
)
def test_the_guides_matrix(name: str, required_years: int, retained_years: int, lock_mode: str, erasable: bool) -> None:
    (found,) = [each for each in POLICY.classes if each.name == name]
    assert (found.required_years, found.retained_years) == (required_years, retained_years)
    assert (found.lock_mode, found.erasable, found.retrieval_promise_hours) == (lock_mode, erasable, 4)
    assert found.basis


@pytest.mark.parametrize(
    ("queue", "media", "expected"),
    [
        ("Financial Advice \N{EN DASH} Equities", "voice", "financial-advice-voice"),
        ("Order Desk EU", "voice", "order-confirmation-voice"),
        ("Complaints UK", "chat", "chat-complaint"),
        ("Complaints UK", "message", "chat-complaint"),
        ("Patient Line", "voice", "healthcare-voice"),
        ("Customer Email", "email", "email"),
        ("Billing", "email", "email"),
        ("Billing", "voice", "unclassified"),
        ("Sales", "message", "unclassified"),
        ("Complaints UK", "voice", "unclassified"),
    ],
)
def test_each_queue_falls_in_its_class(queue: str, media: str, expected: str) -> None:
    decision = decide(queue, media)
    assert decision.retention_class.name == expected
    assert decision.defaulted == (expected == "unclassified")


def test_a_complaint_is_known_by_its_wrap_up_code_too() -> None:
    assert decide("Billing", "message", code="Formal complaint raised").retention_class.name == "chat-complaint"
    assert decide("Billing", "message", code="Resolved").defaulted


def test_self_service_is_kept_three_years_from_a_leap_day_to_the_first_of_march() -> None:
    decision = decide(None, "voice", purposes=SELF_SERVICE)
    assert decision.retention_class.name == "ivr-self-service"
    assert (decision.lock_mode, decision.erasable) == (LockMode.GOVERNANCE, True)
    assert decision.retain_until == datetime(2027, 3, 1, 23, 59, 59, 999_000, tzinfo=UTC)
