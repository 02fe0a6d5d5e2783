"""The sweep: whatever the ledger says is due and no one holds is enqueued again. The broker may lose every message."""

from dataclasses import dataclass
from datetime import date, datetime

import structlog

from strongroom.house import House
from strongroom.ledger.activity import want_activity_reads
from strongroom.ledger.due import (
    claim_activity_reads,
    claim_batches,
    claim_captured,
    claim_discovered,
    claim_for_batches,
    claim_recordings,
    claim_runs,
    claim_unindexed,
    claim_unlisted,
)
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.runs import settle_runs
from strongroom.pipeline.days import open_missed_days
from strongroom.pipeline.log_keys import NO_KEY, can_seal
from strongroom.pipeline.seal import needs_sealing

_log = structlog.get_logger()


@dataclass(frozen=True)
class Due:
    """What must be enqueued, the days that were found finished, and whether there is something to seal.

    `for_batches` are gathered, `discovered` and `unlisted` are captured one by one; `batches` are followed.
    """

    days: list[date]
    activity: list[date]
    discovered: list[ConversationRef]
    for_batches: list[ConversationRef]
    unlisted: list[ConversationRef]
    batches: list[int]
    captured: list[ConversationRef]
    recordings: list[RecordingRef]
    unindexed: list[ConversationRef]
    settled: list[date]
    seal: bool


def sweep(house: House, now: datetime, room: int) -> Due:
    """Find what is due; of conversations and recordings at most `room` each, the longest due first."""
    grace_s = house.settings.enqueue_grace_s
    batch = min(room, house.settings.sweep_batch)
    gathers = house.settings.batch_size > 0
    open_missed_days(house, now)
    want_activity_reads(house.engine)
    settled = settle_runs(house.engine)
    return Due(
        days=[run.day for run in claim_runs(house.engine, grace_s, house.settings.sweep_batch)],
        activity=claim_activity_reads(house.engine, grace_s, house.settings.sweep_batch),
        for_batches=claim_for_batches(house.engine, grace_s, batch) if gathers else [],
        discovered=claim_discovered(house.engine, grace_s, batch, first_revision=2 if gathers else 1),
        unlisted=claim_unlisted(house.engine, grace_s, batch),
        batches=claim_batches(house.engine, grace_s, house.settings.sweep_batch),
        captured=claim_captured(house.engine, grace_s, house.settings.sweep_batch),
        recordings=claim_recordings(house.engine, grace_s, batch),
        unindexed=claim_unindexed(house.engine, grace_s, batch),
        settled=settled,
        seal=_seal(house),
    )


def _seal(house: House) -> bool:
    """Whether to send for a sealing; where there is no key to sign with, the log says so once a sweep."""
    needed = needs_sealing(house)
    if needed and not can_seal(house.settings):
        _log.warning("settled days are not sealed", reason=NO_KEY)
        return False
    return needed
