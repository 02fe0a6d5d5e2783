"""Conversations to be archived once more: the record changed since, or what stood does not stand any more.

Its next revision is opened, `discovered`, after the one that was compared; nobody who comes second opens another.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import aliased

from strongroom.actor import Actor
from strongroom.ledger import leases
from strongroom.ledger.being_ended import being_ended
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.discovering import await_other_revisions
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.schema import conversations, objects

_KEPT = (
    "conversation_id",
    "day",
    "conversation_start",
    "conversation_end",
    "background",
    # what was archived past its retention would be listed as expired, and what vanished of it stay away
    "shortest_lock_days",
)


@dataclass(frozen=True)
class KnownRecord:
    """The latest revision of a conversation, and the record it was, or will be, archived with."""

    ref: ConversationRef
    conversation_end: datetime
    record: dict[str, Any]


@dataclass(frozen=True)
class OnceMore:
    """A conversation to be archived once more after this revision; `record` None: with the record it has."""

    after: ConversationRef
    cause: str
    record: dict[str, Any] | None = None


def known_records(engine: Engine, ids: Collection[UUID]) -> dict[UUID, KnownRecord]:
    """The latest revisions of these conversations, of those that may be archived once more."""
    with transaction(engine) as connection:
        return {
            row["conversation_id"]: KnownRecord(
                ConversationRef(row["conversation_id"], row["revision"]), row["conversation_end"], row["record"]
            )
            for row in connection.execute(_latest(ids)).mappings()
            # of these no record was kept, and a back-fill alone asks for them again
            if row["state"] != "expired"
        }


def open_once_more(engine: Engine, wanted: Sequence[OnceMore], *, deadline_s: float) -> list[ConversationRef]:
    """Open the next revision of each, due now; the new ones, which are to be enqueued.

    One that was not looked at yet gets the new record in its place. One that has a later revision by now is left alone.
    """
    if not wanted:
        return []
    with transaction(engine) as connection:
        await_other_revisions(connection)
        return _open(connection, wanted, deadline_s)


def mark_vanished(
    engine: Engine, vanished: Mapping[ConversationRef, Sequence[str]], by: Actor, *, deadline_s: float
) -> list[ConversationRef]:
    """Objects of these revisions, by key, do not stand any more: later revisions must not refer to them.

    Of each conversation of which something stands nowhere else the next revision is opened, to be archived with what is
    left and what can be had again; those are returned, to be enqueued. What was marked already is passed over.
    """
    now = func.clock_timestamp()
    with transaction(engine) as connection:
        await_other_revisions(connection)
        again: dict[UUID, str] = {}
        events = []
        for ref, keys in vanished.items():
            marked = connection.scalars(
                update(objects)
                .where(
                    objects.c.conversation_id == ref.conversation_id,
                    objects.c.revision == ref.revision,
                    objects.c.key.in_(keys),
                    objects.c.vanished_at.is_(None),
                )
                .values(vanished_at=now)
                .returning(objects.c.key)
            ).all()
            if marked:
                reason = "its objects do not stand in the vault any more"
                events.append(NewEvent("found damaged", by, *ref, reason=reason, details={"keys": sorted(marked)}))
            if marked and connection.scalar(_not_put_again(ref, marked)):
                again[ref.conversation_id] = "some of what was archived does not stand in the vault any more"
        latest = connection.execute(_latest(list(again))).mappings().all()
        wanted = [
            OnceMore(ConversationRef(row["conversation_id"], row["revision"]), again[row["conversation_id"]])
            for row in latest
        ]
        opened = _open(connection, wanted, deadline_s)
        append_events(connection, events)
    return opened


def _not_put_again(ref: ConversationRef, keys: Collection[str]) -> Select[tuple[bool]]:
    """Whether one of these objects of a revision is of a part that no later revision has put."""
    later = aliased(objects)
    put_again = exists().where(
        later.c.conversation_id == objects.c.conversation_id,
        later.c.revision > objects.c.revision,
        later.c.part == objects.c.part,
        later.c.vanished_at.is_(None),
    )
    of_revision = and_(objects.c.conversation_id == ref.conversation_id, objects.c.revision == ref.revision)
    return select(exists().where(of_revision, objects.c.key.in_(keys), ~put_again))


def _open(connection: Connection, wanted: Sequence[OnceMore], deadline_s: float) -> list[ConversationRef]:
    latest = {
        row["conversation_id"]: row
        for row in connection.execute(_latest([one.after.conversation_id for one in wanted])).mappings()
    }
    now = func.clock_timestamp()
    rows = []
    for one in wanted:
        row = latest.get(one.after.conversation_id)
        if row is None or row["revision"] != one.after.revision:
            continue
        if row["state"] == "expired" and one.record is None:
            continue
        record = row["record"] if one.record is None else one.record
        if row["state"] == "discovered" and _replace_record(connection, one.after, record):
            continue
        rows.append(
            {name: row[name] for name in _KEPT}
            | {
                "revision": row["revision"] + 1,
                "record": record,
                "state": "discovered",
                "cause": one.cause,
                "due_at": now,
                "enqueued_at": now,
                "deadline_at": leases.seconds_from_now(deadline_s),
            }
        )
    if not rows:
        return []
    statement = (
        postgresql_insert(conversations)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(conversations.c.conversation_id, conversations.c.revision)
    )
    return [ConversationRef(*row) for row in connection.execute(statement)]


def _replace_record(connection: Connection, ref: ConversationRef, record: dict[str, Any]) -> bool:
    statement = (
        update(conversations)
        .where(
            leases.identified(conversations, ref._asdict()),
            conversations.c.state == "discovered",
            leases.free(conversations),
        )
        .values(record=record)
    )
    return connection.execute(statement).rowcount == 1


def _latest(ids: Collection[UUID]) -> Select[tuple[RowMapping]]:
    return (
        select(
            *(conversations.c[name] for name in _KEPT),
            conversations.c.revision,
            conversations.c.state,
            conversations.c.record,
        )
        .ext(distinct_on(conversations.c.conversation_id))
        .where(conversations.c.conversation_id.in_(ids), not_disposed_of())
        .order_by(conversations.c.conversation_id, conversations.c.revision.desc())
    )


def not_disposed_of() -> ColumnElement[bool]:
    """The condition on `conversations` that a change or a recount keeps to: the one place that says it.

    A record that was disposed of or erased, or is about to be, must not come back, nor be missed.
    """
    ended = aliased(conversations)
    return ~exists().where(
        ended.c.conversation_id == conversations.c.conversation_id, or_(ended.c.state == "ended", being_ended(ended))
    )
