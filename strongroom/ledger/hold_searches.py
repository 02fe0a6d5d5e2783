"""What matters look for: once among what is archived, and at everything that is indexed while they are in force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, exists, insert, select

from strongroom.actor import Actor
from strongroom.ledger import leases
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.hold_order import keep_holds
from strongroom.ledger.hold_records import LATER, SEARCH, hold, say_held
from strongroom.ledger.hold_schema import IN_FORCE, matter_searches, matters
from strongroom.ledger.leases import Holder
from strongroom.ledger.schema import conversations
from strongroom.ledger.search import Criteria, Place, page_statement
from strongroom.ledger.search_schema import search_records
from strongroom.times import parse_instant

_TIMES = ("started_from", "started_to", "ended_from", "ended_to")
_PAGE = 500


@dataclass(frozen=True)
class Sought:
    """What a conversation must be to be held, all of it at once. `divisions`: of whoever looks; None: all.

    `addresses` are normalised; `named` is by kind (queue, agent, division, media, class) an id or a part of a name.
    """

    divisions: frozenset[str] | None = None
    external_tag: str | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    ended_from: datetime | None = None
    ended_to: datetime | None = None
    addresses: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    direction: str | None = None

    @property
    def criteria(self) -> Criteria:
        """As the search is asked."""
        return Criteria(**vars(self))

    @property
    def is_personal(self) -> bool:
        """Whether it names a customer: the custody chain, which is kept for ever, is not told of that."""
        return bool(self.addresses or self.external_tag)

    @classmethod
    def of(cls, document: dict[str, Any], divisions: Sequence[str] | None) -> Self:
        """From its JSON; what is left out is not asked for."""
        times = {name: parse_instant(document[name]) for name in _TIMES if name in document}
        return cls(
            divisions=None if divisions is None else frozenset(divisions),
            external_tag=document.get("external_tag"),
            addresses=tuple(document.get("addresses", ())),
            named=tuple((kind, value) for kind, value in document.get("named", ())),
            direction=document.get("direction"),
            **times,
        )

    def document(self, *, personal: bool) -> dict[str, Any]:
        """As JSON; without what names a customer unless `personal`. Divisions are kept beside it."""
        found: dict[str, Any] = {
            name: value.isoformat() for name in _TIMES if (value := getattr(self, name)) is not None
        }
        if self.named:
            found["named"] = [list(one) for one in self.named]
        if self.direction is not None:
            found["direction"] = self.direction
        if personal and self.addresses:
            found["addresses"] = list(self.addresses)
        if personal and self.external_tag is not None:
            found["external_tag"] = self.external_tag
        return found


@dataclass(frozen=True)
class HeldSearch:
    """A search that this process looks through. `name` and `reason` are the matter's."""

    search_id: int
    matter_id: UUID
    name: str
    reason: str
    sought: Sought
    by: Actor
    after: Place | None
    attempts: int


def add_search(
    connection: Connection, matter_id: UUID, name: str, reason: str, sought: Sought, by: Actor
) -> tuple[int, list[NewEvent]]:
    """Let a matter look for this as well: its id, and the events to be appended; none where it looks for it already."""
    known = select(matter_searches).where(matter_searches.c.matter_id == matter_id)
    for row in connection.execute(known).mappings():
        if row["criteria"] is not None and Sought.of(row["criteria"], row["divisions"]) == sought:
            return row["search_id"], []
    statement = (
        insert(matter_searches)
        .values(
            matter_id=matter_id,
            placed_by=by.name,
            origin=by.origin,
            criteria=sought.document(personal=True),
            divisions=None if sought.divisions is None else sorted(sought.divisions),
            state="wanted",
            cause="what is archived already is to be looked through",
        )
        .returning(matter_searches.c.search_id)
    )
    search_id = connection.execute(statement).scalar_one()
    details: dict[str, object] = {
        "step": "search",
        "matter": str(matter_id),
        "name": name,
        "search": sought.document(personal=False),
        "divisions": None if sought.divisions is None else sorted(sought.divisions),
        "namesCustomer": sought.is_personal,
    }
    return search_id, [NewEvent("held", by, None, None, reason, details)]


def take_search(engine: Engine, search_id: int, holder: Holder) -> HeldSearch | None:
    """Take a search to look it through; None: it is done, held by another, not due, or unknown."""
    with transaction(engine) as connection:
        row = leases.take(connection, matter_searches, {"search_id": search_id}, ["wanted"], holder)
        if row is None:
            return None
        named = select(matters.c.name, matters.c.reason).where(matters.c.matter_id == row["matter_id"])
        name, reason = connection.execute(named).one()
    return HeldSearch(
        search_id=search_id,
        matter_id=row["matter_id"],
        name=name,
        reason=reason,
        sought=Sought.of(row["criteria"], row["divisions"]),
        by=Actor(row["placed_by"], row["origin"]),
        after=None if row["after_end"] is None else Place(row["after_end"], row["after_id"]),
        attempts=row["attempts"],
    )


