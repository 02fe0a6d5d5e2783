"""Finding conversations: a page of what ended becomes revisions, new ones or the later end of what is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    case,
    exists,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger import leases
from strongroom.ledger.ending_schema import certificates, ending_records, endings
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.schema import (
    conversations,
)

REOPENED_AFTER_ERASURE = "it ended again after it was erased: Genesys still has it; erase it there as well"

NOT_DECIDED = {
    "retention_class": null(),
    "lock_mode": null(),
    "retain_until": null(),
    "policy_version": null(),
    "decision": null(),
}
"""The columns of what is to be decided anew: what is decided already would be asked for as it is."""


@dataclass(frozen=True)
class Found:
    """An ended conversation as an enumeration page gives it."""

    conversation_id: UUID
    conversation_start: datetime
    conversation_end: datetime
    day: date
    record: dict[str, Any]


@dataclass(frozen=True)
class Background:
    """What a back-fill asks of the conversations it finds: see `backfills` for the lock."""

    shortest_lock_days: int | None


def discover(
    engine: Engine,
    found: Sequence[Found],
    *,
    quiet_s: float,
    deadline_s: float,
    background: Background | None = None,
) -> list[ConversationRef]:
    """Record one page of ended conversations; the revisions that are new and due, which are what must be enqueued.

    Unknown: revision 1. Known with an earlier end and not looked at yet: the same revision, with the later end.
    Known with an earlier end and captured or being captured: re-opened since, the next revision. Otherwise nothing:
    a page may be read any number of times, by two enumerations at once.
    A revision is due when it has been quiet for `quiet_s` after its end, and the sweeper's until then; `deadline_s`
    later it goes to review.
    Of a back-fill's page nothing is to be enqueued by the caller, the ledger feeds it when there is room; and what
    stands as expired is looked at again, under the policy and the shortest lock as they are now.
    """
    newest = {one.conversation_id: one for one in sorted(found, key=lambda one: one.conversation_end)}
    if not newest:
        return []
    with transaction(engine) as connection:
        await_other_revisions(connection)
        known = _latest_revisions(connection, list(newest))
        rows = []
        for conversation_id, one in newest.items():
            latest = known.get(conversation_id)
            if latest is not None and latest["conversation_end"] >= one.conversation_end:
                if background is not None and latest["state"] == "expired" and not latest["erased"]:
                    _look_again(connection, latest, one.record, background, deadline_s)
                continue
            due_at = func.greatest(func.clock_timestamp(), one.conversation_end + leases.seconds(quiet_s))
            values: dict[str, Any] = {
                "day": one.day,
                "conversation_start": one.conversation_start,
                "conversation_end": one.conversation_end,
                "record": one.record,
                "due_at": due_at,
                "enqueued_at": None
                if background is not None
                else case((due_at <= func.clock_timestamp(), due_at), else_=None),
                "deadline_at": due_at + leases.seconds(deadline_s),
                "background": background is not None,
                "shortest_lock_days": None if background is None else background.shortest_lock_days,
            }
            if latest is not None and latest["state"] == "discovered" and _prolong(connection, latest, values):
                continue
            revision = 1 if latest is None else latest["revision"] + 1
            found_as = {
                "conversation_id": conversation_id,
                "revision": revision,
                "state": "discovered",
                "cause": "found by enumeration" if revision == 1 else "re-opened: it ended again later",
            }
            if latest is not None and latest["erased"]:
                # what Genesys still has of it would bring back what was erased: a person decides
                found_as |= {"state": "review", "cause": REOPENED_AFTER_ERASURE, "record": {}, "enqueued_at": None}
            rows.append(values | found_as)
        if not rows:
            return []
        statement = (
            postgresql_insert(conversations)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(conversations.c.conversation_id, conversations.c.revision, conversations.c.enqueued_at)
        )
        inserted = connection.execute(statement).all()
    return [ConversationRef(row.conversation_id, row.revision) for row in inserted if row.enqueued_at is not None]


def await_other_revisions(connection: Connection) -> None:
    """Until this transaction ends, no other one opens a revision or moves an end.

    Without it, of two enumerations that see a conversation end at different times the earlier end could stand.
    """
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.revisions"))))


def _latest_revisions(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, RowMapping]:
    # a revision that amends an earlier one has that one's end, so the latest end may be another revision's
    latest_end = func.max(conversations.c.conversation_end).over(partition_by=conversations.c.conversation_id)
    under_erasure = func.bool_or(_is_erased()).over(partition_by=conversations.c.conversation_id)
    statement = (
        select(
            conversations.c.conversation_id,
            conversations.c.revision,
            latest_end.label("conversation_end"),
            conversations.c.state,
            under_erasure.label("erased"),
        )
        .ext(distinct_on(conversations.c.conversation_id))
        .where(conversations.c.conversation_id.in_(ids))
        .order_by(conversations.c.conversation_id, conversations.c.revision.desc())
    )
    return {row["conversation_id"]: row for row in connection.execute(statement).mappings()}


def _is_erased() -> ColumnElement[bool]:
    """Whether a revision was erased, or is being erased just now."""
    certified = exists(
        select(certificates.c.number).where(
            certificates.c.number == conversations.c.certificate, certificates.c.kind == "erasure"
        )
    )
    on_a_list = exists(
        select(ending_records.c.ending_id)
        .join(endings, endings.c.ending_id == ending_records.c.ending_id)
        .where(
            ending_records.c.conversation_id == conversations.c.conversation_id,
            ending_records.c.state.in_(("deleting", "deleted", "certified")),
            endings.c.kind == "erasure",
        )
    )
    return or_(certified, on_a_list)


def _prolong(connection: Connection, latest: RowMapping, values: dict[str, Any]) -> bool:
    """Move a revision nobody has looked at yet to its later end; False when a worker has it by now."""
    statement = (
        update(conversations)
        .where(
            conversations.c.conversation_id == latest["conversation_id"],
            conversations.c.revision == latest["revision"],
            conversations.c.state == "discovered",
            leases.free(conversations),
        )
        .values(
            **values
            | {"cause": "ended later than first seen", "enqueued_at": None, "lease_owner": None, "lease_until": None}
        )
    )
    return connection.execute(statement).rowcount == 1


def _look_again(
    connection: Connection, latest: RowMapping, record: dict[str, Any], background: Background, deadline_s: float
) -> None:
    """Put what the policy had let go back to where it is decided on, with its record, of which nothing was kept."""
    now = func.clock_timestamp()
    connection.execute(
        update(conversations)
        .where(
            conversations.c.conversation_id == latest["conversation_id"],
            conversations.c.revision == latest["revision"],
            conversations.c.state == "expired",
        )
        .values(
            state="discovered",
            state_at=now,
            cause="expired, and asked for again by a back-fill",
            record=record,
            due_at=now,
            enqueued_at=None,
            deadline_at=now + leases.seconds(deadline_s),
            background=True,
            shortest_lock_days=background.shortest_lock_days,
            **NOT_DECIDED,
        )
    )
