"""Legal holds by matter: who places what and why, who asks for a release, and which second person approves it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from strongroom.house import House
from strongroom.ledger import matters as rows
from strongroom.ledger.divisions import known_of
from strongroom.ledger.engine import transaction
from strongroom.ledger.holds import held_by
from strongroom.ledger.matters import HoldRecord, MatterRow, MatterSearch, NewHold
from strongroom.legal.access import Forbidden, NotThere, Principal, Right, require
from strongroom.legal.asking import require_justification, require_matter, require_name, require_reason
from strongroom.legal.errors import Misuse, NotNow
from strongroom.legal.holding import look_through
from strongroom.legal.search import SearchQuery, sought

__all__ = [
    "HoldRecord",
    "MatterRow",
    "MatterSearch",
    "PlacedHold",
    "all_matters",
    "approve",
    "ask_release",
    "may_decide",
    "named",
    "names_holding",
    "place",
    "read",
    "records",
    "refuse",
]

MOST_NAMED = 10_000
"""Conversations that are named at once; a longer list is placed in parts, for the same matter."""
MOST_LISTED = 500
_LOOK_AT_ONCE_S = 5.0


@dataclass(frozen=True)
class PlacedHold:
    """The matter after placing. `new` counts the named conversations that it did not hold before.

    `not_there` are those of the named that the archive does not have: who sees all divisions has them held all the
    same, from the moment on that they are archived (`awaited`); for others they are left out.
    """

    matter: MatterRow
    new: int
    not_there: tuple[UUID, ...]
    awaited: bool


def place(
    house: House,
    principal: Principal,
    name: str,
    reason: str,
    *,
    conversations: Sequence[UUID] = (),
    query: SearchQuery | None = None,
    requester: str | None = None,
) -> PlacedHold:
    """Hold conversations for a matter, a new one or one that is open: those that are named, and with a query all that
    it finds, now and as long as the matter holds. The store is told by whoever may (`legal.holding`).

    Raises Forbidden, Misuse, NotNow when the matter is not open any more, NotThere when none of the named is there,
    LedgerUnreachable.
    """
    require(principal, Right.HOLD)
    name, why = require_matter(name), require_justification(reason)
    whom = require_name(requester, principal.name) or principal.name
    wanted = tuple(dict.fromkeys(conversations))
    if not wanted and query is None:
        raise Misuse("nothing is to be held", where=f"matter {name}", todo="name conversations, or give a search")
    if len(wanted) > MOST_NAMED:
        raise Misuse(
            f"{len(wanted):,} conversations are named",
            where=f"matter {name}",
            todo=f"place {MOST_NAMED:,} at a time, for the same matter",
        )
    looked_for = None if query is None else sought(house, principal, query)
    known = known_of(house.engine, wanted, principal.divisions)
    sees_all = principal.divisions is None
    if wanted and not known and looked_for is None and not sees_all:
        raise _not_there("conversation")
    new = NewHold(
        name=name,
        name_key=_key(name),
        reason=why,
        requester=whom,
        conversations=tuple(one for one in wanted if sees_all or one in known),
        sought=looked_for,
    )
    placed = rows.place(house.engine, new, principal.actor)
    if placed is None:
        raise NotNow(
            "the matter is not open any more: its release is asked for, or it was released",
            where=f"matter {name}",
            todo="have the release refused, or place the hold for a matter of another name",
        )
    if placed.search_id is not None:
        # what takes longer goes on in the queue `records`
        look_through(house, placed.search_id, at_most_s=_LOOK_AT_ONCE_S)
    return PlacedHold(
        _read(house, principal, placed.matter_id),
        placed.new,
        tuple(one for one in wanted if one not in known),
        sees_all,
    )


def ask_release(house: House, principal: Principal, matter_id: UUID, reason: str) -> MatterRow:
    """Ask for a matter to be released; it holds until a second person has approved.

    Raises Forbidden, NotThere, Misuse, NotNow, LedgerUnreachable.
    """
    require(principal, Right.HOLD)
    row = _whole(house, principal, matter_id)
    if not rows.ask_release(house.engine, matter_id, require_reason(reason), principal.actor):
        raise _not_now(house, principal, row, "asked to be released")
    return _read(house, principal, matter_id)


def approve(house: House, principal: Principal, matter_id: UUID) -> MatterRow:
    """Release a matter, as another than who asked for it. What another matter holds stays held.

    Raises Forbidden, NotThere, NotNow, LedgerUnreachable.
    """
    row = _to_decide(house, principal, matter_id)
    if not rows.approve_release(house.engine, matter_id, principal.actor):
        raise _not_now(house, principal, row, "released")
    return _read(house, principal, matter_id)


def refuse(house: House, principal: Principal, matter_id: UUID, reason: str) -> MatterRow:
    """Let a matter whose release is asked for go on holding. Raises as `approve`, and Misuse."""
    why = require_reason(reason)
    row = _to_decide(house, principal, matter_id)
    if not rows.refuse_release(house.engine, matter_id, why, principal.actor):
        raise _not_now(house, principal, row, "kept from release")
    return _read(house, principal, matter_id)


def may_decide(principal: Principal, row: MatterRow) -> bool:
    """Whether this principal may approve or refuse the release that is asked for."""
    may = principal.may(Right.HOLD) or principal.may(Right.APPROVE)
    return may and row.state == "release asked" and not _asked(principal, row)


def all_matters(house: House, principal: Principal) -> list[MatterRow]:
    """Those in force first; of somebody of some divisions those that hold something there. Raises Forbidden."""
    require(principal, Right.SEE_HOLDS)
    found = rows.all_matters(house.engine, principal.divisions, principal.name, MOST_LISTED)
    return [_shown(principal, row) for row in found]


def read(house: House, principal: Principal, matter_id: UUID) -> MatterRow:
    """A matter as it stands. Raises NotThere, LedgerUnreachable."""
    row = rows.find_matter(house.engine, matter_id) if principal.may(Right.SEE_HOLDS) else None
    if row is None or not _sees(house, principal, row):
        raise _not_there("matter")
    return _shown(principal, row)


def named(house: House, principal: Principal, name: str) -> MatterRow:
    """The matter of this name, as it would be typed: case and spaces make no difference. Raises NotThere."""
    row = rows.matter_named(house.engine, _key(name)) if principal.may(Right.SEE_HOLDS) else None
    if row is None or not _sees(house, principal, row):
        raise _not_there("matter")
    return _shown(principal, row)


def records(house: House, principal: Principal, matter_id: UUID, *, offset: int = 0, limit: int) -> list[HoldRecord]:
    """What a matter holds of the principal's divisions, in the order it came. Raises NotThere, LedgerUnreachable."""
    read(house, principal, matter_id)
    return rows.records_of(house.engine, matter_id, principal.divisions, offset, limit)


