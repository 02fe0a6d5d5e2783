"""A day's custody events go into the vault as one object, its head into the log: no custody is in one place only."""

import structlog

from strongroom.evidence.custody import verify_chain
from strongroom.evidence.entries import CustodyEntry
from strongroom.evidence.errors import ProofRefused
from strongroom.house import House
from strongroom.ledger.custody import events_between, hash_at
from strongroom.ledger.custody_days import CustodyDay, close_custody_days, custody_days_not_logged
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.vault.evidence_keys import custody_key

CONTENT_TYPE = "application/x-ndjson"

_log = structlog.get_logger()


def store_custody_days(house: House) -> list[CustodyEntry]:
    """Store every day that is over and not in the log yet; the entries the log must have, the first day first.

    A day whose lines in the ledger don't hold together is not stored as if they did: it is left out and logged as an
    error, and `strongroom verify` says what was expected and found. Run again it stores nothing twice. Raises the
    vault's and the ledger's errors.
    """
    close_custody_days(house.engine)
    return [entry for day in custody_days_not_logged(house.engine) if (entry := _store(house, day)) is not None]


def _store(house: House, day: CustodyDay) -> CustodyEntry | None:
    lines = [row.line for row in events_between(house.engine, day.first_position, day.last_position)]
    try:
        verify_chain(
            lines,
            position=day.first_position,
            previous=hash_at(house.engine, day.first_position - 1),
            head=day.head,
        )
    except ProofRefused as error:
        _log.error("the day's custody chain is broken", day=str(day.day), reason=str(error))
        return None
    stored = store_evidence(
        house,
        "custody",
        custody_key(day.day),
        b"".join(line + b"\n" for line in lines),
        content_type=CONTENT_TYPE,
        day=day.day,
    )
    return CustodyEntry(
        trial=house.settings.trial,
        key=stored.key,
        version_id=stored.standing_version,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        day=day.day,
        events=day.events,
        first=day.first_position,
        last=day.last_position,
        head=day.head,
    )
