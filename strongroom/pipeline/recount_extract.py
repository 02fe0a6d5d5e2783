"""Genesys's own extract of a day, read to its last cursor and held against the ledger, id by id and end by end."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from strongroom.genesys.analytics import conversations_again
from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.details_jobs import JobPage, job_results
from strongroom.genesys.record_facts import same_facts
from strongroom.house import House
from strongroom.ledger.activity import ActivityRead
from strongroom.ledger.changed_records import KnownRecord, known_records
from strongroom.ledger.discovering import Found
from strongroom.ledger.recounts import Line, differing, known_ends, say_again, stage
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.enumerate import log_invalid, record_page
from strongroom.times import day_of, start_of


@dataclass(frozen=True)
class Extract:
    """What was read of a job. `cursors_sha256`: docs/evidence.md says over what."""

    job_id: str
    pages: int
    cursors_sha256: str
    unreadable: int
    available_until: datetime | None


def read_extract(house: House, read: ActivityRead, job_id: str) -> Extract:
    """Read every page of a fulfilled job into the ledger's lines of this recount. A page at a time is in memory.

    Nothing is changed by it but those lines, so it may be cut off anywhere and begun anew. Raises what Genesys and the
    ledger raise.
    """
    cursors, pages, unreadable = hashlib.sha256(), 0, 0
    available_until: datetime | None = None
    for page in job_results(house.patient_genesys, job_id):
        pages += 1
        cursors.update(f"{page.cursor or ''}\t{page.sha256}\n".encode())
        unreadable += log_invalid(read.day, page)
        available_until = page.available_until or available_until
        stage(house.engine, read.day, job_id, _lines(house, read, page))
    return Extract(job_id, pages, cursors.hexdigest(), unreadable, available_until)


def _lines(house: House, read: ActivityRead, page: JobPage) -> list[Line]:
    first, last = start_of(read.day), start_of(read.day + timedelta(days=1))
    ids = [UUID(one.conversation_id) for one in page.conversations]
    ends, records = known_ends(house.engine, ids), known_records(house.engine, ids)
    lines = [Line(UUID(one), None) for one in page.open_ids]
    for one in page.conversations:
        if one.ended_at is None:
            continue
        conversation_id = UUID(one.conversation_id)
        if not first <= one.ended_at < last:
            lines.append(Line(conversation_id, one.ended_at))
            continue
        difference = _difference(one, one.ended_at, ends.get(conversation_id, set()), records.get(conversation_id))
        record = one.raw if difference is not None else None
        lines.append(Line(conversation_id, one.ended_at, difference, record, one.recorded_session_ids))
    return lines


def _difference(one: Conversation, end: datetime, ends: set[datetime], known: KnownRecord | None) -> str | None:
    if not ends:
        return "missed"
    if end > max(ends):
        return "endedLater"
    if end not in ends:
        return "otherEnd"
    if known is not None and known.conversation_end == end and not same_facts(known.record, one.raw):
        return "seemsChanged"
    return None


def confirm_changes(house: House, read: ActivityRead) -> None:
    """Ask the query for what the extract has otherwise: the extract lags, and may be the older of the two.

    What the query gives no more counts as the extract has it.
    """
    for lines in differing(house.engine, read.day, ("seemsChanged",)):
        conversations = [parse_conversation(line.record) for line in lines]
        known = known_records(house.engine, [line.conversation_id for line in lines])
        now = _asked_again(house, conversations)
        for line, extracted in zip(lines, conversations, strict=True):
            record = now.get(extracted.conversation_id, extracted).raw
            held = known.get(line.conversation_id)
            changed = held is not None and not same_facts(held.record, record)
            say_again(
                house.engine,
                read.day,
                line.conversation_id,
                "changed" if changed else None,
                record if changed else None,
            )


def _asked_again(house: House, conversations: list[Conversation]) -> Mapping[str, Conversation]:
    """The conversations as the query has them, if they still ended then: another end is found by the enumeration."""
    ended = {one.conversation_id: one.ended_at for one in conversations}
    found = conversations_again(house.patient_genesys, conversations)
    return {name: one for name, one in found.items() if one.ended_at == ended.get(name)}


def archive_differing(house: House, read: ActivityRead) -> Iterator[list[ConversationRef]]:
    """Record what was missed, ended later or changed, as an enumeration would; what is new is to be enqueued."""
    for lines in differing(house.engine, read.day, ("missed", "endedLater", "changed")):
        yield record_page(house, [_found(parse_conversation(line.record)) for line in lines])


def _found(one: Conversation) -> Found:
    if one.ended_at is None:
        raise AssertionError(f"{one.conversation_id} has no end, and was to be archived")
    return Found(UUID(one.conversation_id), one.started_at, one.ended_at, day_of(one.ended_at), one.raw)
