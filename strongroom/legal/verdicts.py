"""May a record go? Decided from what stands of it, the same way when a list is drawn up and when it is carried out.

GDPR, Article 17(3): erasure is not owed as far as processing is necessary (b) for compliance with a legal obligation to
keep, (e) for the establishment, exercise or defence of legal claims.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from strongroom.ledger.ending_steps import Judge, Judged
from strongroom.ledger.standing_records import StandingRecord
from strongroom.retention.classes import RetentionClass

LEGAL_OBLIGATION = "17(3)(b)"
LEGAL_CLAIMS = "17(3)(e)"

MAY_GO = "listed"
HELD = "held"
KEPT = "kept"

Clock = Callable[[], datetime]
"""What time it is; asked at each record, since a list takes hours to carry out."""


def disposition_judge(now: Clock, *, trial: bool) -> Judge:
    """Who decides on disposition: all retention has run out, and nobody needs the record."""

    def judge(record: StandingRecord) -> Judged:
        needed = _needed(record)
        if needed is not None:
            return needed
        until = _kept_until(record, trial=trial)
        if until is None or until > now():
            return Judged(KEPT, "its retention has not run out")
        return Judged(MAY_GO, "its retention has run out")

    return judge


def erasure_judge(classes: Mapping[str, RetentionClass], now: Clock, *, trial: bool) -> Judge:
    """Who decides on erasure: its class may be erased and no COMPLIANCE lock stands, or its retention has run out."""

    def judge(record: StandingRecord) -> Judged:
        needed = _needed(record)
        if needed is not None:
            return needed
        at = now()
        until = _kept_until(record, trial=trial)
        if until is not None and until <= at:
            return Judged(MAY_GO, "its retention has run out")
        for one in record.revisions:
            known = classes.get(one.retention_class or "")
            if known is None or not known.erasable:
                return Judged(KEPT, f"must be kept under {one.basis or 'a basis that is not told'}", LEGAL_OBLIGATION)
        if any(one.lock_mode == "COMPLIANCE" and one.retain_until > at for one in record.objects):
            return Judged(KEPT, "locked under COMPLIANCE, which nobody can lift", LEGAL_OBLIGATION)
        return Judged(MAY_GO, "its class may be erased")

    return judge


def _needed(record: StandingRecord) -> Judged | None:
    """Why a record stays whatever its retention says; None where nothing keeps it."""
    if record.matters:
        return Judged(HELD, f"held: {', '.join(record.matters)}", LEGAL_CLAIMS)
    if any(one.held for one in record.objects):
        return Judged(HELD, "a hold that was released still stands in the store", LEGAL_CLAIMS)
    if record.requested:
        return Judged(KEPT, "an open request of Legal names it", LEGAL_CLAIMS)
    return _unsettled(record)


def _unsettled(record: StandingRecord) -> Judged | None:
    """What is still under way with a record; None where nothing is."""
    if record.unseen:
        return Judged(KEPT, "it is still to be indexed, and matters look for what they hold")
    open_revisions = [one for one in record.revisions if one.state != "archived"]
    if open_revisions:
        one = open_revisions[0]
        return Judged(KEPT, f"revision {one.revision} is {one.state}: it must be settled first")
    if record.fetching:
        return Judged(KEPT, "a recording of it is being fetched again")
    return None


def _kept_until(record: StandingRecord, *, trial: bool) -> datetime | None:
    """Until when all of it is kept: the latest of policy and locks; in a trial, of the locks alone. None: for ever."""
    ends = [one.retain_until for one in record.objects]
    if not trial:
        ends += [one.retain_until for one in record.revisions if one.retain_until is not None]
        if any(one.retain_until is None for one in record.revisions):
            return None
    return max(ends, default=None)
