"""What a policy decides of records that are archived already, and what of it can be done to them.

A lock that stands is made longer and stricter, never shorter or weaker: under COMPLIANCE nobody can, and under
GOVERNANCE nobody does it in bulk. What must go before its time is an erasure, each with its own reason.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from strongroom.errors import StrongroomError
from strongroom.genesys.conversations import parse_conversation
from strongroom.genesys.names import NamesOfTheDay
from strongroom.ledger.archived import ArchivedRevision
from strongroom.ledger.conversations import Decided
from strongroom.pipeline.capture import as_decided, facts_of
from strongroom.retention.classify import Decision, classify
from strongroom.retention.policy import Policy
from strongroom.vault.lock import Lock, LockMode


class Effect(StrEnum):
    """What another policy does to a record that is archived."""

    SAME = "same"
    LONGER = "longer"
    STRICTER = "stricter"
    LONGER_AND_STRICTER = "longer and stricter"
    OTHER_CLASS = "other class"  # with the same lock: another basis, another way through the tiers
    STAYS = "stays"  # it asks for less than what stands

    @property
    def changes(self) -> bool:
        """Whether anything is done to the record."""
        return self not in {Effect.SAME, Effect.STAYS}


@dataclass(frozen=True)
class Reclassified:
    """A record under another policy. `after` is how it is kept then: as `before`, or longer or stricter than that."""

    revision: ArchivedRevision
    before: Decided
    decision: Decision
    after: Decided
    effect: Effect


class CannotReclassify(StrongroomError):
    """The record does not tell enough to be classified again; the reason is the same for all records alike."""


def reclassify(policy: Policy, revision: ArchivedRevision, document_sha256: str) -> Reclassified:
    """Decide a revision again, by its record and the names of its day as they were archived.

    `document_sha256` is that of the policy's document, which a new decision names. Raises CannotReclassify.
    """
    if revision.decided is None:
        raise _cannot("nothing was decided of it", revision)
    if not revision.record:
        raise _cannot("its record is not there any more", revision)
    if not revision.names:
        raise _cannot("the names of its day are not there any more", revision)
    try:
        conversation = parse_conversation(revision.record)
        facts = facts_of(conversation, names_then(revision.names))
    except (StrongroomError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _cannot("its record can't be read", revision) from error
    try:
        decision = classify(policy, facts, revision.conversation_end)
    except ValueError as error:
        raise _cannot("its end can't be dated", revision) from error
    before = revision.decided
    effect = _effect(before, decision)
    after = _after(before, decision, document_sha256) if effect.changes else before
    return Reclassified(revision, before, decision, after, effect)


def names_then(document: dict[str, Any]) -> NamesOfTheDay:
    """The names as they were archived. Raises KeyError where the document is none of names."""
    return NamesOfTheDay(
        queues=document["queues"],
        wrap_up_codes=document["wrapUpCodes"],
        divisions=document["divisions"],
        users=document["users"],
    )


def _effect(before: Decided, decision: Decision) -> Effect:
    standing, wanted = _lock(before), Lock(LockMode(decision.lock_mode.value), decision.retain_until)
    longer = wanted.retain_until > standing.retain_until
    stricter = standing.union(wanted).mode is not standing.mode
    if longer and stricter:
        return Effect.LONGER_AND_STRICTER
    if longer or stricter:
        return Effect.LONGER if longer else Effect.STRICTER
    if wanted != standing:
        return Effect.STAYS
    return Effect.SAME if decision.retention_class.name == before.retention_class else Effect.OTHER_CLASS


def _after(before: Decided, decision: Decision, document_sha256: str) -> Decided:
    """The longer end and the stricter lock of both. The class is that which keeps longest, as in `classify`."""
    wanted = as_decided(decision, document_sha256)
    standing_lock, wanted_lock = _lock(before), _lock(wanted)
    lock_mode = standing_lock.union(wanted_lock).mode
    erasable = lock_mode is LockMode.GOVERNANCE and decision.erasable
    if wanted_lock.retain_until >= standing_lock.retain_until:
        return Decided(
            retention_class=wanted.retention_class,
            lock_mode=lock_mode.value,
            retain_until=max(before.retain_until, wanted.retain_until),
            policy_version=wanted.policy_version,
            decision=wanted.decision | {"erasable": erasable},
        )
    kept = f"kept longer than that, as class '{before.retention_class}', by policy {before.policy_version[:16]}"
    kept_as = {name: before.decision[name] for name in ("basis", "retainedYears")}
    return Decided(
        retention_class=before.retention_class,
        lock_mode=lock_mode.value,
        retain_until=before.retain_until,
        policy_version=wanted.policy_version,
        decision=wanted.decision | kept_as | {"erasable": erasable, "reasons": [*wanted.decision["reasons"], kept]},
    )


def _lock(decided: Decided) -> Lock:
    return Lock(LockMode(decided.lock_mode), decided.retain_until)


def _cannot(why: str, revision: ArchivedRevision) -> CannotReclassify:
    return CannotReclassify(why, where=str(revision.ref), todo="look at it: strongroom policy explain")
