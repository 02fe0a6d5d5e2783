"""What the ledger's tests are made of: conversations as an enumeration finds them, and time that can be moved."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Row, text

from strongroom.actor import Actor
from strongroom.ledger.conversations import (
    Decided,
    ExpectedRecording,
    HeldConversation,
    archived,
    begin_capturing,
    take_captured,
    take_discovered,
)
from strongroom.ledger.discovering import Found, discover
from strongroom.ledger.engine import Engine
from strongroom.ledger.leases import Holder
from strongroom.ledger.objects import ObjectRow
from strongroom.ledger.recordings import Settled, settle_recording, take_recording
from strongroom.ledger.references import ConversationRef, RecordingRef

DAY = date(2025, 5, 14)
END = datetime(2025, 5, 14, 10, 0, tzinfo=UTC)
DEADLINE_S = 14_400.0

ANNE = Holder("host/aaa/1", 300)
BERT = Holder("host/bbb/2", 300)
OPS = Actor("ops", "host")

DECIDED = Decided(
    retention_class="voice-advice",
    lock_mode="COMPLIANCE",
    retain_until=END + timedelta(days=2_557),
    policy_version="p1",
    decision={"basis": "FINRA 4511", "retainedYears": 7, "reasons": ["rule 'advice' matched"], "defaulted": False},
)

T = TypeVar("T")


def found(
    conversation_id: UUID | None = None, end: datetime = END, day: date = DAY, record: dict[str, Any] | None = None
) -> Found:
    """A conversation of ten minutes, as a page gives it."""
    return Found(conversation_id or uuid4(), end - timedelta(minutes=10), end, day, {} if record is None else record)


def discovered(engine: Engine, *pages: Found, quiet_s: float = 0) -> list[ConversationRef]:
    """Record a page."""
    return discover(engine, pages, quiet_s=quiet_s, deadline_s=DEADLINE_S)


def expected(*recording_ids: str) -> list[ExpectedRecording]:
    """Recordings that Genesys lists."""
    return [ExpectedRecording(one, f"session of {one}", "audio", {"id": one}) for one in recording_ids]


def looked_at(engine: Engine, ref: ConversationRef, holder: Holder = ANNE) -> HeldConversation:
    """Take a discovered revision that must be there to take."""
    held = take_discovered(engine, ref, holder)
    assert held is not None
    return held


def begun(
    engine: Engine,
    held: HeldConversation,
    recordings: Sequence[ExpectedRecording] = (),
    holder: Holder = ANNE,
    decided: Decided = DECIDED,
) -> list[RecordingRef]:
    """Say what of a conversation must be fetched, decided from the record as it was found; what is to be enqueued."""
    return begin_capturing(engine, held, holder, held.record, decided, {}, recordings, deadline_s=DEADLINE_S)


def capturing(
    engine: Engine, *recording_ids: str, decided: Decided = DECIDED, day: date = DAY
) -> tuple[ConversationRef, list[RecordingRef]]:
    """A conversation whose recordings are to be fetched."""
    (ref,) = discovered(engine, found(day=day))
    held = looked_at(engine, ref)
    return ref, begun(engine, held, expected(*recording_ids), decided=decided)


def settle(engine: Engine, ref: RecordingRef, state: Settled = "stored", cause: str = "") -> ConversationRef | None:
    """Take a recording and settle it; the revision that can be completed then."""
    assert take_recording(engine, ref, ANNE) is not None
    return settle_recording(engine, ref, ANNE, state, cause or f"it is {state}")


def archive(engine: Engine, ref: ConversationRef) -> None:
    """Take a captured revision and say that its manifest stands."""
    held = take_captured(engine, ref, ANNE)
    assert held is not None
    archived(engine, held, ANNE, manifest_of(ref), 1)


def manifest_of(ref: ConversationRef) -> ObjectRow:
    """A revision's manifest as it would stand in the vault."""
    return ObjectRow(
        part="manifest",
        recording_id=None,
        key=f"archive/{DAY}/{ref.conversation_id}/r{ref.revision}/manifest.json",
        version_id="v1",
        size_bytes=3,
        sha256="a" * 64,
        content_type="application/json",
        file_name=None,
        lock_mode=DECIDED.lock_mode,
        retain_until=DECIDED.retain_until,
        adopted=False,
        under_delete_marker=False,
    )


def rows(engine: Engine, statement: str, **values: object) -> list[Row[Any]]:
    """What a query says."""
    with engine.begin() as connection:
        return list(connection.execute(text(statement), values))


def execute(engine: Engine, statement: str, **values: object) -> None:
    """Move time, or break something: what no function of the ledger does."""
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def expire_leases(engine: Engine) -> None:
    """Every holder died a while ago."""
    for table in ("runs", "conversations", "recordings", "activity_reads"):
        execute(engine, f"UPDATE {table} SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")


def let_pass(engine: Engine, duration_s: float) -> None:
    """As if the rows had been written that much earlier."""
    columns = {
        "runs": ("due_at", "enqueued_at", "lease_until"),
        "activity_reads": ("due_at", "enqueued_at", "lease_until"),
        "conversations": ("due_at", "enqueued_at", "lease_until", "deadline_at"),
        "recordings": ("due_at", "enqueued_at", "lease_until", "deadline_at", "first_seen_at"),
    }
    for table, names in columns.items():
        earlier = ", ".join(f"{name} = {name} - make_interval(secs => :duration_s)" for name in names)
        execute(engine, f"UPDATE {table} SET {earlier}", duration_s=duration_s)


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Run each call in a thread of its own, all starting together; their results in order."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def state_of(engine: Engine, ref: ConversationRef | RecordingRef) -> str:
    """The state of one row."""
    table = "conversations" if isinstance(ref, ConversationRef) else "recordings"
    where = " AND ".join(f"{name} = :{name}" for name in ref._fields)
    (row,) = rows(engine, f"SELECT state FROM {table} WHERE {where}", **ref._asdict())
    return str(row.state)


def revisions_of(engine: Engine, conversation_id: UUID) -> list[tuple[int, str, datetime]]:
    """Each revision of a conversation with its state and end."""
    statement = (
        "SELECT revision, state, conversation_end FROM conversations WHERE conversation_id = :id ORDER BY revision"
    )
    return [tuple(row) for row in rows(engine, statement, id=conversation_id)]
