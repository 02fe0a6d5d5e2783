"""What an operator sees of the archive and does with it at the desk: days, the review list by reason, re-queueing."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from strongroom.errors import StrongroomError
from strongroom.house import House
from strongroom.ledger.calendar import DayAtAGlance, days_at_a_glance
from strongroom.ledger.drained import leases_held
from strongroom.ledger.gauges import signs_of_life_shown
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.progress import DayProgress, day_progress, recent_days
from strongroom.ledger.review import ReviewRow, Selection, of_kind, requeue, review_list
from strongroom.legal.access import Principal, Right, require
from strongroom.reasons import ERASED, KINDS, kind_of

MOST_SHOWN = 50
"""Of how many rows of one reason the ids are shown; the command line has them all."""


@dataclass(frozen=True)
class ReasonGroup:
    """What waits for a person for one kind of reason: how many of it, on which days, and the longest waiting."""

    kind: str
    number: int
    days: tuple[date, ...]
    since: datetime
    rows: tuple[ReviewRow, ...]

    @property
    def may_be_requeued(self) -> bool:
        """Whether work brings it to an end; else it is for a person to do something in Genesys."""
        return self.kind != ERASED


@dataclass(frozen=True)
class FleetSeen:
    """What the ledger knows of the fleet: when each sign of life was shown, and how many rows are held by a process."""

    signs: Mapping[str, datetime]
    held: int
    now: datetime


def latest_day(house: House, principal: Principal) -> date | None:
    """The latest day that the archive knows of. Raises Forbidden."""
    require(principal, Right.SEE_PROGRESS)
    return next(iter(recent_days(house.engine, 1)), None)


def calendar(house: House, principal: Principal, first: date, last: date) -> Mapping[date, DayAtAGlance]:
    """The days from first to last. Raises Forbidden, LedgerUnreachable."""
    require(principal, Right.SEE_PROGRESS)
    return days_at_a_glance(house.engine, first, last)


def progress_of(house: House, principal: Principal, day: date) -> DayProgress:
    """How far a day is. Raises Forbidden, LedgerUnreachable."""
    require(principal, Right.SEE_PROGRESS)
    return day_progress(house.engine, day)


def fleet_seen(house: House, principal: Principal) -> FleetSeen:
    """How the fleet looks from the ledger. Raises Forbidden, LedgerUnreachable."""
    require(principal, Right.SEE_PROGRESS)
    return FleetSeen(signs_of_life_shown(house.engine), leases_held(house.engine), database_clock(house.engine))


def review_by_reason(house: House, principal: Principal, day: date | None = None) -> list[ReasonGroup]:
    """The review list, of a day or of all, by the kind of its reasons; the most first. Raises Forbidden."""
    require(principal, Right.SEE_PROGRESS)
    groups: defaultdict[str, list[ReviewRow]] = defaultdict(list)
    for row in review_list(house.engine, Selection(first_day=day, last_day=day)):
        groups[kind_of(row.reason)].append(row)
    found = [
        ReasonGroup(kind, len(rows), tuple(sorted({row.day for row in rows})), rows[0].since, tuple(rows[:MOST_SHOWN]))
        for kind, rows in groups.items()
    ]
    return sorted(found, key=lambda group: (-group.number, group.kind))


def requeue_kind(house: House, principal: Principal, kind: str, day: date | None = None) -> int:
    """Put what waits for this kind of reason, of a day or of all, back to work; how many.

    Raises Forbidden, UnknownReason, LedgerUnreachable.
    """
    require(principal, Right.REQUEUE)
    if kind not in KINDS:
        raise UnknownReason("there is no such kind of reason", where="re-queueing", todo="choose one from the page")
    if kind == ERASED:
        raise UnknownReason(
            "what was erased is not archived again", where="re-queueing", todo="erase it in Genesys too"
        )
    selection = Selection(first_day=day, last_day=day)
    narrowed = of_kind(selection, kind, review_list(house.engine, selection))
    return requeue(house.engine, narrowed, by=principal.actor, deadline_s=house.settings.retry_deadline_s)


class UnknownReason(StrongroomError):
    """No reason that can be re-queued is of that kind."""
