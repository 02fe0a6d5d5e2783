"""Gathering conversations into a batch download: a hundred of them for a few requests.

A batch is submitted, then recorded with the decision about each of its conversations in one transaction. A worker lost
in between leaves nothing behind but a job in Genesys that nobody reads: its conversations are gathered again.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.analytics import conversations_again
from strongroom.genesys.batches import submit_batch
from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.errors import CredentialsRefused, GenesysRefused
from strongroom.house import House
from strongroom.ledger.batches import Gathered, list_all_instead, list_instead, record_batch, take_for_batch
from strongroom.ledger.conversations import (
    HeldConversation,
    expire_conversation,
    postpone_conversation,
    send_conversation_to_review,
)
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_conversations
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.capture import as_decided, decide, expired, names_document
from strongroom.pipeline.failures import Review, Unexpected, given_up, verdict
from strongroom.pipeline.outcomes import NOTHING, Next
from strongroom.pipeline.policy_document import document_sha256

_log = structlog.get_logger()


def gather_batch(house: House, *, background: bool = False) -> Next:
    """Take what is due, decide the retention of each, and ask for all their recordings at once; it is followed later.

    What back-fills found (`background`) is gathered apart from what a night waits for.
    """
    held = take_for_batch(house.engine, house.holder, house.settings.batch_size, background=background)
    if not held:
        return NOTHING
    if background:
        house = house.in_background()
    lease = kept_conversations(house.engine, [one.ref for one in held], house.holder)
    return attempt(lease, lambda: _gather(house, held), lambda error: _put_off(house, held, error))


def _gather(house: House, held: Sequence[HeldConversation]) -> Next:
    gathered = [Gathered(one) for one in held if one.decided is not None]
    quiet = _quiet_records(house, [one for one in held if one.decided is None])
    house.names.learn(conversation for _, conversation in quiet)
    for one, conversation in quiet:
        decided = _decided(house, one, conversation)
        if decided is not None:
            gathered.append(decided)
    if not gathered:
        return NOTHING
    settings = house.settings
    ids = [str(one.held.ref.conversation_id) for one in gathered]
    try:
        client, job_id = house.pool.ask(lambda client: submit_batch(client, ids))
    except CredentialsRefused:
        raise
    except GenesysRefused as error:
        return _singly(house, gathered, error)
    batch_id = record_batch(
        house.engine,
        gathered,
        house.holder,
        client_id=client.client_id,
        job_id=job_id,
        due_in_s=settings.batch_first_look_s,
        deadline_s=settings.batch_deadline_s,
        conversation_deadline_s=settings.retry_deadline_s,
    )
    _log.info("batch submitted", batch=batch_id, conversations=len(gathered))
    return NOTHING


def _singly(house: House, gathered: Sequence[Gathered], error: GenesysRefused) -> Next:
    """Genesys takes no batch of these, and no retry helps: each is asked for by itself, which may be allowed."""
    _log.error("batch refused", conversations=len(gathered), reason=str(error))
    unlisted = list_all_instead(
        house.engine,
        gathered,
        house.holder,
        f"to be listed by itself, a batch of it was refused: {error.reason}",
        conversation_deadline_s=house.settings.retry_deadline_s,
    )
    return Next(unlisted=unlisted)


def _decided(house: House, held: HeldConversation, conversation: Conversation) -> Gathered | None:
    """The conversation with its decision; None where it can't be archived, and why not is on its row."""
    try:
        names = house.names.behind(conversation)
        decision = decide(house, conversation, names, held)
        if decision.retain_until <= held.taken_at:
            expire_conversation(
                house.engine, held, house.holder, as_decided(decision, document_sha256(house.policy)), expired(decision)
            )
            return None
        document = names_document(names, house.names.organisation())
    except LeaseLost:
        return None
    except StrongroomError as error:
        _put_off(house, [held], error)
        return None
    except Exception as error:  # noqa: BLE001  # one that can't be handled must not block the other ninety-nine
        _put_off(house, [held], Unexpected(error))
        return None
    return Gathered(held, conversation.raw, as_decided(decision, document_sha256(house.policy)), document)


def _quiet_records(house: House, held: Sequence[HeldConversation]) -> list[tuple[HeldConversation, Conversation]]:
    """Each conversation as it is after its quiet time; those found before that are read again together."""
    quiet_s = timedelta(seconds=house.settings.quiet_s)
    parsed = list(_parsed(house, held))
    early = [conversation for one, conversation in parsed if one.first_seen_at < one.conversation_end + quiet_s]
    now = conversations_again(house.genesys, early) if early else {}
    records = []
    for one, conversation in parsed:
        again = now.get(conversation.conversation_id)
        # one that was re-opened meanwhile is found again by its new end
        same = again is not None and again.ended_at == conversation.ended_at
        records.append((one, again if same and again is not None else conversation))
    return records


def _parsed(house: House, held: Sequence[HeldConversation]) -> Iterator[tuple[HeldConversation, Conversation]]:
    for one in held:
        try:
            yield one, parse_conversation(one.record)
        except StrongroomError as error:
            _put_off(house, [one], error)


def _put_off(house: House, held: Sequence[HeldConversation], error: StrongroomError) -> Next:
    """All of them later again, together; what no retry can help, or whose deadline is over, goes another way."""
    _log.warning("batch put off", conversations=len(held), reason=str(error))
    attempts = max(one.attempts for one in held)
    decided = verdict(error, attempts=attempts, retry_interval_s=house.settings.retry_interval_s)
    due_in_s = house.settings.retry_interval_s if isinstance(decided, Review) else decided.due_in_s
    lost_s = due_in_s if not isinstance(decided, Review) and decided.ours else 0
    for one in held:
        with suppress(LeaseLost):
            overdue = one.taken_at >= one.deadline_at
            no_more = isinstance(decided, Review) or (
                not decided.ours and given_up(error, overdue=overdue, attempts=one.attempts)
            )
            if one.decided is not None and (no_more or overdue):
                list_instead(house.engine, one, house.holder, error.reason)
            elif no_more:
                send_conversation_to_review(house.engine, one, house.holder, error.reason)
            else:
                postpone_conversation(house.engine, one, house.holder, due_in_s, error.reason, lost_s=lost_s)
    return NOTHING
