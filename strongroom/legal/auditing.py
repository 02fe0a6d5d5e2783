"""What an auditor looks through: the custody events of all records."""

from dataclasses import dataclass, replace

from strongroom.evidence.custody import CustodyEvent, read_line
from strongroom.house import House
from strongroom.ledger.custody import CustodyRow
from strongroom.ledger.custody_search import CustodyFilter, search_events
from strongroom.ledger.divisions import known_of
from strongroom.legal.access import Principal, Right, require

__all__ = ["CustodyFilter", "EventPage", "events"]

PAGE_SIZE = 50
_BATCHES = 20
"""How often a principal of few divisions is read on for: a page may stay short of what there is, never beyond it."""


@dataclass(frozen=True)
class EventPage:
    """Events, the latest first. `before` is where the next page begins, None at the end of what was asked for."""

    events: tuple[CustodyEvent, ...]
    before: int | None


def events(house: House, principal: Principal, wanted: CustodyFilter) -> EventPage:
    """A page of custody events; of records in other divisions than the principal's, and of no record, none.

    Raises Forbidden, ProofRefused when a line in the ledger is none, LedgerUnreachable.
    """
    require(principal, Right.SEE_CUSTODY)
    found: list[CustodyRow] = []
    for _ in range(_BATCHES):
        rows = search_events(house.engine, wanted, PAGE_SIZE + 1)
        found += _allowed(house, principal, rows)
        if len(found) > PAGE_SIZE:
            return EventPage(_read(found[:PAGE_SIZE]), found[PAGE_SIZE - 1].position)
        if len(rows) <= PAGE_SIZE:
            return EventPage(_read(found), None)
        wanted = replace(wanted, before=rows[-1].position)
    return EventPage(_read(found), wanted.before)


def _allowed(house: House, principal: Principal, rows: list[CustodyRow]) -> list[CustodyRow]:
    if principal.divisions is None:
        return rows
    named = [row.conversation_id for row in rows if row.conversation_id is not None]
    known = known_of(house.engine, named, principal.divisions)
    return [row for row in rows if row.conversation_id in known]


def _read(rows: list[CustodyRow]) -> tuple[CustodyEvent, ...]:
    return tuple(read_line(row.line, f"custody event {row.position}") for row in rows)
