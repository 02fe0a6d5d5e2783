"""The next step for one object of a restore: see how it stands, and ask for it if it must be asked for.

What the store says decides, at every look; the ledger only remembers. So it is harmless when two follow a restore, when
one dies between the request and its record, and when somebody else restores the same object.
"""

import math
from datetime import timedelta

from strongroom.errors import Misconfigured, StrongroomError, Unreachable
from strongroom.house import House
from strongroom.ledger.restore_objects import (
    RestoreObject,
    object_asked,
    object_not_asked,
    object_readable,
    object_under_way,
)
from strongroom.ledger.restores import HeldRestore
from strongroom.pipeline.restore_outlook import WATCH_S, time_words
from strongroom.vault.prices import Restore, StorageClass
from strongroom.vault.restore import Asked, Readability, TierNotAvailable, ask, look
from strongroom.vault.retrieval import choose_tier, margin_s


def bring_back(house: House, held: HeldRestore, each: RestoreObject) -> None:
    """Take the next step for one object of a restore that is held.

    Raises NotStored and NotRestorable when no retry can help; what else the store refuses, VaultUnreachable, LeaseLost.
    """
    found = look(house.store, each.key, each.version_id)
    if found.readable(held.now) and _lapses_too_soon(held, found):
        _extend(house, held, each, found)
        found = look(house.store, each.key, each.version_id)
    if found.readable(held.now):
        object_readable(
            house.engine, held.restore_id, house.holder, each.key, found.storage_class, found.readable_until
        )
    elif found.under_way:
        _speed_up(house, held, each, _storage_class(house, found))
    else:
        _ask(house, held, each, _storage_class(house, found))


def _lapses_too_soon(held: HeldRestore, found: Readability) -> bool:
    """Whether it could not be read any more, while it is needed, before it is looked at again."""
    next_look = held.now + timedelta(seconds=WATCH_S)
    return found.readable_until is not None and found.readable_until < min(held.needed_until, next_look)


def _extend(house: House, held: HeldRestore, each: RestoreObject, found: Readability) -> None:
    """Keep a copy for longer: only the request is billed, so the cheapest tier will do."""
    choice = choose_tier(_storage_class(house, found), each.size_bytes, math.inf)
    if choice is not None:
        ask(house.store, each.key, each.version_id, tier=choice.restore.tier, days=_days(held))


def _ask(
    house: House, held: HeldRestore, each: RestoreObject, storage_class: StorageClass, under_way: Restore | None = None
) -> None:
    """Ask for an object by the tier that makes it; where it is under way by one, only by a faster one."""
    seconds_left = (held.needed_by - held.now).total_seconds()
    refused: dict[str, StrongroomError] = {}
    while choice := choose_tier(storage_class, each.size_bytes, seconds_left, refused):
        restore = choice.restore
        if under_way is not None and restore.minutes_at_most >= under_way.minutes_at_most:
            return
        cause = f"asked for by {restore.tier}, which takes {time_words(restore.minutes_at_most)} at most"
        cause += "".join(f"; {error.what}" for error in refused.values())
        try:
            _ask_by(house, held, each, storage_class, restore, cause, is_under_way=under_way is not None)
        except TierNotAvailable as error:
            refused[restore.tier] = error
        else:
            return
    raise next(iter(refused.values()))


def _ask_by(
    house: House,
    held: HeldRestore,
    each: RestoreObject,
    storage_class: StorageClass,
    restore: Restore,
    cause: str,
    *,
    is_under_way: bool,
) -> None:
    """Send one request, recorded before it is sent: should this process die in between, the next look knows the tier.

    Raises TierNotAvailable and what else the store refuses; how the object was asked for before holds then.
    """
    # what is under way S3 speeds up for the same days only
    days = each.days if is_under_way and each.days is not None else _days(held)
    ids = (house.engine, held.restore_id, house.holder)
    object_asked(
        *ids,
        each.key,
        storage_class=storage_class.name,
        tier=restore.tier,
        days=days,
        expected_in_s=restore.minutes_at_most * 60,
        cause=cause,
    )
    try:
        asked = ask(house.store, each.key, each.version_id, tier=restore.tier, days=days)
    except Unreachable:
        raise  # it may have begun: the next look tells
    except StrongroomError as error:
        object_not_asked(*ids, each, error.reason, state="asked" if is_under_way else "needed")
        raise
    if asked is Asked.UNDER_WAY and is_under_way:
        object_not_asked(*ids, each, each.cause, state="asked")


def _speed_up(house: House, held: HeldRestore, each: RestoreObject, storage_class: StorageClass) -> None:
    """Ask for what is under way by a faster tier, when it can't be expected in time any more and one could make it."""
    slowest = max(storage_class.restores, key=lambda restore: restore.minutes_at_most)
    restore = next((one for one in storage_class.restores if one.tier == each.tier), slowest)
    if each.state != "asked" or each.expected_at is None:
        object_under_way(
            house.engine,
            held.restore_id,
            house.holder,
            each.key,
            storage_class.name,
            expected_in_s=restore.minutes_at_most * 60,
        )
        expected_at = held.now + timedelta(minutes=restore.minutes_at_most)
    else:
        expected_at = each.expected_at
    if expected_at <= held.now or expected_at + timedelta(seconds=margin_s(restore)) > held.needed_by:
        _ask(house, held, each, storage_class, restore)


def _storage_class(house: House, found: Readability) -> StorageClass:
    storage_class = house.tiers.prices.storage_classes.get(found.storage_class)
    if storage_class is None or not storage_class.restores:
        raise Misconfigured(
            f"the tiers file has no restores for {found.storage_class}, where objects stand",
            where=house.tiers.file,
            todo=f"add storage class {found.storage_class} under storage_classes",
        )
    return storage_class


def _days(held: HeldRestore) -> int:
    return max(1, math.ceil((held.needed_until - held.now) / timedelta(days=1)))
