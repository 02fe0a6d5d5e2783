"""A conversation: which class it falls in, and which recordings it must have before its manifest can be written."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars

from strongroom.errors import StrongroomError
from strongroom.genesys.analytics import conversation_again
from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.names import NamesOfTheDay, Organisation
from strongroom.genesys.recordings import recording_metadata
from strongroom.house import House
from strongroom.ledger.conversations import (
    Decided,
    HeldConversation,
    begin_capturing,
    expire_conversation,
    postpone_conversation,
    send_conversation_to_review,
    take_discovered,
)
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_conversation
from strongroom.ledger.listing import record_listing, take_unlisted
from strongroom.ledger.recordings import recordings_before
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.expecting import recordings_expected
from strongroom.pipeline.failures import Review, given_up, verdict
from strongroom.pipeline.outcomes import NOTHING, Next
from strongroom.pipeline.policy_document import document_sha256
from strongroom.retention.classify import Decision, classify
from strongroom.retention.facts import Facts, Named

_log = structlog.get_logger()


def archive_conversation(house: House, ref: ConversationRef) -> Next:
    """Classify a conversation and learn its recordings; next are those, or its manifest when it has none.

    One that was in a batch is classified already: what the batch did not give is learned here.
    """
    held = take_discovered(house.engine, ref, house.holder) or take_unlisted(house.engine, ref, house.holder)
    if held is None:
        return NOTHING
    bind_contextvars(day=str(held.day))
    if held.background:
        house = house.in_background()
    step = _list if held.awaits == "listing" and held.decided is not None else _capture
    lease = kept_conversation(house.engine, ref, house.holder)
    return attempt(lease, lambda: step(house, held), lambda error: put_off(house, held, error))


def put_off(house: House, held: HeldConversation, error: StrongroomError) -> Next:
    """What follows for a conversation from an error: due again later, or the review list."""
    _log.warning("conversation put off", conversation=str(held.ref), reason=str(error))
    decided = verdict(error, attempts=held.attempts, retry_interval_s=house.settings.retry_interval_s)
    overdue = held.taken_at >= held.deadline_at
    with suppress(LeaseLost):
        if isinstance(decided, Review) or (
            not decided.ours and given_up(error, overdue=overdue, attempts=held.attempts)
        ):
            send_conversation_to_review(house.engine, held, house.holder, error.reason)
        else:
            lost_s = decided.due_in_s if decided.ours else 0
            postpone_conversation(house.engine, held, house.holder, decided.due_in_s, error.reason, lost_s=lost_s)
    return NOTHING


def decide(house: House, conversation: Conversation, names: NamesOfTheDay, held: HeldConversation) -> Decision:
    """The retention of a conversation under the policy in force, and the shortest lock a back-fill asked for."""
    return _at_least(classify(house.policy, facts_of(conversation, names), held.conversation_end), held)


def _at_least(decision: Decision, held: HeldConversation) -> Decision:
    """The decision with the shortest lock a back-fill asked for, counted from when the conversation was first seen."""
    if held.shortest_lock_days is None:
        return decision
    shortest = held.first_seen_at + timedelta(days=held.shortest_lock_days)
    if decision.retain_until >= shortest:
        return decision
    why = f"locked for {held.shortest_lock_days} days from {held.first_seen_at:%Y-%m-%d}: the back-fill asked for it"
    return replace(decision, retain_until=shortest, reasons=(*decision.reasons, why))


def facts_of(conversation: Conversation, names: NamesOfTheDay) -> Facts:
    """What the retention rules may ask about a conversation."""
    return Facts(
        queues=_named(conversation.queue_ids, names.queues),
        media_types=frozenset(conversation.media_types),
        directions=frozenset(conversation.directions),
        divisions=_named(conversation.division_ids, names.divisions),
        wrap_up_codes=_named(conversation.wrap_up_codes, names.wrap_up_codes),
        purposes=frozenset(conversation.purposes),
    )


def expired(decision: Decision) -> str:
    """Why a conversation whose retention is over is not archived."""
    return (
        f"its retention ran out on {decision.retain_until:%Y-%m-%d}, before it was archived:"
        f" class {decision.retention_class.name}"
    )


def as_decided(decision: Decision, document_sha256: str) -> Decided:
    """A decision as the ledger keeps it; `document_sha256` is that of the policy's document, which manifests name."""
    return Decided(
        retention_class=decision.retention_class.name,
        lock_mode=decision.lock_mode.value,
        retain_until=decision.retain_until,
        policy_version=decision.policy_version,
        decision={
            "basis": decision.retention_class.basis,
            "retainedYears": decision.retained_years,
            "reasons": list(decision.reasons),
            "rules": list(decision.rules),
            "defaulted": decision.defaulted,
            "erasable": decision.erasable,
            "retrievalPromiseHours": decision.retrieval_promise_hours,
            "policyDocument": document_sha256,
        },
    )


def _named(ids: Iterable[str], names: Mapping[str, str | None]) -> frozenset[Named]:
    return frozenset(Named(each, names.get(each)) for each in ids)


def _capture(house: House, held: HeldConversation) -> Next:
    conversation = _quiet_record(house, held)
    names = house.names.behind(conversation)
    decision = decide(house, conversation, names, held)
    if decision.retain_until <= held.taken_at:
        expire_conversation(
            house.engine, held, house.holder, as_decided(decision, document_sha256(house.policy)), expired(decision)
        )
        return NOTHING
    listed = recording_metadata(house.genesys, conversation.conversation_id)
    recordings = begin_capturing(
        house.engine,
        held,
        house.holder,
        conversation.raw,
        as_decided(decision, document_sha256(house.policy)),
        names_document(names, house.names.organisation()),
        recordings_expected(conversation, listed, recordings_before(house.engine, held.ref)),
        deadline_s=house.settings.retry_deadline_s,
    )
    return Next(recordings=recordings, complete=None if recordings else held.ref)


def _list(house: House, held: HeldConversation) -> Next:
    """The recordings of a conversation whose batch did not give all of them, or never ended."""
    conversation = parse_conversation(held.record)
    listed = recording_metadata(house.genesys, conversation.conversation_id)
    expected = recordings_expected(conversation, listed, [])
    recordings, settled = record_listing(house.engine, held, house.holder, expected)
    return Next(recordings=recordings, complete=held.ref if settled else None)


def _quiet_record(house: House, held: HeldConversation) -> Conversation:
    """The conversation as it is after its quiet time, where it was found before that: wrap-up codes come late."""
    conversation = parse_conversation(held.record)
    quiet_from = held.conversation_end + timedelta(seconds=house.settings.quiet_s)
    if held.first_seen_at >= quiet_from:
        return conversation
    now = conversation_again(house.genesys, conversation)
    # one that was re-opened meanwhile is found again by its new end
    return now if now is not None and now.ended_at == conversation.ended_at else conversation


def names_document(names: NamesOfTheDay, organisation: Organisation) -> dict[str, Any]:
    """The names behind the record's ids, for a reader for whom the organisation's configuration is gone."""
    return {
        "organisation": {
            "id": organisation.organisation_id,
            "name": organisation.name,
            "domain": organisation.domain,
        },
        "queues": names.queues,
        "wrapUpCodes": names.wrap_up_codes,
        "divisions": names.divisions,
        "users": names.users,
    }
