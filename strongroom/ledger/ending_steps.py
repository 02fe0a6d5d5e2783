"""Carrying a list out, step by step: each step is one transaction, and what was cut off goes on from the last one.

    listed ─▶ deleting ─▶ deleted ─▶ certified ─▶ ended

From `deleting` on the record is gone for everybody; the store is told between `deleting` and `deleted`. A certificate
is made when all it names is deleted, and the ledger forgets a record when its certificate stands in the vault.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.ending_schema import OPEN_RECORD_STATES, certificates, ending_records, endings
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import log_entries
from strongroom.ledger.forgetting import close_links, forget_record
from strongroom.ledger.hold_order import await_other_holds
from strongroom.ledger.hold_searches import still_to_hold, still_to_look_at
from strongroom.ledger.schema import conversations
from strongroom.ledger.search_index import forget
from strongroom.ledger.standing_records import StandingRecord, standing_records


@dataclass(frozen=True)
class Judged:
    """What is to be said of a record: `listed`, that it may go, or the state in which it stays and why."""

    state: str
    cause: str
    article: str | None = None


Judge = Callable[[StandingRecord], Judged]
"""Decides on a record by what stands of it."""


@contextmanager
def ending_alone(engine: Engine) -> Iterator[bool]:
    """Hold the lock of whoever carries a list out, for as long as the block runs; False while another has it.

    It is a lock of Postgres's, which ends with the connection however this process ends. Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        yield bool(connection.scalar(select(func.pg_try_advisory_xact_lock(func.hashtext("strongroom.ending")))))


def begin_deleting(
    engine: Engine, ending_id: int, conversation_id: UUID, judge: Judge, begun_by: str
) -> StandingRecord | None:
    """The point of no return: judged once more while nobody can hold it, the record leaves the archive.

    None, and the record on the list says why, where it may not go now. `begun_by` is who carries the list out, by name.
    Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        await_other_holds(connection)
        approved = select(endings.c.ending_id).where(endings.c.ending_id == ending_id, endings.c.state == "approved")
        if connection.execute(approved.with_for_update(read=True)).one_or_none() is None:
            return None
        rows = select(conversations.c.revision).where(conversations.c.conversation_id == conversation_id)
        connection.execute(rows.with_for_update()).all()
        record = next(iter(standing_records(connection, [conversation_id])), None)
        judged = (
            Judged("kept", "nothing of it stands any more")
            if record is None
            else judge(_looked_for(connection, record))
        )
        if record is None or judged.state != "listed":
            _change(
                connection, ending_id, conversation_id, "listed", judged.state, judged.cause, article=judged.article
            )
            return None
        begun = _change(
            connection,
            ending_id,
            conversation_id,
            "listed",
            "deleting",
            "its objects are being deleted",
            begun_by=begun_by,
        )
        if not begun:
            return None
        forget(connection, conversation_id)
        close_links(connection, conversation_id)
        connection.execute(
            update(conversations)
            .where(conversations.c.conversation_id == conversation_id, conversations.c.state == "archived")
            .values(
                state="ending",
                state_at=func.clock_timestamp(),
                cause=f"on list {ending_id}, which was approved",
                lease_owner=None,
                lease_until=None,
            )
        )
        return record


def refused_by_store(engine: Engine, ending_id: int, conversation_id: UUID, cause: str) -> None:
    """The store let none of its objects go: the record is in the archive again, and stays. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        for before in ("listed", "deleting"):
            _change(connection, ending_id, conversation_id, before, "refused", cause)
        _take_back(connection, conversation_id)


