"""Another policy on what is archived: whatever it says, a lock that stands is never shorter or weaker for it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from strongroom.ledger.archived import ArchivedRevision, decided_as_told
from strongroom.ledger.conversations import Decided
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.capture import as_decided
from strongroom.pipeline.reclassify import CannotReclassify, Effect, reclassify
from strongroom.retention.classes import LockMode, RetentionClass
from strongroom.retention.classify import classify
from strongroom.retention.facts import Facts
from strongroom.retention.policy import Policy, load_policy
from strongroom.vault.lock import Lock
from strongroom.vault.lock import LockMode as VaultMode

ENDED = datetime(2024, 2, 29, 10, 30, 0, 250_000, tzinfo=UTC)
ID = UUID("7c0f7a52-9f0f-4d1c-8a51-0f8f7f2f3b11")
DOCUMENT = "d" * 64
NAMES = {"organisation": {}, "queues": {}, "wrapUpCodes": {}, "divisions": {}, "users": {}}
RECORD = {
    "conversationId": str(ID),
    "conversationStart": "2024-02-29T10:00:00.000Z",
    "conversationEnd": "2024-02-29T10:30:00.250Z",
    "participants": [],
}
NOTHING = Facts(frozenset(), frozenset(), frozenset(), frozenset(), frozenset(), frozenset())
FILE = Path(Settings.model_fields["policy_file"].default)


def _policy(name: str, years: int, mode: LockMode) -> Policy:
    """A policy without rules: everything falls to its one class."""
    only = RetentionClass(
        name, f"basis of {name}", 1, years, mode, erasable=mode is LockMode.GOVERNANCE, retrieval_promise_hours=4
    )
    return replace(load_policy(FILE), version=f"{name}-{years}-{mode}", classes=(only,), rules=(), default_class=only)


def _archived(decided: Decided | None) -> ArchivedRevision:
    return ArchivedRevision(ConversationRef(ID, 1), date(2024, 2, 29), ENDED, RECORD, NAMES, decided, (100,))


def _decided(policy: Policy) -> Decided:
    return as_decided(classify(policy, NOTHING, ENDED), DOCUMENT)


POLICIES = st.builds(_policy, st.sampled_from(["a", "b"]), st.integers(1, 15), st.sampled_from(LockMode))


def _lock(decided: Decided) -> Lock:
    return Lock(VaultMode(decided.lock_mode), decided.retain_until)


@pytest.mark.long
@given(st.lists(POLICIES, min_size=2, max_size=6))
def test_no_row_of_policies_shortens_or_weakens_a_lock_and_each_has_what_it_asks_for(policies: list[Policy]) -> None:
    decided = _decided(policies[0])
    for policy in policies[1:]:
        one = reclassify(policy, _archived(decided), DOCUMENT)
        asked = _lock(_decided(policy))
        assert _lock(one.after).covers(_lock(decided))
        assert _lock(one.after).covers(asked)
        assert _lock(one.after) == _lock(decided).union(asked), "no longer and no stricter than either asks"
        assert one.effect.changes == (one.after != decided)
        assert not (one.after.decision["erasable"] and one.after.lock_mode == "COMPLIANCE")
        # the class is one that asks for the whole time
        years = {one.decision.retention_class.name: one.decision.retained_years, decided.retention_class: 0}
        if one.effect in {Effect.LONGER, Effect.LONGER_AND_STRICTER}:
            assert one.after.retention_class == one.decision.retention_class.name in years
        # and once done, the same policy asks for nothing more
        again = reclassify(policy, _archived(one.after), DOCUMENT)
        assert not again.effect.changes
        decided = one.after


C, G = LockMode.COMPLIANCE, LockMode.GOVERNANCE


@pytest.mark.parametrize(
    ("before", "after", "effect", "kept_as"),
    [
        (("a", 7, C), ("a", 7, C), Effect.SAME, ("a", 7, "COMPLIANCE")),
        (("a", 7, C), ("a", 10, C), Effect.LONGER, ("a", 10, "COMPLIANCE")),
        (("a", 7, C), ("a", 6, C), Effect.STAYS, ("a", 7, "COMPLIANCE")),
        (("a", 7, G), ("a", 6, G), Effect.STAYS, ("a", 7, "GOVERNANCE")),
        (("a", 7, C), ("a", 7, G), Effect.STAYS, ("a", 7, "COMPLIANCE")),
        (("a", 7, G), ("a", 7, C), Effect.STRICTER, ("a", 7, "COMPLIANCE")),
        (("a", 7, G), ("b", 10, C), Effect.LONGER_AND_STRICTER, ("b", 10, "COMPLIANCE")),
        (("a", 7, C), ("b", 10, G), Effect.LONGER, ("b", 10, "COMPLIANCE")),
        (("a", 7, G), ("b", 6, C), Effect.STRICTER, ("a", 7, "COMPLIANCE")),
        (("a", 7, C), ("b", 7, C), Effect.OTHER_CLASS, ("b", 7, "COMPLIANCE")),
    ],
)
def test_what_a_policy_changes(
    before: tuple[str, int, LockMode], after: tuple[str, int, LockMode], effect: Effect, kept_as: tuple[str, int, str]
) -> None:
    one = reclassify(_policy(*after), _archived(_decided(_policy(*before))), DOCUMENT)
    kept = (one.after.retention_class, one.after.decision["retainedYears"], one.after.lock_mode)
    assert (one.effect, kept) == (effect, kept_as)
    assert one.after.decision["basis"] == f"basis of {kept_as[0]}"
    assert one.after.retain_until.date() == date(2024 + kept_as[1], 3, 1)
    assert one.after.policy_version == (_policy(*after) if effect.changes else _policy(*before)).version


def test_the_whole_second_that_a_rebuilt_ledger_knows_is_the_same_end() -> None:
    decided = _decided(_policy("a", 7, C))
    rebuilt = replace(decided, retain_until=_lock(decided).retain_until)
    assert rebuilt.retain_until > decided.retain_until
    assert reclassify(_policy("a", 7, C), _archived(rebuilt), DOCUMENT).effect is Effect.SAME
    other = reclassify(_policy("b", 7, C), _archived(rebuilt), DOCUMENT)
    assert (other.effect, other.after.retain_until) == (Effect.OTHER_CLASS, rebuilt.retain_until)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"decided": None}, "nothing was decided"),
        ({"record": None}, "its record is not there"),
        ({"record": {"conversationId": "x"}}, "its record can't be read"),
        ({"names": None}, "the names of its day"),
        ({"names": {"queues": {}}}, "its record can't be read"),
        ({"conversation_end": datetime(9998, 1, 1, tzinfo=UTC)}, "its end can't be dated"),
    ],
)
def test_what_cannot_be_classified_again_says_why_in_words_that_can_be_counted(
    changed: dict[str, object], why: str
) -> None:
    revision = replace(_archived(_decided(_policy("a", 7, C))), **changed)  # type: ignore[arg-type]
    with pytest.raises(CannotReclassify, match=why) as refused:
        reclassify(_policy("a", 7, C), revision, DOCUMENT)
    assert str(ID) not in refused.value.what


def test_a_decision_told_by_an_event_comes_back_as_it_was() -> None:
    decided = _decided(_policy("a", 7, C))
    told = {
        "class": decided.retention_class,
        "lock": decided.lock_mode,
        "until": decided.retain_until.isoformat(),
        "policy": decided.policy_version,
        "decision": decided.decision,
    }
    assert decided_as_told(told) == decided
