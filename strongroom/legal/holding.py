"""The work of holding: what matters look for is found, and the store is made to agree with them.

Due work like any other: leased, repeatable, and killed at any line without harm. Only a process that has the records
manager's credentials can do it: to the fleet's workers and to the desk the store refuses `PutObjectLegalHold`.
"""

import time
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID, uuid4

import structlog

from strongroom.errors import StrongroomError, Unreachable
from strongroom.house import House
from strongroom.ledger.due import claim_hold_work, claim_matter_searches
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_hold_work, kept_matter_search
from strongroom.ledger.hold_searches import HeldSearch, look_later, look_on, take_search
from strongroom.ledger.hold_work import (
    HoldWork,
    ToChange,
    give_back,
    hold_later,
    intend_hold,
    is_held,
    record_hold,
    settle_hold,
    take_hold_work,
    to_change,
)
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.failures import backoff_s
from strongroom.pipeline.outcomes import NOTHING, Next
from strongroom.vault.hold import set_hold

MESSAGE_S = 120.0
"""How long a message may be under way in the queue before it counts as lost."""
_LOOK_S = 1_200.0  # a task ends well before its time limit: what is left is the next message's

_ROUNDS = 10  # of one message: each ends because something changed meanwhile

_log = structlog.get_logger()


@dataclass(frozen=True)
class HoldsDue:
    """What nobody holds and nobody was told of lately."""

    searches: list[int]
    conversations: list[UUID]


def holds_due(house: House) -> HoldsDue:
    """Searches to be looked through, and conversations of which the store is to be told. Raises LedgerUnreachable."""
    batch = house.settings.sweep_batch
    return HoldsDue(
        claim_matter_searches(house.engine, MESSAGE_S, batch), claim_hold_work(house.engine, MESSAGE_S, batch)
    )


def look_through(house: House, search_id: int, *, at_most_s: float = _LOOK_S) -> None:
    """Let a matter hold what is archived and found by its search, until it is through or its time is up.

    Asks the ledger alone. Does nothing when it is done, or another is at it.
    """
    house = _by_itself(house)
    held = take_search(house.engine, search_id, house.holder)
    if held is None:
        return
    lease = kept_matter_search(house.engine, search_id, house.holder)
    attempt(lease, lambda: _look_through(house, held, at_most_s), lambda error: _look_later(house, held, error))


def apply_hold(house: House, conversation_id: UUID) -> None:
    """Make the store agree with the matters for one conversation: every version of every revision's objects.

    Does nothing when another is at it, or nothing is due. Cut off anywhere it is simply done again.
    """
    house = _by_itself(house)
    for _ in range(_ROUNDS):
        work = take_hold_work(house.engine, conversation_id, house.holder)
        if work is None:
            return
        lease = kept_hold_work(house.engine, conversation_id, house.holder)
        attempt(lease, partial(_apply, house, work), partial(_apply_later, house, work))


def _by_itself(house: House) -> House:
    # of the desk's threads several may be at work: each holds what it holds by itself
    return replace(house, holder=replace(house.holder, owner=f"{house.holder.owner}/{uuid4().hex[:8]}"))


def _look_through(house: House, held: HeldSearch, at_most_s: float) -> Next:
    began, going_on = time.monotonic(), look_on(house.engine, held, house.holder)
    while going_on is not None:
        if time.monotonic() - began > at_most_s:
            look_later(house.engine, going_on, house.holder, 0.0, "it is being looked through")
            return NOTHING
        going_on = look_on(house.engine, going_on, house.holder)
    return NOTHING


def _look_later(house: House, held: HeldSearch, error: StrongroomError) -> Next:
    _log.warning("a matter's search can't go on now", search=held.search_id, reason=str(error))
    try:
        due_in_s = backoff_s(held.attempts, house.settings.retry_interval_s)
        look_later(house.engine, held, house.holder, due_in_s, error.reason)
    except LeaseLost:
        pass  # the matter was released meanwhile, or it is another's by now
    return NOTHING


def _apply(house: House, work: HoldWork) -> Next:
    troubles: list[StrongroomError] = []
    try:
        for one in to_change(house.engine, work):
            # as late as can be: who was paused must not lift what has been placed since
            intend_hold(house.engine, work, house.holder, one)
            try:
                _tell(house, work, one)
            except Unreachable:
                raise
            except StrongroomError as error:
                # it may concern this object only: the others must not wait for it
                troubles.append(error)
            else:
                record_hold(house.engine, work, house.holder, one)
        if not troubles:
            settle_hold(house.engine, work, house.holder)
    except LeaseLost:
        give_back(house.engine, work, house.holder)
        raise
    if troubles:
        raise troubles[0]
    return NOTHING


def _tell(house: House, work: HoldWork, one: ToChange) -> None:
    set_hold(house.store, one.key, one.version_id, on=work.held)
    if not work.held and is_held(house.engine, work.conversation_id):
        # placed between our look and the store's answer: what was lifted is put back at once
        set_hold(house.store, one.key, one.version_id, on=True)


def _apply_later(house: House, work: HoldWork, error: StrongroomError) -> Next:
    log = _log.error if work.held else _log.warning
    log("a legal hold can't be set now", conversation=str(work.conversation_id), held=work.held, reason=str(error))
    try:
        due_in_s = backoff_s(work.attempts, house.settings.retry_interval_s)
        hold_later(house.engine, work, house.holder, due_in_s, error.reason)
    except LeaseLost:
        pass  # the matters have changed meanwhile, or it is another's by now
    return NOTHING
