"""Making the custody report of a conversation: its events from the ledger, held against the chain and the vault."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from uuid import UUID

from strongroom.evidence.custody import CustodyEvent, checked_lines, read_line, split_lines, verify_chain
from strongroom.evidence.custody_report import CustodyReport, ReportedDay
from strongroom.evidence.errors import ProofRefused
from strongroom.ledger.custody import CustodyRow, custody_head, events_between, events_of, hash_at
from strongroom.ledger.custody_days import CustodyDay, custody_day
from strongroom.ledger.engine import Engine
from strongroom.ledger.evidence_objects import EvidenceObject, find_evidence
from strongroom.ledger.lookup import database_clock, latest_revision
from strongroom.times import day_of
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import custody_key
from strongroom.vault.store import Store


def custody_report(engine: Engine, store: Store, conversation_id: UUID, *, trial: bool) -> CustodyReport:
    """What has been done with a conversation. What doesn't hold is a finding of the report, not an error.

    Raises UnknownConversation, and the errors of a ledger or a vault that can't be reached.
    """
    rows = events_of(engine, conversation_id)
    if not rows:
        latest_revision(engine, conversation_id)
    end = custody_head(engine).position
    events, findings = [], []
    for row in rows:
        try:
            events.append(_in_chain(engine, row, end))
        except ProofRefused as error:
            findings.append(f"ledger, custody event {row.position}: {error}")
    days = {day_of(row.at): [one for one in rows if day_of(one.at) == day_of(row.at)] for row in rows}
    return CustodyReport(
        conversation_id=conversation_id,
        bucket=store.bucket,
        trial=trial,
        made_at=database_clock(engine),
        events=tuple(events),
        days=tuple(_day(engine, store, conversation_id, day, of_day) for day, of_day in days.items()),
        findings=tuple(findings),
    )


def _in_chain(engine: Engine, row: CustodyRow, end: int) -> CustodyEvent:
    """The event of a row that is as it was hashed, and stands between its neighbours; the chain ends at `end`."""
    first, last = max(1, row.position - 1), min(row.position + 1, end)
    neighbours = list(events_between(engine, first, last))
    events = [_as_hashed(one) for one in neighbours]
    verify_chain((one.line for one in neighbours), position=first, previous=hash_at(engine, first - 1))
    if events[-1].position != last:
        raise ProofRefused("events are missing", where=f"custody event {last}", expected=last, found="no such event")
    return events[row.position - first]


def _as_hashed(row: CustodyRow) -> CustodyEvent:
    where = f"custody event {row.position}"
    event = read_line(row.line, where)
    for what, in_line, in_row in (
        ("hash", event.hash, row.hash),
        ("time", event.at, row.at),
        ("conversation", event.conversation_id, row.conversation_id),
    ):
        if in_line != in_row:
            raise ProofRefused(f"the row's {what} is not its line's", where=where, expected=in_line, found=in_row)
    return event


def _day(engine: Engine, store: Store, conversation_id: UUID, day: date, rows: list[CustodyRow]) -> ReportedDay:
    closed, stored = custody_day(engine, day), find_evidence(engine, custody_key(day))
    if closed is None or stored is None or stored.version_id is None:
        is_over = day < day_of(database_clock(engine))
        return ReportedDay(day, "not in the vault yet" if is_over else "not over")
    reported = ReportedDay(
        day=day,
        standing="in the vault",
        key=stored.key,
        version_id=stored.version_id,
        sha256=stored.sha256,
        first=closed.first_position,
        last=closed.last_position,
        head=closed.head,
    )
    try:
        _require_as_in_vault(engine, store, conversation_id, closed, stored, rows)
    except (ProofRefused, NotStored) as error:
        return replace(reported, finding=f"vault, custody of {day}: {error}")
    return reported


def _require_as_in_vault(
    engine: Engine,
    store: Store,
    conversation_id: UUID,
    closed: CustodyDay,
    stored: EvidenceObject,
    rows: list[CustodyRow],
) -> None:
    """The day's object holds together, is the one that was put, and tells of the conversation what the ledger tells."""
    digest = hashlib.sha256()

    def hashed(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            digest.update(chunk)
            yield chunk

    lines = split_lines(hashed(store.read(stored.key, stored.standing_version)))
    before = hash_at(engine, closed.first_position - 1)
    events = checked_lines(lines, position=closed.first_position, previous=before, head=closed.head)
    in_vault = {event.position: event.hash for event in events if event.conversation_id == conversation_id}
    if digest.hexdigest() != stored.sha256:
        raise ProofRefused(
            "the object is another", where=store.where(stored.key), expected=stored.sha256, found=digest.hexdigest()
        )
    in_ledger = {row.position: row.hash for row in rows}
    for position in sorted(in_vault.keys() | in_ledger.keys()):
        told, kept = in_vault.get(position, "no such event"), in_ledger.get(position, "no such event")
        if told != kept:
            raise ProofRefused("ledger and vault differ", where=f"custody event {position}", expected=told, found=kept)