def held_meanwhile(engine: Engine, ending_id: int, conversation_id: UUID, judge: Judge) -> bool:
    """Whether a record that was begun with has come to be held since: it is in the archive again, and stays.

    To be asked while all of it stands. Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        await_other_holds(connection)
        record = next(iter(standing_records(connection, [conversation_id])), None)
        judged = None if record is None else judge(record)
        if judged is None or judged.state != "held":
            return False
        held = _change(
            connection, ending_id, conversation_id, "deleting", judged.state, judged.cause, article=judged.article
        )
        if held:
            _take_back(connection, conversation_id)
        return held


def stuck(engine: Engine, ending_id: int, conversation_id: UUID, cause: str) -> None:
    """Some of its objects went and the store keeps another: said on the list, and tried again by the next run."""
    with transaction(engine) as connection:
        _change(connection, ending_id, conversation_id, "deleting", "deleting", cause)


def record_deleted(engine: Engine, ending_id: int, conversation_id: UUID) -> None:
    """No version of any of its objects stands any more. Raises LedgerUnreachable."""
    with transaction(engine) as connection:
        _change(connection, ending_id, conversation_id, "deleting", "deleted", "gone from the vault")


def certify(
    engine: Engine,
    ending_id: int,
    limit: int,
    write: Callable[[int, datetime, str | None, list[StandingRecord]], bytes],
) -> bool:
    """Commit the next certificate, over up to `limit` records that are deleted; False when there are none.

    `write` gives its bytes, of its number, the database's time, who began to delete them (one for all of a certificate,
    None for what was begun before migration 0017), and what stood of the records. Numbers have no gap: one transaction
    at a time takes the next, behind those in the log as well. Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.certificates"))))
        of_list = (ending_records.c.ending_id == ending_id, ending_records.c.state == "deleted")
        deleted = connection.execute(
            select(ending_records.c.conversation_id, ending_records.c.begun_by)
            .where(*of_list)
            .order_by(ending_records.c.begun_by, ending_records.c.conversation_id)
            .limit(limit)
        ).all()
        if not deleted:
            return False
        begun_by = deleted[0].begun_by
        ids = [row.conversation_id for row in deleted if row.begun_by == begun_by]
        kind = connection.execute(select(endings.c.kind).where(endings.c.ending_id == ending_id)).scalar_one()
        number = _next_number(connection)
        made_at: datetime = connection.execute(
            select(func.date_trunc("milliseconds", func.clock_timestamp()))
        ).scalar_one()
        document = write(number, made_at, begun_by, standing_records(connection, ids))
        connection.execute(
            insert(certificates).values(
                number=number,
                kind=kind,
                ending_id=ending_id,
                document=document.decode(),
                made_at=made_at,
                records=len(ids),
            )
        )
        connection.execute(
            update(ending_records)
            .where(*of_list, ending_records.c.conversation_id.in_(ids))
            .values(
                state="certified",
                state_at=func.clock_timestamp(),
                cause=f"certificate {number} is being stored",
                certificate=number,
            )
        )
        return True


def certificates_to_store(engine: Engine, ending_id: int) -> list[tuple[int, datetime, bytes]]:
    """Number, time and bytes of the list's certificates whose records the ledger has not forgotten yet."""
    unforgotten = (
        select(ending_records.c.certificate)
        .where(ending_records.c.ending_id == ending_id, ending_records.c.state == "certified")
        .distinct()
    )
    statement = (
        select(certificates.c.number, certificates.c.made_at, certificates.c.document)
        .where(certificates.c.number.in_(unforgotten))
        .order_by(certificates.c.number)
    )
    with transaction(engine) as connection:
        return [(row.number, row.made_at, row.document.encode()) for row in connection.execute(statement)]


def certified_records(engine: Engine, number: int) -> list[UUID]:
    """The records of a certificate that the ledger has not forgotten yet. Raises LedgerUnreachable."""
    statement = (
        select(ending_records.c.conversation_id)
        .where(ending_records.c.certificate == number, ending_records.c.state == "certified")
        .order_by(ending_records.c.conversation_id)
    )
    with transaction(engine) as connection:
        return list(connection.scalars(statement))


