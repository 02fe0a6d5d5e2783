"""The recount of a day: Genesys's own extract against the ledger and against the bucket, and what was missed archived.

It may be cut off anywhere and run again: what a first run found is kept with the lines it read, and the result is
committed once, under the lease, before it is put.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import structlog

from strongroom.house import House
from strongroom.ledger.activity import ActivityRead, activity_was_read, counted
from strongroom.ledger.recounts import find_recount, number_in_log
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.recount_extract import archive_differing, confirm_changes, read_extract
from strongroom.pipeline.recount_result import result_of
from strongroom.pipeline.recount_sessions import Sessions, compare_sessions
from strongroom.pipeline.recount_store import store_recount
from strongroom.pipeline.recount_vault import VaultSide, compare_with_vault

_log = structlog.get_logger()


def recount(house: House, read: ActivityRead, job_id: str) -> Iterator[list[ConversationRef]]:
    """Recount a day from a fulfilled job and commit the result; yields what is to be enqueued, archived at once.

    The vault comes before what was missed is archived: what only the ledger had lost is brought back, not put again.
    Raises LeaseLost, and what Genesys, the vault and the ledger raise.
    """
    extract = read_extract(house, read, job_id)
    confirm_changes(house, read)
    vault, sessions = VaultSide(), Sessions()
    yield from filter(
        None,
        chain(
            compare_with_vault(house, read, vault),
            archive_differing(house, read),
            compare_sessions(house, read, job_id, sessions),
        ),
    )
    # a ledger that was restored from a backup may have lost results that the log has again, and the vault
    read = replace(read, number=max(read.number, number_in_log(house.engine, read.day) + 1))
    result = result_of(house, read, extract, vault, sessions)
    counted(
        house.engine,
        read,
        house.holder,
        result.document,
        conversations=result.conversations,
        differences=result.differences,
    )
    _log.info("day recounted", day=str(read.day), conversations=result.conversations, differences=result.differences)


def put_result(house: House, read: ActivityRead) -> None:
    """Put a committed result into the vault; then the day is reconciled.

    Raises LeaseLost, and the vault's and the ledger's errors.
    """
    found = find_recount(house.engine, read.day, read.number)
    if found is None:
        raise AssertionError(f"recount {read.number} of {read.day} is counted and has no result")
    store_recount(house, found)
    activity_was_read(house.engine, read, house.holder)
