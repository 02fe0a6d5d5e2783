"""The custody chain: each day's object in the vault, its head in the log, and the ledger's rows."""

from collections.abc import Iterator, Sequence

from strongroom.canonical import sha256_hex
from strongroom.evidence.custody import CustodyEvent, checked_lines, read_line, split_lines
from strongroom.evidence.entries import CustodyEntry
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.findings import MISSING, RECORD, WRONG
from strongroom.ledger.custody import BEFORE_THE_FIRST, CustodyRow, custody_head, events_between, hash_at
from strongroom.pipeline.verify.reading import EvidenceReader


def check_custody(reader: EvidenceReader, logged: Sequence[CustodyEntry], *, everything: bool) -> int:
    """Check these days of the chain, in their order: object, log and ledger; how many events.

    `everything`: they are all days the log has, and what the ledger has after the last is checked as well. Otherwise a
    day's first line is taken to follow on what the ledger has before it. Raises the vault's and the ledger's errors.
    """
    position, previous, events = 1, BEFORE_THE_FIRST, 0
    for entry in sorted(logged, key=lambda one: one.first):
        if not everything or entry.first != position:
            previous = hash_at(reader.house.engine, entry.first - 1)
        if everything and entry.first != position:
            reader.findings.tell(
                RECORD,
                "the custody chain has a gap in the log",
                f"custody event {position}",
                expected=position,
                found=entry.first,
            )
        _check_day(reader, entry, previous)
        position, previous, events = entry.last + 1, entry.head, events + entry.events
    if everything:
        events += _check_tail(reader, position, previous)
    return events


def _check_day(reader: EvidenceReader, entry: CustodyEntry, previous: str) -> None:
    reading = reader.read(entry.key)
    where = reader.where(entry.key)
    if reading is None:
        _check_rows(reader, entry, {})
        return
    if (found := sha256_hex(reading.body)) != entry.sha256:
        if not reader.findings.is_about(entry.key):
            reader.findings.tell(
                WRONG,
                "the day's custody is not what the log vouches for",
                where,
                expected=entry.sha256,
                found=found,
                key=entry.key,
            )
        _check_rows(reader, entry, {})
        return
    try:
        lines = list(split_lines([reading.body]))
        events = list(checked_lines(lines, position=entry.first, previous=previous, head=entry.head))
    except ProofRefused as refused:
        # the object is the logged one, so that what it does not follow on is the ledger's row before it
        reader.findings.tell_refused(refused, f"{where}, {refused.where}", promise=RECORD)
        return
    if len(events) != entry.events:
        reader.findings.tell(
            RECORD, "the day has another number of events", where, expected=entry.events, found=len(events)
        )
    _check_rows(reader, entry, {event.position: line for event, line in zip(events, lines, strict=True)})


def _check_rows(reader: EvidenceReader, entry: CustodyEntry, lines: dict[int, bytes]) -> None:
    """The ledger's rows of a day are the object's lines; without the object, lines that are as they were hashed."""
    rows = {row.position: row for row in events_between(reader.house.engine, entry.first, entry.last)}
    for position in range(entry.first, entry.last + 1):
        row, line = rows.get(position), lines.get(position)
        where = f"ledger, custody event {position}"
        if row is None:
            reader.findings.tell(
                RECORD, "the ledger does not have this event", where, expected="an event", found="none"
            )
        elif line is not None and row.line != line:
            reader.findings.tell(
                RECORD,
                "the ledger's line is not the vault's",
                where,
                expected=sha256_hex(line),
                found=sha256_hex(row.line),
                conversation_id=row.conversation_id,
            )
        else:
            _check_columns(reader, row)


def _check_columns(reader: EvidenceReader, row: CustodyRow) -> CustodyEvent | None:
    where = f"ledger, custody event {row.position}"
    try:
        event = read_line(row.line, where)
    except ProofRefused as refused:
        reader.findings.tell_refused(refused, where, promise=RECORD)
        return None
    told = (event.position, event.hash, event.at, event.conversation_id)
    kept = (row.position, row.hash, row.at, row.conversation_id)
    if told != kept:
        reader.findings.tell(
            RECORD,
            "the row is not its line's",
            where,
            expected=event.hash,
            found=row.hash if row.hash != event.hash else "another position, time or conversation",
            conversation_id=row.conversation_id,
        )
        return None
    return event


def _check_tail(reader: EvidenceReader, position: int, previous: str) -> int:
    """What the ledger has beyond the last logged day: it is in one place only until that day is over."""
    head = custody_head(reader.house.engine)
    seen = 0
    for row in _rows(reader, position, head.position):
        seen += 1
        if row.position != position:
            reader.findings.tell(
                RECORD,
                "the ledger does not have this event",
                f"ledger, custody event {position}",
                expected="an event",
                found=f"event {row.position}",
            )
        event = _check_columns(reader, row)
        if event is not None and row.position == position and event.previous != previous:
            reader.findings.tell(
                RECORD,
                "the line does not follow on the one before",
                f"ledger, custody event {position}",
                expected=previous,
                found=event.previous,
                conversation_id=row.conversation_id,
            )
        position, previous = row.position + 1, row.hash
    if head.position < position - 1:
        reader.findings.tell(
            MISSING,
            "the ledger's custody chain ends before the log's",
            "ledger, custody_events",
            expected=position - 1,
            found=head.position,
        )
    return seen


def _rows(reader: EvidenceReader, first: int, last: int) -> Iterator[CustodyRow]:
    return events_between(reader.house.engine, first, last) if last >= first else iter(())