def names_holding(house: House, conversation_id: UUID) -> tuple[str, ...]:
    """The matters that hold a conversation, for whoever may see the conversation. Raises LedgerUnreachable."""
    with transaction(house.engine) as connection:
        return held_by(connection, [conversation_id]).get(conversation_id, ())


def _to_decide(house: House, principal: Principal, matter_id: UUID) -> MatterRow:
    if not principal.may(Right.HOLD):
        require(principal, Right.APPROVE)
    row = _whole(house, principal, matter_id)
    if _asked(principal, row):
        raise Forbidden(
            "nobody decides on a release that they asked for themselves",
            where=f"matter {row.name}",
            todo="ask a second person who may hold or approve",
        )
    return row


def _asked(principal: Principal, row: MatterRow) -> bool:
    return row.release_asked_by is not None and row.release_asked_by.lower() == principal.name.lower()


def _whole(house: House, principal: Principal, matter_id: UUID) -> MatterRow:
    """A matter of which the principal sees everything: it is released as a whole."""
    row = read(house, principal, matter_id)
    if principal.divisions is not None and rows.holds_others(house.engine, matter_id, principal.divisions):
        raise Forbidden(
            "the matter holds records of divisions that are not yours",
            where=f"matter {row.name}",
            todo="ask somebody who sees all divisions",
        )
    return row


def _sees(house: House, principal: Principal, row: MatterRow) -> bool:
    if principal.divisions is None or row.placed_by == principal.name:
        return True
    return bool(rows.records_of(house.engine, row.matter_id, principal.divisions, 0, 1))


def _shown(principal: Principal, row: MatterRow) -> MatterRow:
    """The matter without what it looks for beyond the principal's divisions: that may name others' customers."""
    divisions = principal.divisions
    if divisions is None:
        return row
    return replace(row, searches=tuple(_search_shown(divisions, one) for one in row.searches))


def _search_shown(divisions: frozenset[str], search: MatterSearch) -> MatterSearch:
    sought = search.sought
    if sought is None or (sought.divisions is not None and sought.divisions <= divisions):
        return search
    return replace(search, sought=None, withheld=True)


def _read(house: House, principal: Principal, matter_id: UUID) -> MatterRow:
    row = rows.find_matter(house.engine, matter_id)
    if row is None:
        raise _not_there("matter")
    return _shown(principal, row)


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _not_now(house: House, principal: Principal, row: MatterRow, what: str) -> NotNow:
    state = _read(house, principal, row.matter_id).state
    words = {"open": "is open", "release asked": "is to be released", "released": "was released"}[state]
    return NotNow(
        f"a matter that {words} can't be {what}", where=f"matter {row.name}", todo="look at how it stands now"
    )


def _not_there(what: str) -> NotThere:
    return NotThere(
        f"there is no such {what}, or none that you may see",
        where="legal holds",
        todo="check the name or the id; whoever manages the desk's users can say what you may see",
    )
