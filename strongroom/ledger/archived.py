"""What is archived, as the policy decided it: read day by day for deciding anew, and the change of a decision."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, null, or_, select, tuple_, update

from strongroom.actor import Actor
from strongroom.ledger.conversations import Decided, decided_of
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.objects import ObjectRow
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.schema import conversations, objects, recordings

_BATCH = 500
# whoever indexes the former decision at this moment loses the lease, and can't call the search complete
_TO_BE_INDEXED = {
    "indexed_at": null(),
    "due_at": func.clock_timestamp(),
    "enqueued_at": null(),
    "attempts": 0,
    "lease_owner": null(),
    "lease_until": null(),
}


@dataclass(frozen=True)
class ArchivedRevision:
    """An archived revision with what decided its retention. `sizes` are those of its own objects, in bytes."""

    ref: ConversationRef
    day: date
    conversation_end: datetime
    record: dict[str, Any] | None
    names: dict[str, Any] | None
    decided: Decided | None
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class DecisionChange:
    """Another decision in place of the one that stood; the change is made only where that one still stands."""

    ref: ConversationRef
    before: Decided
    after: Decided
    reason: str


def archived_revisions(engine: Engine, first: date | None, last: date | None) -> Iterator[list[ArchivedRevision]]:
    """Archived revisions of conversations that ended on these UTC days, both included; None: without that bound.

    Day by day and in batches, each read in a transaction of its own: a change between two of them is seen or not.
    Raises LedgerUnreachable.
    """
    for day in _days(engine, first, last):
        after: ConversationRef | None = None
        while batch := _batch(engine, day, after):
            yield batch
            after = batch[-1].ref


def not_archived(engine: Engine, first: date | None, last: date | None) -> dict[str, int]:
    """How many revisions of these days are in another state than archived, by state. Raises LedgerUnreachable."""
    statement = (
        select(conversations.c.state, func.count())
        .where(conversations.c.state != "archived", *_between(first, last))
        .group_by(conversations.c.state)
    )
    with transaction(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def kept_by(engine: Engine, ref: ConversationRef) -> list[tuple[int, ObjectRow]]:
    """The objects a revision must have locked, with the revision whose they are.

    Its own, and of the recordings it names those of earlier revisions that it refers to. Raises LedgerUnreachable.
    """
    named = select(recordings.c.recording_id).where(
        recordings.c.conversation_id == ref.conversation_id, recordings.c.revision == ref.revision
    )
    statement = (
        select(objects.c.revision, *(objects.c[name] for name in ObjectRow.__dataclass_fields__))
        .where(
            objects.c.conversation_id == ref.conversation_id,
            or_(
                objects.c.revision == ref.revision,
                and_(objects.c.revision < ref.revision, objects.c.recording_id.in_(named)),
            ),
        )
        .order_by(objects.c.key)
    )
    with transaction(engine) as connection:
        return [(revision, ObjectRow(*row)) for revision, *row in connection.execute(statement)]


def change_decisions(engine: Engine, changes: Sequence[DecisionChange], by: Actor) -> int:
    """Record these decisions, each with its event of the custody chain, in one transaction; how many were changed.

    One whose former decision does not stand any more is left: another run has changed it, and its event is there. The
    search is due to learn of each. Raises LedgerUnreachable.
    """
    events = []
    with transaction(engine) as connection:
        for change in sorted(changes, key=lambda one: one.ref):
            statement = (
                update(conversations)
                .where(
                    conversations.c.conversation_id == change.ref.conversation_id,
                    conversations.c.revision == change.ref.revision,
                    conversations.c.state == "archived",
                    conversations.c.retention_class == change.before.retention_class,
                    conversations.c.lock_mode == change.before.lock_mode,
                    conversations.c.retain_until == change.before.retain_until,
                    conversations.c.policy_version == change.before.policy_version,
                )
                .values(**vars(change.after), **_TO_BE_INDEXED)
            )
            if connection.execute(statement).rowcount == 1:
                events.append(
                    NewEvent("retention changed", by, *change.ref, reason=change.reason, details=_details(change))
                )
        append_events(connection, events)
    return len(events)


def _details(change: DecisionChange) -> dict[str, object]:
    """What it was and what it is: a ledger that is made anew from the vault takes the decision from here."""
    before, after = change.before, change.after
    return {
        "class": after.retention_class,
        "lock": after.lock_mode,
        "until": after.retain_until.isoformat(),
        "policy": after.policy_version,
        "decision": after.decision,
        "wasClass": before.retention_class,
        "wasLock": before.lock_mode,
        "wasUntil": before.retain_until.isoformat(),
        "wasPolicy": before.policy_version,
    }


def decided_as_told(details: Mapping[str, Any]) -> Decided:
    """The decision that such an event tells of. Raises KeyError, TypeError and ValueError when it tells of none."""
    return Decided(
        retention_class=details["class"],
        lock_mode=details["lock"],
        retain_until=datetime.fromisoformat(details["until"]),
        policy_version=details["policy"],
        decision=details["decision"],
    )


def _days(engine: Engine, first: date | None, last: date | None) -> list[date]:
    statement = (
        select(conversations.c.day)
        .where(conversations.c.state == "archived", *_between(first, last))
        .distinct()
        .order_by(conversations.c.day)
    )
    with transaction(engine) as connection:
        return list(connection.scalars(statement))


def _between(first: date | None, last: date | None) -> list[Any]:
    bounds = [] if first is None else [conversations.c.day >= first]
    return bounds if last is None else [*bounds, conversations.c.day <= last]


def _batch(engine: Engine, day: date, after: ConversationRef | None) -> list[ArchivedRevision]:
    identity = (conversations.c.conversation_id, conversations.c.revision)
    later = [] if after is None else [tuple_(*identity) > tuple(after)]
    statement = (
        select(conversations)
        .where(conversations.c.day == day, conversations.c.state == "archived", *later)
        .order_by(*identity)
        .limit(_BATCH)
    )
    with transaction(engine) as connection:
        rows = connection.execute(statement).mappings().all()
        refs = [ConversationRef(row["conversation_id"], row["revision"]) for row in rows]
        sizes: dict[ConversationRef, list[int]] = {ref: [] for ref in refs}
        of_rows = select(objects.c.conversation_id, objects.c.revision, objects.c.size_bytes).where(
            objects.c.conversation_id.in_([ref.conversation_id for ref in refs])
        )
        for conversation_id, revision, size_bytes in connection.execute(of_rows):
            if (ref := ConversationRef(conversation_id, revision)) in sizes:
                sizes[ref].append(size_bytes)
    return [
        ArchivedRevision(
            ref=ref,
            day=row["day"],
            conversation_end=row["conversation_end"],
            record=row["record"],
            names=row["names"],
            decided=decided_of(row),
            sizes=tuple(sizes[ref]),
        )
        for ref, row in zip(refs, rows, strict=True)
    ]
