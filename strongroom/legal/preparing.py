"""Preparing a request: what is cold is brought back, every byte is read and hashed, and what was found is recorded.

Due work like any other: leased, repeatable, and killed at any line without harm. Each conversation is recorded by
itself and at once, so what one attempt has done the next need not do again.
"""

import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.house import House
from strongroom.ledger.due import claim_requests
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_request
from strongroom.ledger.request_preparing import (
    HeldRequest,
    conversation_goes_on,
    conversation_settled,
    plan_files,
    prepare_later,
    request_prepared,
    take_request,
)
from strongroom.ledger.requests import RequestedConversation, bytes_of, close_over_requests, find_request
from strongroom.legal.verifying import Verification, verify_requested
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.failures import backoff_s
from strongroom.pipeline.outcomes import NOTHING, Next
from strongroom.pipeline.restore import request_restore, restore_status
from strongroom.pipeline.restore_outlook import RestoreStatus
from strongroom.times import format_instant

MESSAGE_S = 120.0
"""How long a message may be under way in the restore queue before it counts as lost."""

_UNSETTLED = frozenset({"preparing", "restoring", "verifying"})
_LOOK_AT_RESTORE_S = 60.0
_ASK_AGAIN_S = 3_600.0
# a task ends well before its time limit: what is left is the next message's
_AT_A_TIME_S = 1_200.0
# a cautious guess, for saying when: S3 and one core do several times as much
_BYTES_PER_S = 20 * 1024 * 1024
_OVERHEAD = timedelta(seconds=30)

_log = structlog.get_logger()


def prepares_inline(house: House, request_id: UUID) -> bool:
    """Whether a request asks for so little that the requester can wait for it."""
    return bytes_of(house.engine, request_id) <= house.settings.inline_verify_mib * 1024 * 1024


def requests_due(house: House) -> list[UUID]:
    """Requests whose preparing has a step due and that nobody was told of lately; those that are over are closed."""
    for request_id in close_over_requests(house.engine):
        _log.info("request closed", request=str(request_id))
    return claim_requests(house.engine, MESSAGE_S, house.settings.sweep_batch)


def prepare(house: House, request_id: UUID) -> None:
    """Take every step that a request's conversations are due for; it is handed back until more can be done.

    Does nothing when it is held by another, not due, over, or waits for approval. Raises LedgerUnreachable.
    """
    # of the desk's threads several may prepare: each holds what it holds by itself
    holder = replace(house.holder, owner=f"{house.holder.owner}/{uuid4().hex[:8]}")
    house = replace(house, holder=holder)
    held = take_request(house.engine, request_id, holder)
    if held is None:
        return
    lease = kept_request(house.engine, request_id, house.holder)
    attempt(lease, lambda: _prepare(house, held), lambda error: _put_off(house, held, error))


def _put_off(house: House, held: HeldRequest, error: StrongroomError) -> Next:
    _log.warning("a request can't go on now", request=str(held.request_id), reason=str(error))
    try:
        due_in_s = backoff_s(held.attempts, house.settings.retry_interval_s)
        prepare_later(house.engine, held, house.holder, due_in_s, error.reason)
    except LeaseLost:
        pass  # cancelled meanwhile, or another's by now
    return NOTHING


def _prepare(house: House, held: HeldRequest) -> Next:
    began = time.monotonic()
    waits_s: list[float] = []
    troubles: list[StrongroomError] = []
    row = find_request(house.engine, held.request_id)
    unsettled = [one for one in row.conversations if one.state in _UNSETTLED] if row else []
    for conversation in unsettled:
        if time.monotonic() - began > _AT_A_TIME_S:
            waits_s.append(0.0)
            break
        try:
            wait_s = _step(house, held, conversation)
        except LeaseLost:
            raise
        except StrongroomError as error:
            # it may concern this conversation only: the others must not wait for it
            troubles.append(error)
            wait_s = backoff_s(held.attempts, house.settings.retry_interval_s)
            conversation_goes_on(
                house.engine,
                held,
                house.holder,
                conversation.conversation_id,
                state=conversation.state,
                cause=error.reason,
                ready_by=None,
            )
        if wait_s is not None:
            waits_s.append(wait_s)
    if troubles:
        _log.warning("a request can't go on now", request=str(held.request_id), reason=str(troubles[0]))
    if waits_s:
        cause = (
            troubles[0].reason if troubles else f"{len(waits_s)} of {len(unsettled)} conversations are not ready yet"
        )
        prepare_later(house.engine, held, house.holder, min(waits_s), cause)
    else:
        _conclude(house, held)
    return NOTHING


