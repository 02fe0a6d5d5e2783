"""Near-real-time: what ended in the last half hour, of the classes whose records must not wait for the night.

It is the night's own way, begun early: the same query, the same rows in the ledger, the same quiet time. The day's run
comes after it, finds these done, and they are sealed with their day.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from strongroom.genesys.analytics import Page, ended_since
from strongroom.house import House
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.capture import facts_of
from strongroom.pipeline.enumerate import Ends, log_invalid, record_page
from strongroom.retention.classes import Capture
from strongroom.retention.classify import classify
from strongroom.times import day_of, days_between

LOOK_BACK = timedelta(minutes=30)
"""How long after its end a conversation is looked for here; what Genesys shows later is the night's."""
_STARTED = timedelta(days=1)
"""How long before its end it may have begun: the query goes by start-days. Threads of days are the night's."""


def wanted(house: House) -> bool:
    """Whether a class of the policy asks for it."""
    return any(each.capture is Capture.NEAR_REAL_TIME for each in house.policy.classes)


def capture_recent(house: House, now: datetime) -> Iterator[list[ConversationRef]]:
    """Record what ended lately in such a class, page by page; each page's new ones that are due already.

    The others become due when they have been quiet for long enough. Raises what the client raises: it is tried again
    at the next turn, and the night doesn't need it.
    """
    since = now - LOOK_BACK
    ends = Ends(since, now + LOOK_BACK, frozenset(days_between(day_of(since), day_of(now))))
    if house.settings.start_day is not None:
        ends = replace(ends, days=frozenset(day for day in ends.days if day >= house.settings.start_day))
    for start_day in days_between(day_of(since - _STARTED), day_of(now)):
        for page in ended_since(house.genesys, start_day, since, reach=house.settings.query_reach):
            log_invalid(start_day, page)
            yield record_page(house, ends.found(_in_classes(house, page, since)))


def _in_classes(house: House, page: Page, since: datetime) -> Page:
    """Of a page the conversations that ended since then and that a class asks for."""
    asked_for = []
    for one in page.conversations:
        if one.ended_at is None or one.ended_at < since:
            continue
        facts = facts_of(one, house.names.behind(one))
        if classify(house.policy, facts, one.ended_at).capture is Capture.NEAR_REAL_TIME:
            asked_for.append(one)
    return replace(page, conversations=asked_for)
