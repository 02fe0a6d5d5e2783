"""Following a batch download: what it has given so far is fanned out, and at its end each conversation is checked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.batches import BatchResult, batch_status
from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.errors import CredentialsRefused, GenesysRefused, RateLimited
from strongroom.genesys.pool import ClientNotConfigured
from strongroom.house import House
from strongroom.ledger.batch_results import record_results
from strongroom.ledger.batches import (
    HeldBatch,
    Released,
    Waiting,
    end_batch,
    postpone_batch,
    take_batch,
    waiting_for,
)
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_batch
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.batch_check import found_recordings, has_all
from strongroom.pipeline.failures import Retry, verdict
from strongroom.pipeline.outcomes import NOTHING, Next

MOST_ASKS = 2
"""How many batches a conversation is in before it is listed singly: what was late by minutes costs no more then."""
_GROWTH = 1.5

_log = structlog.get_logger()


def follow_batch(house: House, batch_id: int) -> Next:
    """Look at a batch once; next are recordings to be fetched, manifests that are due, or another look later."""
    batch = take_batch(house.engine, batch_id, house.holder)
    if batch is None:
        return NOTHING
    lease = kept_batch(house.engine, batch_id, house.holder)
    return attempt(lease, lambda: _look(house, batch), lambda error: _after_error(house, batch, error))


def pause_s(looks: int, first_s: float, longest_s: float) -> float:
    """How long until the next look: half as long again after each, up to the longest."""
    return min(first_s * _GROWTH ** min(looks, 50), longest_s)


def _look(house: House, batch: HeldBatch) -> Next:
    waiting = waiting_for(house.engine, batch.batch_id)
    if not waiting:
        end_batch(house.engine, batch, house.holder, "done", "nothing waits for it")
        return NOTHING
    status = batch_status(house.pool.of(batch.client_id), batch.job_id)
    conversations = {one.ref: parse_conversation(one.record) for one in waiting}
    results = _by_conversation(conversations, status.results)
    recordings = record_results(
        house.engine,
        batch.batch_id,
        {ref: found_recordings(conversations[ref], of_it) for ref, of_it in results.items()},
        deadline_s=house.settings.retry_deadline_s,
    )
    if status.is_done:
        released = _end(house, batch, waiting, conversations, results)
    elif batch.taken_at >= batch.deadline_at:
        released = _give_up(house, batch, f"given up: {status.ready} of {status.expected} results in time")
    else:
        _later(house, batch, f"{status.ready} of {status.expected} results so far")
        return Next(recordings=recordings)
    return Next(recordings=recordings, captured=released.captured, unlisted=released.unlisted)


def _end(
    house: House,
    batch: HeldBatch,
    waiting: Sequence[Waiting],
    conversations: Mapping[ConversationRef, Conversation],
    results: Mapping[ConversationRef, Sequence[BatchResult]],
) -> Released:
    known = [one.ref for one in waiting if has_all(conversations[one.ref], results.get(one.ref, ()))]
    again = [one.ref for one in waiting if one.ref not in set(known) and one.asks < MOST_ASKS]
    _log.info("batch done", batch=batch.batch_id, conversations=len(waiting), differ=len(waiting) - len(known))
    return end_batch(
        house.engine,
        batch,
        house.holder,
        "done",
        f"{len(known)} of {len(waiting)} conversations are complete",
        known=known,
        again=again,
        again_in_s=house.settings.retry_interval_s,
    )


def _give_up(house: House, batch: HeldBatch, cause: str) -> Released:
    _log.warning("batch given up", batch=batch.batch_id, reason=cause)
    return end_batch(house.engine, batch, house.holder, "given up", cause)


def _after_error(house: House, batch: HeldBatch, error: StrongroomError) -> Next:
    """Another look later; what is refused, or lasts until the deadline, ends the batch: its conversations go singly.

    An outage, a credential or an allowance moves the deadline: the batch is there still, and asking singly costs a
    hundred times as much.
    """
    refused = isinstance(error, GenesysRefused | ClientNotConfigured) and not isinstance(error, CredentialsRefused)
    decided = verdict(error, attempts=batch.attempts, retry_interval_s=house.settings.retry_interval_s)
    passing = isinstance(decided, Retry) and decided.ours
    try:
        if refused or (not passing and batch.taken_at >= batch.deadline_at):
            return Next(unlisted=_give_up(house, batch, error.reason).unlisted)
        at_least_s = error.retry_after_s if isinstance(error, RateLimited) else 0.0
        _later(house, batch, error.reason, at_least_s=at_least_s, lost=passing)
    except LeaseLost:
        pass
    return NOTHING


def _later(house: House, batch: HeldBatch, cause: str, *, at_least_s: float = 0.0, lost: bool = False) -> None:
    settings = house.settings
    due_in_s = max(pause_s(batch.attempts, settings.batch_first_look_s, settings.batch_longest_pause_s), at_least_s)
    if not lost:
        left_s = (batch.deadline_at - batch.taken_at).total_seconds()
        due_in_s = min(due_in_s, max(left_s, 1.0))
    postpone_batch(house.engine, batch, house.holder, due_in_s, cause, lost_s=due_in_s if lost else 0)


def _by_conversation(
    conversations: Mapping[ConversationRef, Conversation], results: Sequence[BatchResult]
) -> dict[ConversationRef, list[BatchResult]]:
    """The results of each conversation that waits for them."""
    refs = {str(ref.conversation_id): ref for ref in conversations}
    found: defaultdict[ConversationRef, list[BatchResult]] = defaultdict(list)
    for result in results:
        ref = refs.get(result.conversation_id)
        if ref is not None:
            found[ref].append(result)
    return found
