"""Keeping a lease while work goes on: a download of an hour holds its row for an hour, a dead worker's is soon free."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

import structlog
from sqlalchemy import Table

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, LedgerUnreachable
from strongroom.ledger.hold_schema import conversation_holds, matter_searches
from strongroom.ledger.leases import Holder
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.request_schema import requests
from strongroom.ledger.restore_schema import restores
from strongroom.ledger.runs import Run
from strongroom.ledger.schema import activity_reads, conversations, recordings, runs

_log = structlog.get_logger()


@contextmanager
def kept_run(engine: Engine, run: Run, holder: Holder) -> Iterator[None]:
    """Keep a run's lease inside the block."""
    with _kept(engine, runs, {"run_id": run.run_id}, holder):
        yield


@contextmanager
def kept_activity_read(engine: Engine, day: date, holder: Holder) -> Iterator[None]:
    """Keep the lease of a day's activity read inside the block."""
    with _kept(engine, activity_reads, {"day": day}, holder):
        yield


@contextmanager
def kept_conversation(engine: Engine, ref: ConversationRef, holder: Holder) -> Iterator[None]:
    """Keep a conversation revision's lease inside the block."""
    with _kept(engine, conversations, ref._asdict(), holder):
        yield


@contextmanager
def kept_recording(engine: Engine, ref: RecordingRef, holder: Holder) -> Iterator[None]:
    """Keep a recording's lease inside the block."""
    with _kept(engine, recordings, ref._asdict(), holder):
        yield


@contextmanager
def kept_restore(engine: Engine, restore_id: int, holder: Holder) -> Iterator[None]:
    """Keep a restore's lease inside the block."""
    with _kept(engine, restores, {"restore_id": restore_id}, holder):
        yield


@contextmanager
def kept_request(engine: Engine, request_id: UUID, holder: Holder) -> Iterator[None]:
    """Keep a request's lease inside the block."""
    with _kept(engine, requests, {"request_id": request_id}, holder):
        yield


@contextmanager
def kept_hold_work(engine: Engine, conversation_id: UUID, holder: Holder) -> Iterator[None]:
    """Keep the lease of a conversation's holds inside the block."""
    with _kept(engine, conversation_holds, {"conversation_id": conversation_id}, holder):
        yield


@contextmanager
def kept_matter_search(engine: Engine, search_id: int, holder: Holder) -> Iterator[None]:
    """Keep the lease of a matter's search inside the block."""
    with _kept(engine, matter_searches, {"search_id": search_id}, holder):
        yield


@contextmanager
def _kept(engine: Engine, table: Table, ids: dict[str, object], holder: Holder) -> Iterator[None]:
    done = threading.Event()

    def beat() -> None:
        while not done.wait(holder.lease_s / 3):
            try:
                if not leases.renew(engine, table, ids, holder):
                    return
            except LedgerUnreachable as error:
                # not the end: if it stays away the lease runs out, and what is written then is refused
                _log.warning("lease not renewed", table=table.name, reason=str(error))

    thread = threading.Thread(target=beat, name=f"lease of {table.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
