"""Legal holds brought back into a new ledger: from what the custody chain tells, and from what the store still holds.

Nothing is let go by a loss: what the store holds and no matter that is known does, is held by a matter of its own.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Table, func, insert, select

from strongroom.actor import Actor
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.evidence_schema import custody_events
from strongroom.ledger.hold_records import NAMED
from strongroom.ledger.hold_schema import IN_FORCE, conversation_holds, hold_records, matter_searches, matters
from strongroom.times import format_instant, parse_instant

FOUND_HELD = "Found held in the vault"
"""The matter of what the store holds, and of which the custody chain does not tell why."""
_WHY = "the store held it when the ledger was made anew, and no matter that the custody chain tells of does"
_ACTS = ("held", "released", "approved", "refused")
_BATCH = 1_000


@dataclass
class _Matter:
    """A matter as its events have it so far."""

    row: dict[str, Any]
    records: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    searches: list[dict[str, Any]] = field(default_factory=list)
    forgotten: int = 0

    @property
    def in_force(self) -> bool:
        return self.row["state"] in IN_FORCE


def rebuild_holds(connection: Connection, found_held: Collection[UUID], by: Actor) -> dict[str, int]:
    """Write matters and what they hold; by name of matter how many of its searches named a customer.

    Those can't look for what is archived later, because the vault does not tell of whom. `found_held` are the
    conversations that the store holds. Every one that is held is due: the store is told again.
    """
    known: dict[UUID, _Matter] = {}
    told: dict[UUID, int] = {}
    for event in _events(connection):
        _take_in(known, told, event)
    held = {one for matter in known.values() if matter.in_force for one in matter.records}
    unexplained = sorted(set(found_held) - held)
    events = (
        _explain(known, unexplained, by, connection.execute(select(func.now())).scalar_one()) if unexplained else []
    )
    _write(connection, known, told, held | set(unexplained))
    append_events(connection, events)
    return {one.row["name"]: one.forgotten for one in known.values() if one.in_force and one.forgotten}


def _events(connection: Connection) -> Iterator[dict[str, Any]]:
    statement = (
        select(custody_events.c.document).where(custody_events.c.act.in_(_ACTS)).order_by(custody_events.c.position)
    )
    for document in connection.execute(statement.execution_options(yield_per=_BATCH)).scalars():
        yield json.loads(document)


def _take_in(known: dict[UUID, _Matter], told: dict[UUID, int], event: dict[str, Any]) -> None:
    details, at = event["details"], parse_instant(event["at"])
    conversation_id = None if event["conversationId"] is None else UUID(event["conversationId"])
    step = details.get("step") or details.get("what")
    if conversation_id is not None and step in {"applied", "lifted", "kept"}:
        told[conversation_id] = details["objects"]
        state = "applied" if step == "applied" else "released"
        for matter in known.values():
            if matter.row["name"] in details["matters"] and conversation_id in matter.records:
                matter.records[conversation_id] |= {"state": state, "state_at": at, "cause": "the store agreed"}
        return
    if "matter" not in details:
        return
    matter = known.setdefault(UUID(details["matter"]), _Matter(_opened(event)))
    changes: dict[str, Any] = {}
    if step == "placed" and conversation_id is not None:
        matter.records[conversation_id] = _placed(conversation_id, details["foundBy"], at)
    elif step == "search":
        if details["namesCustomer"]:
            matter.forgotten += 1
        else:
            matter.searches.append(
                {
                    "placed_by": event["actor"],
                    "origin": event["origin"],
                    "criteria": details["search"],
                    "divisions": details["divisions"],
                    "first_seen_at": at,
                }
            )
    elif event["act"] == "released" and step == "asked":
        changes = {
            "state": "release asked",
            "cause": "a second person has to approve its release",
            "release_asked_by": event["actor"],
            "release_asked_at": at,
            "release_reason": event["reason"],
        }
    elif event["act"] == "refused":
        asked = ("release_asked_by", "release_asked_at", "release_reason")
        changes = {"state": "open", "cause": f"its release was refused: {event['reason']}"} | dict.fromkeys(asked)
    elif event["act"] == "approved":
        cause = "its release was approved"
        changes = {"state": "released", "cause": cause, "released_by": event["actor"], "released_at": at}
    if changes:
        matter.row |= changes | {"state_at": at}


def _opened(event: Mapping[str, Any]) -> dict[str, Any]:
    """A matter from the first event that names it; where its own was lost, from what that tells."""
    details, at = event["details"], parse_instant(event["at"])
    return {
        "matter_id": UUID(details["matter"]),
        "name": details["name"],
        "name_key": details["name"].casefold(),
        "reason": event["reason"] or "",
        "requester": details.get("requester", event["actor"]),
        "placed_by": event["actor"],
        "placed_at": at,
        "state": "open",
        "state_at": at,
        "cause": "placed",
        "release_asked_by": None,
        "release_asked_at": None,
        "release_reason": None,
        "released_by": None,
        "released_at": None,
    }


def _explain(known: dict[UUID, _Matter], conversation_ids: Sequence[UUID], by: Actor, now: datetime) -> list[NewEvent]:
    """Let a matter of its own hold these; the events that tell of it."""
    names = {one.row["name"] for one in known.values()}
    name, number = FOUND_HELD, 2
    while name in names:
        name, number = f"{FOUND_HELD} ({number})", number + 1
    matter_id = uuid4()
    told: dict[str, object] = {"matter": str(matter_id), "name": name}
    opened = NewEvent("held", by, None, None, _WHY, {"step": "opened", "requester": by.name, **told})
    event = {
        "details": opened.details, "at": format_instant(now), "actor": by.name, "reason": _WHY,
    }  # fmt: skip
    matter = known[matter_id] = _Matter(_opened(event))
    for one in conversation_ids:
        matter.records[one] = _placed(one, NAMED, now)
    placed: dict[str, object] = {"step": "placed", "foundBy": NAMED, **told}
    return [opened, *(NewEvent("held", by, one, None, _WHY, placed) for one in conversation_ids)]


def _placed(conversation_id: UUID, found_by: str, at: datetime) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "found_by": found_by,
        "placed_at": at,
        "state": "placed",
        "state_at": at,
        "cause": "the store is to be told",
    }


def _write(connection: Connection, known: dict[UUID, _Matter], told: dict[UUID, int], held: set[UUID]) -> None:
    for matter_id, matter in known.items():
        connection.execute(insert(matters).values(**matter.row))
        _insert(connection, hold_records, [{"matter_id": matter_id, **row} for row in matter.records.values()])
        if matter.in_force:
            looked = {"state": "looked", "cause": "all is looked at when it is indexed again"}
            _insert(connection, matter_searches, [{"matter_id": matter_id, **looked, **row} for row in matter.searches])
    every = sorted({one for matter in known.values() for one in matter.records})
    _insert(
        connection,
        conversation_holds,
        [
            {
                "conversation_id": one,
                "state": "wanted" if one in held else "settled",
                "cause": "the ledger was made anew",
                "told": told.get(one, 0) if one in held else 0,
            }
            for one in every
        ],
    )


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _BATCH):
        connection.execute(insert(table), rows[start : start + _BATCH])
