"""From a conversation's facts to its retention: all rules that match count, the longest and the strictest win."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.retention.calendar import add_years
from strongroom.retention.classes import Capture, LockMode, RetentionClass
from strongroom.retention.facts import Facts, Named
from strongroom.retention.policy import Policy
from strongroom.retention.rules import Rule, why_matched


@dataclass(frozen=True)
class Decision:
    """How long a conversation is kept, under which lock, and why.

    `retention_class` is the class that keeps longest (ties: the stricter, then the one of the earlier rule).
    `lock_mode` may come from another class. `erasable` is true when every class that counted allows erasure and the
    lock can be lifted; `retrieval_promise_hours` is the shortest of theirs, and `capture` the soonest.
    `retain_until` is in UTC. `reasons` are
    sentences for a records manager, `rules` the names of all rules that matched; `defaulted` means none did.
    """

    retention_class: RetentionClass
    lock_mode: LockMode
    retained_years: int
    retain_until: datetime
    erasable: bool
    retrieval_promise_hours: int
    policy_version: str
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    defaulted: bool
    capture: Capture


def classify(policy: Policy, facts: Facts, ended_at: datetime) -> Decision:
    """Decide a conversation's retention, counted from the end of the interaction.

    Raises ValueError when `ended_at` has no time zone or lies so late that the years lead past 9999.
    """
    matched = [(rule, why) for rule in policy.rules if (why := why_matched(rule, facts)) is not None]
    rules = [rule for rule, _ in matched]
    counted = [rule.retention_class for rule in rules] or [policy.default_class]
    longest = max(counted, key=lambda each: (each.retained_years, each.lock_mode.strictness))
    lock_mode = max((each.lock_mode for each in counted), key=lambda mode: mode.strictness)

    reasons = [f"rule '{rule.name}' matched: {why}" for rule, why in matched]
    if not matched:
        reasons.append(f"no rule matched: default class '{longest.name}'")
    reasons.append(_deciding_sentence(longest, lock_mode, rules))
    reasons += _nameless("queue", facts.queues)
    reasons += _nameless("division", facts.divisions)
    reasons += _nameless("wrap-up code", facts.wrap_up_codes)
    return Decision(
        retention_class=longest,
        lock_mode=lock_mode,
        retained_years=longest.retained_years,
        retain_until=add_years(ended_at, longest.retained_years),
        erasable=lock_mode is LockMode.GOVERNANCE and all(each.erasable for each in counted),
        retrieval_promise_hours=min(each.retrieval_promise_hours for each in counted),
        policy_version=policy.version,
        reasons=tuple(reasons),
        rules=tuple(rule.name for rule in rules),
        defaulted=not matched,
        capture=Capture.NEAR_REAL_TIME
        if any(each.capture is Capture.NEAR_REAL_TIME for each in counted)
        else Capture.NIGHTLY,
    )


def _deciding_sentence(longest: RetentionClass, lock_mode: LockMode, rules: Sequence[Rule]) -> str:
    kept = f"kept {longest.retained_years} years by class '{longest.name}' ({longest.basis}), locked {lock_mode}"
    if longest.lock_mode is lock_mode:
        return kept
    stricter = next(rule for rule in rules if rule.retention_class.lock_mode is lock_mode)
    return f"{kept} because rule '{stricter.name}' (class '{stricter.retention_class.name}') asks for that lock"


def _nameless(kind: str, named: frozenset[Named]) -> list[str]:
    ids = sorted(each.id for each in named if not each.name)
    return [f"{kind} {each} had no known name that day, so no rule could go by its name" for each in ids]
