"""What decides whether a record may go: its revisions and objects, what is under way, and who still needs it.

The record is the conversation: it ends as a whole, when the last of its revisions may go. So an object that revisions
share goes only when none that is kept needs it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, and_, exists, func, select

from strongroom.ledger.ending_schema import OPEN_ENDING_STATES, OPEN_RECORD_STATES, ending_records, endings
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.holds import held_by
from strongroom.ledger.request_schema import OPEN_REQUEST_STATES, request_conversations, requests
from strongroom.ledger.schema import OPEN_RECORDING_STATES, conversations, objects, recordings

_BATCH = 500


@dataclass(frozen=True)
class StandingRevision:
    """A revision that has neither ended nor expired. What the policy decided is None where nothing is decided yet."""

    revision: int
    day: date
    conversation_start: datetime
    conversation_end: datetime
    state: str
    retention_class: str | None
    basis: str | None
    lock_mode: str | None
    retain_until: datetime | None
    policy_version: str | None


@dataclass(frozen=True)
class StandingObject:
    """An object, with the lock that the ledger has of it. `held`: the store was told of a hold, and of no release."""

    revision: int
    part: str
    key: str
    version_id: str
    size_bytes: int
    sha256: str
    lock_mode: str
    retain_until: datetime
    stored_at: datetime
    leaf_index: int | None
    held: bool


@dataclass(frozen=True)
class StandingRecord:
    """A conversation as it stands. `fetching`: a recording of it is being fetched again.

    `matters` hold it. `requested`: an open request of Legal names it. `unseen`: it is not indexed yet, and some matter
    looks for conversations; asked only before it is deleted.
    """

    conversation_id: UUID
    revisions: tuple[StandingRevision, ...]
    objects: tuple[StandingObject, ...]
    fetching: bool
    matters: tuple[str, ...]
    requested: bool
    unseen: bool = False

    @property
    def latest(self) -> StandingRevision:
        """Its latest revision."""
        return self.revisions[-1]

    @property
    def size_bytes(self) -> int:
        """What its objects take."""
        return sum(one.size_bytes for one in self.objects)


def standing_records(connection: Connection, conversation_ids: Sequence[UUID]) -> list[StandingRecord]:
    """Those of these conversations of which anything stands, in their order."""
    ids = list(conversation_ids)
    revisions: dict[UUID, list[StandingRevision]] = {}
    statement = (
        select(conversations)
        # of what has expired nothing was archived, and nothing is left to be settled
        .where(conversations.c.conversation_id.in_(ids), conversations.c.state.not_in(("ended", "expired")))
        .order_by(conversations.c.conversation_id, conversations.c.revision)
    )
    for row in connection.execute(statement).mappings():
        decision = row["decision"] or {}
        told = {name: row[name] for name in StandingRevision.__dataclass_fields__ if name != "basis"}
        revisions.setdefault(row["conversation_id"], []).append(
            StandingRevision(**told, basis=decision.get("basis") if isinstance(decision, dict) else None)
        )
    columns = [objects.c[name] for name in StandingObject.__dataclass_fields__]
    kept: dict[UUID, list[StandingObject]] = {}
    of_these = select(objects.c.conversation_id, *columns).where(objects.c.conversation_id.in_(ids))
    for conversation_id, *values in connection.execute(of_these.order_by(objects.c.key)):
        kept.setdefault(conversation_id, []).append(StandingObject(*values))
    fetching = set(
        connection.scalars(
            select(recordings.c.conversation_id).where(
                recordings.c.conversation_id.in_(ids), recordings.c.state.in_(OPEN_RECORDING_STATES)
            )
        )
    )
    asked = set(
        connection.scalars(
            select(request_conversations.c.conversation_id)
            .join(requests, requests.c.request_id == request_conversations.c.request_id)
            .where(
                request_conversations.c.conversation_id.in_(ids),
                request_conversations.c.state != "missing",
                requests.c.state.in_(OPEN_REQUEST_STATES),
            )
        )
    )
    matters = held_by(connection, ids)
    return [
        StandingRecord(
            conversation_id=one,
            revisions=tuple(revisions[one]),
            objects=tuple(kept.get(one, ())),
            fetching=one in fetching,
            matters=tuple(matters.get(one, ())),
            requested=one in asked,
        )
        for one in ids
        if one in revisions
    ]


def expired(connection: Connection, *, trial: bool) -> Iterator[list[UUID]]:
    """Conversations of which an archived revision need no longer be kept, in batches by id: what may go is among them.

    By the database's clock. In a trial vault, whose locks are short whatever the policy says, by the objects' locks.
    What an open list has already is left out.
    """
    now = func.clock_timestamp()
    on_a_list = exists(
        select(ending_records.c.ending_id)
        .join(endings, endings.c.ending_id == ending_records.c.ending_id)
        .where(
            ending_records.c.conversation_id == conversations.c.conversation_id,
            ending_records.c.state.in_(OPEN_RECORD_STATES),
            endings.c.state.in_(OPEN_ENDING_STATES),
        )
    )
    if trial:
        locked = exists(
            select(objects.c.object_id).where(
                objects.c.conversation_id == conversations.c.conversation_id,
                objects.c.revision == conversations.c.revision,
                objects.c.retain_until > now,
            )
        )
        over = ~locked
    else:
        over = conversations.c.retain_until <= now
    after: UUID | None = None
    while True:
        statement = (
            select(conversations.c.conversation_id)
            .distinct()
            .where(and_(conversations.c.state == "archived", over, ~on_a_list))
            .order_by(conversations.c.conversation_id)
            .limit(_BATCH)
        )
        if after is not None:
            statement = statement.where(conversations.c.conversation_id > after)
        batch = list(connection.scalars(statement))
        if not batch:
            return
        yield batch
        after = batch[-1]


def standing_of(engine: Engine, conversation_ids: Sequence[UUID]) -> list[StandingRecord]:
    """The same as `standing_records`, in a transaction of its own. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        return standing_records(connection, conversation_ids)
