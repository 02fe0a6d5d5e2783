"""The sweep: whatever the ledger says is due and no one holds is enqueued again. The broker may lose every message."""

from dataclasses import dataclass
from datetime import date, datetime

import structlog

from strongroom.house import House
from strongroom.ledger.activity import want_activity_reads
from strongroom.ledger.backfills import finish_backfills
from strongroom.ledger.due import claim_activity_reads, claim_backfills, claim_runs
from strongroom.pipeline.days import open_missed_days, settle_days
from strongroom.pipeline.log_keys import NO_KEY, can_seal
from strongroom.pipeline.seal import needs_sealing

_log = structlog.get_logger()


@dataclass(frozen=True)
class Due:
    """What must be enqueued, and whether there is something to seal."""

    days: list[date]
    activity: list[date]
    backfills: list[int]
    seal: bool


def sweep(house: House, now: datetime) -> Due:
    """Open, settle and finish what is to be, and find what is due; conversations and recordings: see `feeding`."""
    grace_s, batch = house.settings.enqueue_grace_s, house.settings.sweep_batch
    open_missed_days(house, now)
    want_activity_reads(house.engine)
    settle_days(house)
    finish_backfills(house.engine)
    return Due(
        days=[run.day for run in claim_runs(house.engine, grace_s, batch)],
        activity=claim_activity_reads(house.engine, grace_s, batch),
        backfills=claim_backfills(house.engine, grace_s, batch),
        seal=_seal(house),
    )


def _seal(house: House) -> bool:
    """Whether to send for a sealing; where there is no key to sign with, the log says so once a sweep."""
    needed = needs_sealing(house)
    if needed and not can_seal(house.settings):
        _log.warning("settled days are not sealed", reason=NO_KEY)
        return False
    return needed
