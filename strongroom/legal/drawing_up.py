"""What a list says of a record: its class and basis, how long it is kept, and what deleting it early would cost."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from strongroom.house import House, class_promises
from strongroom.ledger.ending_steps import Judge
from strongroom.ledger.endings import EndingRecord
from strongroom.ledger.standing_records import StandingObject, StandingRecord
from strongroom.vault.cost.early_deletion import early_deletion_usd
from strongroom.vault.promise import ClassPromise
from strongroom.vault.tiers import movable_bytes

_DAY_S = 86_400
_UNKNOWN = "(not decided)"


def on_the_list(house: House, found: Iterable[StandingRecord], judge: Judge, now: datetime) -> Sequence[EndingRecord]:
    """Each record as the list has it: whether it may go, or why it stays."""
    return [_entry(house, record, judge, now) for record in found]


def _entry(house: House, record: StandingRecord, judge: Judge, now: datetime) -> EndingRecord:
    judged, latest = judge(record), record.latest
    ends = [one.retain_until for one in record.objects]
    ends += [one.retain_until for one in record.revisions if one.retain_until is not None]
    modes = {one.lock_mode for one in record.objects} | {one.lock_mode for one in record.revisions}
    return EndingRecord(
        conversation_id=record.conversation_id,
        retention_class=latest.retention_class or _UNKNOWN,
        basis=latest.basis or _UNKNOWN,
        lock_mode="COMPLIANCE" if "COMPLIANCE" in modes else "GOVERNANCE",
        retain_until=max(ends, default=now),
        objects=len(record.objects),
        size_bytes=record.size_bytes,
        early_usd=sum((_early_usd(house, record, one, now) for one in record.objects), Decimal(0)),
        article=judged.article,
        state=judged.state,
        cause=judged.cause,
    )


def _early_usd(house: House, record: StandingRecord, one: StandingObject, now: datetime) -> Decimal:
    """By the class of the revision that put it, as its tag has it, and by the tiers file."""
    name = next((each.retention_class for each in record.revisions if each.revision == one.revision), None)
    promise: ClassPromise | None = class_promises(house.policy).get(name or "")
    if name is None or promise is None:
        return Decimal(0)
    profile = house.tiers.of_class(name).profile
    transitions = profile.within(promise.retained_years)
    if not transitions:
        return Decimal(0)
    least_bytes = movable_bytes(house.tiers, name, profile, promise.retained_years)
    age_days = Decimal((now - one.stored_at).total_seconds()) / _DAY_S
    return early_deletion_usd(house.tiers.prices, transitions, least_bytes, one.size_bytes, age_days)
