"""Bringing a conversation back by a due time: asked for once, told when it can be read, warned of when late."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from strongroom.actor import Actor
from strongroom.errors import StrongroomError, Unreachable
from strongroom.house import House
from strongroom.ledger.custody import NewEvent
from strongroom.ledger.due import claim_restores
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_restore
from strongroom.ledger.restore_objects import RestoreObject, object_failed, objects_of_restore
from strongroom.ledger.restores import (
    HeldRestore,
    follow_later,
    open_restore,
    restore_row,
    settle_restore,
    take_restore,
)
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.failures import backoff_s
from strongroom.pipeline.outcomes import NOTHING, Next
from strongroom.pipeline.restore_outlook import (
    WATCH_S,
    RestoreStatus,
    is_given_up,
    lateness,
    next_look_s,
    pause_after_s,
    readable_until,
    status_of,
)
from strongroom.pipeline.restore_step import bring_back
from strongroom.times import format_instant
from strongroom.vault.errors import NotStored
from strongroom.vault.restore import NotRestorable

GRACE = timedelta(days=1)
"""How long after the due time what was brought back stays readable."""
MESSAGE_S = 120.0
"""How long a message may be under way in the restore queue before it counts as lost: a due time doesn't wait."""

_log = structlog.get_logger()


def request_restore(
    house: House,
    conversation_id: UUID,
    needed_by: datetime,
    requester: Actor,
    reason: str | None,
    *,
    needed_until: datetime | None = None,
) -> RestoreStatus:
    """Ask for every object of a conversation to be readable by `needed_by`, and begin at once; how it stands then.

    It stays readable until `needed_until`, a day after `needed_by` where nobody says otherwise.
    A request for a conversation that is being restored joins that restore. What the fleet holds just now, it goes on
    with; what can't be reached now, it tries again. Raises NothingToRestore, LedgerUnreachable.
    """
    restore_id = open_restore(
        house.engine,
        conversation_id,
        needed_by=needed_by,
        needed_until=needed_until or needed_by + GRACE,
        requester=requester,
        reason=reason,
    )
    follow_restore(house, restore_id)
    return restore_status(house, restore_id)


def restore_status(house: House, restore_id: int) -> RestoreStatus:
    """How a restore stands, by the ledger. Raises UnknownRestore, LedgerUnreachable."""
    return status_of(restore_row(house.engine, restore_id), house.tiers.prices)


def restores_due(house: House) -> list[int]:
    """Restores that must be looked at now and that nobody was told of lately."""
    return claim_restores(house.engine, MESSAGE_S, house.settings.sweep_batch)


def follow_restore(house: House, restore_id: int) -> None:
    """Look at every object of a restore, ask for what must be asked for, and say how it stands and what follows.

    Does nothing when it is not due, over, or held by another.
    """
    held = take_restore(house.engine, restore_id, house.holder)
    if held is None:
        return
    lease = kept_restore(house.engine, restore_id, house.holder)
    attempt(lease, lambda: _follow(house, held), lambda error: _put_off(house, held, error))


def _follow(house: House, held: HeldRestore) -> Next:
    objects = objects_of_restore(house.engine, held.restore_id)
    if held.now >= held.needed_until and all(each.state == "readable" for each in objects):
        settle_restore(house.engine, held, house.holder, "ended", "it is not needed any more")
        return NOTHING
    troubles: list[StrongroomError] = []
    for each in objects:
        if each.state == "failed":
            continue
        try:
            bring_back(house, held, each)
        except (NotStored, NotRestorable) as error:
            object_failed(house.engine, held.restore_id, house.holder, each.key, error.reason)
        except LeaseLost:
            raise
        except Unreachable as error:
            troubles.append(error)
            break
        except StrongroomError as error:
            # a refusal may concern one object only: the others must not wait for it
            troubles.append(error)
    return _conclude(house, held, troubles)


def _put_off(house: House, held: HeldRestore, error: StrongroomError) -> Next:
    return _conclude(house, held, [error])


def _conclude(house: House, held: HeldRestore, troubles: Sequence[StrongroomError]) -> Next:
    """Say how the restore stands, once every object was looked at, and when it is looked at again."""
    engine, holder, prices = house.engine, house.holder, house.tiers.prices
    objects = objects_of_restore(engine, held.restore_id)
    waiting = [each for each in objects if each.state in {"needed", "asked"}]
    late = lateness(prices, held.needed_by, held.now, objects, troubles)
    if late is not None and held.warned_at is None:
        _log.error(
            "a restore will not be in time",
            restore=held.restore_id,
            conversation=str(held.conversation_id),
            needed_by=format_instant(held.needed_by),
            reason=late,
        )
    if troubles:
        _log.warning("a restore can't go on now", restore=held.restore_id, reason=str(troubles[0]))
    if not waiting and not troubles and late is None:
        until = readable_until(objects)
        cause = "every object can be read" + (f" until {format_instant(until)}" if until else "")
        # what was ready before has been told of
        news = [_event(house, held, objects, "readable", cause)] if held.state == "open" else []
        due_in_s = next_look_s(held.now, WATCH_S, [held.needed_until, until])
        follow_later(engine, held, holder, due_in_s, cause, state="ready", events=news)
    elif (not waiting and not troubles) or (waiting and is_given_up(held.needed_until, held.now, GRACE, waiting)):
        cause = late or "given up: it is not needed any more"
        settle_restore(engine, held, holder, "failed", cause, [_event(house, held, objects, "failed", cause)])
    else:
        readable = len(objects) - len(waiting)
        cause = late or (troubles[0].reason if troubles else f"{readable} of {len(objects)} objects can be read")
        # nothing asked for and no trouble: a request joined meanwhile, and its objects are next
        pauses_s = [pause_after_s(prices, each) for each in waiting if each.state == "asked"]
        if troubles:
            pauses_s.append(backoff_s(held.attempts, house.settings.retry_interval_s))
        moments = [held.needed_by, *(each.expected_at for each in waiting)]
        due_in_s = next_look_s(held.now, min(pauses_s, default=0.0), moments)
        follow_later(engine, held, holder, due_in_s, cause, late=late is not None)
    return NOTHING


def _event(house: House, held: HeldRestore, objects: Sequence[RestoreObject], step: str, reason: str) -> NewEvent:
    readable = sum(each.state == "readable" for each in objects)
    return NewEvent(
        act="restored",
        actor=house.actor,
        conversation_id=held.conversation_id,
        reason=reason,
        details={"step": step, "restore": held.restore_id, "objects": len(objects), "readable": readable},
    )