def _conclude(house: House, held: HeldRequest) -> None:
    row = find_request(house.engine, held.request_id)
    states = [one.state for one in row.conversations] if row else []
    damaged = states.count("damaged")
    if damaged:
        cause = f"{damaged} of {len(states)} conversations are not what was archived"
    else:
        cause = f"every file was read, hashed and is what was archived: {states.count('ready')} conversations"
    request_prepared(house.engine, held, house.holder, "damaged" if damaged else "ready", cause)


def _step(house: House, held: HeldRequest, conversation: RequestedConversation) -> float | None:
    """Take a conversation's next step; seconds until there may be another, None: it has settled.

    Raises LeaseLost, and the vault's and the ledger's errors.
    """
    conversation_id = conversation.conversation_id
    ids = (house.engine, held, house.holder)
    if not plan_files(*ids, conversation_id):
        conversation_goes_on(
            *ids,
            conversation_id,
            state="preparing",
            cause="it is not archived yet: its manifest is written when all of it stands in the vault",
            ready_by=None,
        )
        return house.settings.retry_interval_s
    if conversation.state == "restoring" and conversation.restore_id is not None:
        status = restore_status(house, conversation.restore_id)
        if status.restore.state == "open":
            return _still_restoring(house, held, conversation_id, status)
        if status.restore.state == "failed":
            _log.error(
                "what was requested can't be brought back",
                request=str(held.request_id),
                conversation=str(conversation_id),
                restore=conversation.restore_id,
                reason=status.restore.cause,
            )
    planned = _planned(house, held, conversation_id)
    size_bytes = sum(one.size_bytes for one in planned.files)
    ready_by = held.now + _OVERHEAD + timedelta(seconds=size_bytes / _BYTES_PER_S)
    conversation_goes_on(
        *ids, conversation_id, state="verifying", cause="its files are being read and hashed", ready_by=ready_by
    )
    found = verify_requested(house, planned)
    if found is None:
        return _restore(house, held, conversation)
    _settle(house, held, conversation_id, found)
    return None


def _settle(house: House, held: HeldRequest, conversation_id: UUID, found: Verification) -> None:
    state = "ready" if found.holds else "damaged"
    conversation_settled(
        house.engine,
        held,
        house.holder,
        conversation_id,
        state=state,
        cause=found.cause,
        found=found.files,
        events=found.events(house.actor, held.request_id),
    )
    for one in found.files:
        if one.state != "verified":
            _log.error(
                "what stands is not what was archived",
                request=str(held.request_id),
                conversation=str(conversation_id),
                object=house.store.where(one.key),
                state=one.state,
                reason=one.cause,
            )


def _restore(house: House, held: HeldRequest, conversation: RequestedConversation) -> float:
    """Have what is cold brought back, by the fleet's own restores, and say when it is expected."""
    conversation_id = conversation.conversation_id
    if conversation.state == "restoring" and conversation.restore_id is not None:
        status = restore_status(house, conversation.restore_id)
        if status.restore.state == "failed" and held.now < status.restore.state_at + timedelta(seconds=_ASK_AGAIN_S):
            # one that failed is for a person: to ask anew every minute would help nobody
            cause = f"it can't be brought back, and is asked for again in an hour: {status.restore.cause}"
            conversation_goes_on(
                house.engine, held, house.holder, conversation_id, state="restoring", cause=cause, ready_by=None
            )
            return _ASK_AGAIN_S
    status = request_restore(
        house,
        conversation_id,
        held.needed_by,
        Actor(held.requester, held.origin),
        held.justification,
        needed_until=held.open_until,
    )
    return _still_restoring(house, held, conversation_id, status)


def _still_restoring(house: House, held: HeldRequest, conversation_id: UUID, status: RestoreStatus) -> float:
    waiting = [each for each in status.restore.objects if each.state in {"needed", "asked"}]
    expected = [each.expected_at for each in waiting if each.expected_at is not None]
    ready_by = max(expected) if expected and len(expected) == len(waiting) else None
    cause = f"{len(waiting)} of {len(status.restore.objects)} objects are being brought back: "
    cause += status.late or (f"expected by {format_instant(ready_by)}" if ready_by else status.restore.cause)
    conversation_goes_on(
        house.engine,
        held,
        house.holder,
        conversation_id,
        state="restoring",
        cause=cause,
        ready_by=ready_by,
        restore_id=status.restore.restore_id,
    )
    # the restore is followed by itself, and by its own clock: here only the ledger is looked at
    return 1.0 if status.restore.state == "ready" else _LOOK_AT_RESTORE_S


def _planned(house: House, held: HeldRequest, conversation_id: UUID) -> RequestedConversation:
    row = find_request(house.engine, held.request_id)
    found = [one for one in row.conversations if one.conversation_id == conversation_id] if row else []
    if not found:
        raise LeaseLost(f"request {held.request_id}")
    return found[0]