def look_on(engine: Engine, held: HeldSearch, holder: Holder) -> HeldSearch | None:
    """Hold the next conversations that are found, and remember how far it came; None: it is through.

    Raises LeaseLost, also when the matter was released meanwhile.
    """
    with transaction(engine) as connection:
        keep_holds(connection)
        _require_ours(connection, held, holder)
        statement = page_statement(connection, replace(held.sought.criteria, after=held.after), _PAGE)
        found = [] if statement is None else connection.execute(statement).mappings().all()
        ids = [row["conversation_id"] for row in found]
        events = hold(connection, held.matter_id, held.name, held.reason, ids, SEARCH, held.by)
        key = {"search_id": held.search_id}
        if len(found) < _PAGE:
            leases.change(
                connection, matter_searches, key, ["wanted"], holder, state="looked", cause="it was looked through"
            )
            append_events(connection, events)
            return None
        after = Place(found[-1]["conversation_end"], found[-1]["conversation_id"])
        connection.execute(
            matter_searches.update()
            .where(leases.identified(matter_searches, key))
            .values(after_end=after.conversation_end, after_id=after.conversation_id)
        )
        append_events(connection, events)
    return replace(held, after=after)


def look_later(engine: Engine, held: HeldSearch, holder: Holder, due_in_s: float, cause: str) -> None:
    """It can't go on now; due again in `due_in_s`. Raises LeaseLost."""
    with transaction(engine) as connection:
        key, due_at = {"search_id": held.search_id}, leases.seconds_from_now(due_in_s)
        leases.postpone(connection, matter_searches, key, ["wanted"], holder, due_at, cause=cause)


def look_at(connection: Connection, conversation_id: UUID, by: Actor) -> None:
    """Hold a conversation that was just indexed for every matter that looks for such, in the open transaction.

    Before it is indexed `hold_order.keep_holds` was asked for: a search that is placed meanwhile finds it afterwards.
    """
    events: list[NewEvent] = []
    for row in connection.execute(_in_force()).mappings().all():
        if _finds(connection, row, conversation_id):
            events += hold(connection, row["matter_id"], row["name"], row["reason"], [conversation_id], LATER, by)
    say_held(connection, [conversation_id])
    append_events(connection, events)


def still_to_hold(connection: Connection, conversation_id: UUID) -> tuple[str, ...]:
    """The matters in force that find a conversation and may not hold it yet: their search is not looked through.

    Nobody places or releases one before the transaction ends where `hold_order.await_other_holds` was asked for before.
    """
    unfinished = _in_force().where(matter_searches.c.state == "wanted")
    rows = connection.execute(unfinished).mappings().all()
    return tuple(dict.fromkeys(row["name"] for row in rows if _finds(connection, row, conversation_id)))


def still_to_look_at(connection: Connection, conversation_id: UUID) -> bool:
    """Whether some matter in force looks for conversations, and has not seen this one: it is not indexed yet.

    Where only its texts can't be read it was seen: no matter looks for words.
    """
    seen = exists().where(
        search_records.c.conversation_id == conversations.c.conversation_id,
        search_records.c.revision == conversations.c.revision,
        search_records.c.text_gap.is_not(None),
    )
    unindexed = exists().where(
        conversations.c.conversation_id == conversation_id,
        conversations.c.state == "archived",
        conversations.c.indexed_at.is_(None),
        ~seen,
    )
    return bool(connection.scalar(select(unindexed & exists(_in_force()))))


def _in_force() -> Select[Any]:
    """All searches of matters in force, with the matter's name and reason."""
    return (
        select(matter_searches, matters.c.name, matters.c.reason)
        .join_from(matter_searches, matters, matter_searches.c.matter_id == matters.c.matter_id)
        .where(matters.c.state.in_(IN_FORCE), matter_searches.c.criteria.is_not(None))
        .order_by(matter_searches.c.search_id)
    )


def _finds(connection: Connection, row: RowMapping, conversation_id: UUID) -> bool:
    sought = Sought.of(row["criteria"], row["divisions"])
    page = page_statement(connection, replace(sought.criteria, conversation_id=conversation_id), 1)
    return page is not None and connection.execute(page).first() is not None


def _require_ours(connection: Connection, held: HeldSearch, holder: Holder) -> None:
    statement = (
        select(matter_searches.c.search_id)
        .where(
            matter_searches.c.search_id == held.search_id,
            matter_searches.c.state == "wanted",
            matter_searches.c.lease_owner == holder.owner,
        )
        .with_for_update()
    )
    if connection.execute(statement).one_or_none() is None:
        raise LeaseLost(f"search {held.search_id} of {held.name}")
