"""Evidence stays locked as long as any record that rests on it: each night, what would run out too soon is extended."""

from dataclasses import dataclass
from datetime import datetime

from strongroom.house import House
from strongroom.ledger.evidence_objects import outlived_by_records
from strongroom.pipeline.evidence_store import evidence_lock, lengthen
from strongroom.retention.calendar import add_years

MOST_A_NIGHT = 5_000
"""Objects extended in one night, with two requests each: at most ten thousand. The rest waits for the next night; there
are a year's nights before the first of them runs out."""


@dataclass(frozen=True)
class Kept:
    """How many objects were extended; `more` when there are others that wait for the next night."""

    extended: int
    more: bool


def keep_evidence(house: House, now: datetime, limit: int = MOST_A_NIGHT) -> Kept:
    """Extend the locks that end within a year, and before that of a record whose proof rests on the object.

    Those that end first come first. In a trial vault nothing is kept. Raises the vault's and the ledger's errors.
    """
    if house.settings.trial:
        return Kept(0, more=False)
    short = outlived_by_records(house.engine, add_years(now, 1), limit + 1)
    for standing in short[:limit]:
        lengthen(house, standing, evidence_lock(house, now))
    return Kept(len(short[:limit]), more=len(short) > limit)
