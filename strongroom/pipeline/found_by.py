"""What a conversation is found by, from its analytics record and the names of its day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.fields import objects
from strongroom.ledger.conversations import HeldConversation
from strongroom.ledger.recordings import KnownRecording
from strongroom.ledger.search_index import LONGEST_VALUE, Entry, Term
from strongroom.pipeline.addresses import normalised
from strongroom.words import storable

_CUSTOMERS = frozenset({"customer", "external"})


def entry_of(held: HeldConversation, recordings: Sequence[KnownRecording], region: str | None) -> Entry:
    """A revision as the search has it. `region` is where a number without a country's prefix is dialled."""
    conversation = parse_conversation(held.record)
    decided = held.decided
    if decided is None:
        raise AssertionError(f"{held.ref} is archived without a decision")
    return Entry(
        ref=held.ref,
        conversation_start=held.conversation_start,
        conversation_end=held.conversation_end,
        # as its lock and its manifest have it: S3 keeps whole seconds, and locks are rounded up
        retain_until=(decided.retain_until + timedelta(microseconds=999_999)).replace(microsecond=0),
        direction=_kept(conversation.originating_direction or next(iter(conversation.directions), None)),
        external_tag=_kept(conversation.external_tag),
        terms=frozenset(_terms(conversation, held.names or {}, decided.retention_class)),
        addresses=frozenset(_normalised(held.record, region)),
        recordings=sum(1 for one in recordings if one.state == "stored"),
    )


def _terms(conversation: Conversation, names: Mapping[str, Any], retention_class: str) -> Iterator[Term]:
    for kind, ids, group in (
        ("queue", conversation.queue_ids, "queues"),
        ("agent", conversation.user_ids, "users"),
        ("division", conversation.division_ids, "divisions"),
    ):
        known = names.get(group) or {}
        for each in ids:
            yield Term(kind, _kept(each) or "", _kept(known.get(each)) or "")
    for media in conversation.media_types:
        yield Term("media", _kept(media) or "")
    yield Term("class", retention_class)


def _normalised(record: dict[str, Any], region: str | None) -> Iterator[str]:
    for address in customer_addresses(record):
        same = normalised(address, region)
        if same is not None:
            yield same


def customer_addresses(record: dict[str, Any]) -> Iterator[str]:
    """Numbers and addresses of the customer's side, as received: who called us, or whom we called.

    Where a session does not say which way it went, both ends are taken: to be found by too much is the lesser harm.
    """
    for participant in objects(record.get("participants")):
        if participant.get("purpose") not in _CUSTOMERS:
            continue
        for session in objects(participant.get("sessions")):
            direction = session.get("direction") or record.get("originatingDirection")
            members = ["addressOther"]
            if direction != "outbound":
                members += ["ani", "addressFrom"]
            if direction != "inbound":
                members += ["dnis", "addressTo"]
            numbers = session.get("callbackNumbers")
            values = [session.get(member) for member in members] + (numbers if isinstance(numbers, list) else [])
            yield from (value for value in values if isinstance(value, str))


def _kept(text: object) -> str | None:
    return storable(text)[:LONGEST_VALUE] or None if isinstance(text, str) else None
