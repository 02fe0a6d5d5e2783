"""Lists of records that are to end, whatever their kind: read, proposed, approved by a second person, refused.

A list covers records of all divisions: who is bound to some of them decides nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from strongroom.house import House
from strongroom.ledger import endings as rows
from strongroom.ledger.custody import NewEvent
from strongroom.ledger.endings import CertificateRow, ClassCount, Ending, EndingRecord
from strongroom.legal.access import Forbidden, NotThere, Principal, Right, require
from strongroom.legal.asking import require_reason
from strongroom.legal.errors import NotNow

__all__ = [
    "CertificateRow",
    "ClassCount",
    "Ending",
    "EndingList",
    "EndingRecord",
    "approve",
    "lists",
    "may_approve",
    "propose",
    "read",
    "records",
    "refuse",
    "require_undivided",
]

MOST_LISTS = 200
PAGE_SIZE = 100


@dataclass(frozen=True)
class EndingList:
    """A list with what is on it by class, state and cause, and the certificates of what went."""

    ending: Ending
    counts: tuple[ClassCount, ...]
    certificates: tuple[CertificateRow, ...]

    def count(self, *states: str) -> int:
        """How many records are in one of these states."""
        return sum(one.records for one in self.counts if one.state in states)

    @property
    def going(self) -> int:
        """How many may still go."""
        return self.count("listed", "deleting", "deleted", "certified")

    @property
    def early_usd(self) -> Decimal:
        """What it costs that some of what may go lies in a cold tier whose minimum time is not over."""
        return sum((one.early_usd for one in self.counts if one.state == "listed"), Decimal(0))


def lists(house: House, principal: Principal, kind: str) -> list[Ending]:
    """The lists of a kind, the newest first. Raises Forbidden, LedgerUnreachable."""
    require_undivided(principal, Right.SEE_ENDINGS)
    return rows.endings_of(house.engine, kind, MOST_LISTS)


def read(house: House, principal: Principal, kind: str, ending_id: int) -> EndingList:
    """One list. Raises Forbidden, NotThere, LedgerUnreachable."""
    require_undivided(principal, Right.SEE_ENDINGS)
    ending = _find(house, kind, ending_id)
    return EndingList(
        ending,
        tuple(rows.counts_of(house.engine, ending_id)),
        tuple(rows.certificates_of(house.engine, ending_id)),
    )


def records(
    house: House,
    principal: Principal,
    kind: str,
    ending_id: int,
    *,
    after: UUID | None = None,
    limit: int = PAGE_SIZE,
    states: Sequence[str] = (),
) -> list[EndingRecord]:
    """Records of a list, by id. Raises Forbidden, NotThere, LedgerUnreachable."""
    require_undivided(principal, Right.SEE_ENDINGS)
    _find(house, kind, ending_id)
    return rows.records_of(house.engine, ending_id, limit, after=after, states=states)


def propose(house: House, principal: Principal, kind: str, ending_id: int) -> EndingList:
    """Having looked at it, put a list up for approval. Raises Forbidden, NotThere, NotNow, LedgerUnreachable."""
    require_undivided(principal, Right.END)
    ending = _find(house, kind, ending_id)
    if not rows.propose_ending(house.engine, ending_id, principal.name, _events(house, ending, principal, "proposed")):
        raise _not_now(house, kind, ending_id, "proposed")
    return read(house, principal, kind, ending_id)


def may_approve(principal: Principal, ending: Ending) -> bool:
    """Whether this principal is the second person: with the right, of all divisions, and not who proposed it."""
    return (
        principal.may(Right.APPROVE_ENDING)
        and principal.divisions is None
        and ending.state == "proposed"
        and (ending.proposer or "").lower() != principal.name.lower()
    )


def approve(house: House, principal: Principal, kind: str, ending_id: int) -> EndingList:
    """Approve what another has proposed; from then on it may be carried out.

    Raises Forbidden, NotThere, NotNow, LedgerUnreachable.
    """
    require_undivided(principal, Right.APPROVE_ENDING)
    ending = _find(house, kind, ending_id)
    if (ending.proposer or "").lower() == principal.name.lower():
        raise Forbidden(
            "nobody approves what they proposed themselves", where=f"list {ending_id}", todo="ask a second person"
        )
    if kind == "erasure":
        require_second_factor(principal, ending_id)
    if not rows.approve_ending(house.engine, ending_id, principal.name, _events(house, ending, principal, "approved")):
        raise _not_now(house, kind, ending_id, "approved")
    return read(house, principal, kind, ending_id)


def refuse(house: House, principal: Principal, kind: str, ending_id: int, reason: str) -> EndingList:
    """Refuse a list that is not approved yet: nothing on it goes under it.

    By who may approve or who may propose. Raises Forbidden, NotThere, Misuse, NotNow, LedgerUnreachable.
    """
    require_undivided(principal, Right.END if principal.may(Right.END) else Right.APPROVE_ENDING)
    why = require_reason(reason)
    ending = _find(house, kind, ending_id)
    if not rows.refuse_ending(house.engine, ending_id, why, _events(house, ending, principal, "refused", why)):
        raise _not_now(house, kind, ending_id, "refused")
    return read(house, principal, kind, ending_id)


def require_second_factor(principal: Principal, ending_id: int) -> None:
    """Raise Forbidden where the identity provider let them in by one factor alone, or does not say by how many."""
    if principal.second_factor is False:
        raise Forbidden(
            "an erasure is approved by who signed in with a second factor",
            where=f"list {ending_id}",
            todo="sign in again with a second factor; the provider must say so (amr in the id_token)",
        )


def require_undivided(principal: Principal, right: Right) -> None:
    """Raise Forbidden unless the principal has the right, and has it over the records of all divisions."""
    require(principal, right)
    if principal.divisions is not None:
        raise Forbidden(
            "what ends is of all divisions, and you see some",
            where="the Legal desk",
            todo="ask a records manager of all divisions",
        )


def _find(house: House, kind: str, ending_id: int) -> Ending:
    found = rows.find_ending(house.engine, ending_id)
    if found is None or found.kind != kind:
        raise NotThere(
            f"there is no such list of {kind}", where=f"list {ending_id}", todo=f"see: strongroom {kind} list"
        )
    return found


def _events(house: House, ending: Ending, principal: Principal, act: str, reason: str | None = None) -> list[NewEvent]:
    counts = rows.counts_of(house.engine, ending.ending_id)
    going = sum(one.records for one in counts if one.state == "listed")
    details: dict[str, object] = {"list": ending.ending_id, "kind": ending.kind, "records": going}
    if ending.reference is not None:
        details["reference"] = ending.reference
    return [NewEvent(act, principal.actor, None, None, reason, details)]


def _not_now(house: House, kind: str, ending_id: int, act: str) -> NotNow:
    state = _find(house, kind, ending_id).state
    return NotNow(
        f"a list that is {state} can't be {act}",
        where=f"list {ending_id}",
        todo=f"see how it stands: strongroom {kind} show {ending_id}",
    )