def end_record(
    engine: Engine, ending_id: int, conversation_id: UUID, number: int, words: str, event: NewEvent
) -> list[UUID]:
    """The certificate stands: the ledger forgets all that was personal of the record, with its event of custody.

    `words` say what happened, as `erased under certificate 7`. Done twice it changes nothing. Returns the requests of
    Legal that had named it. Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        ended = _change(connection, ending_id, conversation_id, "certified", "ended", words)
        if not ended:
            return []
        requests = forget_record(connection, conversation_id, number, words)
        append_events(connection, [event])
        return requests


def learn_certificate(
    engine: Engine,
    number: int,
    kind: str,
    document: bytes,
    made_at: datetime,
    records: int,
    revisions: Sequence[tuple[UUID, int]],
    words: str,
) -> None:
    """Take over a certificate that the log has, and forget the revisions it names, in one transaction.

    Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        connection.execute(
            insert(certificates).values(
                number=number, kind=kind, document=document.decode(), made_at=made_at, records=records
            )
        )
        for conversation_id, revision in revisions:
            connection.execute(
                update(conversations)
                .where(
                    conversations.c.conversation_id == conversation_id,
                    conversations.c.revision == revision,
                    conversations.c.state.in_(("archived", "ending")),
                )
                .values(
                    state="ending", state_at=func.clock_timestamp(), cause=words, lease_owner=None, lease_until=None
                )
            )
        for conversation_id in dict.fromkeys(one for one, _ in revisions):
            forget(connection, conversation_id)
            forget_record(connection, conversation_id, number, words)
            # a revision that did not end is looked for as before
            connection.execute(
                update(conversations)
                .where(conversations.c.conversation_id == conversation_id, conversations.c.state == "archived")
                .values(indexed_at=None, due_at=func.clock_timestamp())
            )


def finish_list(engine: Engine, ending_id: int, cause: str) -> bool:
    """An approved list of which nothing is left to do has ended; False while something is. Raises LedgerUnreachable."""
    left = (
        select(ending_records.c.conversation_id)
        .where(ending_records.c.ending_id == ending_id, ending_records.c.state.in_(OPEN_RECORD_STATES))
        .exists()
    )
    statement = (
        update(endings)
        .where(endings.c.ending_id == ending_id, endings.c.state == "approved", ~left)
        .values(state="ended", state_at=func.clock_timestamp(), cause=cause)
    )
    with transaction(engine) as connection:
        return connection.execute(statement).rowcount == 1


def records_to_delete(engine: Engine, ending_id: int, limit: int) -> Sequence[tuple[UUID, str]]:
    """Records with their state of which something is left to delete, those first that were begun with."""
    columns = ending_records.c
    statement = (
        select(columns.conversation_id, columns.state)
        .where(columns.ending_id == ending_id, columns.state.in_(("listed", "deleting")))
        .order_by(columns.state, columns.conversation_id)
        .limit(limit)
    )
    with transaction(engine) as connection:
        return [(row[0], row[1]) for row in connection.execute(statement)]


def _take_back(connection: Connection, conversation_id: UUID) -> None:
    connection.execute(
        update(conversations)
        .where(conversations.c.conversation_id == conversation_id, conversations.c.state == "ending")
        .values(
            state="archived",
            state_at=func.clock_timestamp(),
            cause="the manifest stands in the vault",
            # it is found again once the sweep has indexed it
            indexed_at=None,
            due_at=func.clock_timestamp(),
            enqueued_at=None,
        )
    )


def _looked_for(connection: Connection, record: StandingRecord) -> StandingRecord:
    """The record, with what the matters' searches that have not come to it yet will find."""
    found = still_to_hold(connection, record.conversation_id)
    return replace(
        record,
        matters=tuple(dict.fromkeys((*record.matters, *found))),
        unseen=still_to_look_at(connection, record.conversation_id),
    )


def _next_number(connection: Connection) -> int:
    known = connection.scalar(select(func.max(certificates.c.number))) or 0
    refs = connection.scalars(select(log_entries.c.ref).where(log_entries.c.kind == "certificate"))
    return max([known, *(int(ref.rpartition("/")[2]) for ref in refs)]) + 1


def _change(
    connection: Connection,
    ending_id: int,
    conversation_id: UUID,
    before: str,
    state: str,
    cause: str,
    article: str | None = None,
    **others: str,
) -> bool:
    statement = (
        update(ending_records)
        .where(
            ending_records.c.ending_id == ending_id,
            ending_records.c.conversation_id == conversation_id,
            ending_records.c.state == before,
        )
        .values(state=state, state_at=func.clock_timestamp(), cause=cause, article=article, **others)
    )
    return connection.execute(statement).rowcount == 1
