"""The vault's bill, month by month, from an empty bucket on.

A month is a twelfth of 365 days, and what arrives in it counts from its first day: the model errs upwards, by half a
month of ingest at most. Everything is disposed of when its years are over. Not in it: data transfer, KMS requests, the
parts of multipart uploads, copies that a restore keeps for some days, and taxes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from strongroom.vault.cost.ingest import Ingest, Stream
from strongroom.vault.prices import GB_BYTES, STANDARD, PriceTable, StorageClass
from strongroom.vault.profiles import MONTH_DAYS, Stay, Transition, break_even_bytes, stays
from strongroom.vault.promise import ClassPromise
from strongroom.vault.tiers import Tiers

_PUTS_AN_OBJECT = 3
"""The put, and the key's versions listed before and after it; LIST is billed as PUT. See vault/put_once.py."""
_GETS_AN_OBJECT = 1
"""Its size, hash and lock read back."""

_NONE = Decimal(0)


@dataclass(frozen=True)
class MonthBill:
    """One month, counted from 1. `kept_gb` are the objects' own bytes, `billed_gb` what each class bills; USD."""

    month: int
    kept_gb: Decimal
    billed_gb: Mapping[str, Decimal]
    storage_usd: Decimal
    requests_usd: Decimal
    transitions_usd: Decimal
    retrievals_usd: Decimal

    @property
    def total_usd(self) -> Decimal:
        """The month's bill."""
        return self.storage_usd + self.requests_usd + self.transitions_usd + self.retrievals_usd


def project(
    tiers: Tiers, promises: Mapping[str, ClassPromise], ingest: Ingest, *, months: int, retrievals_per_month: int
) -> tuple[MonthBill, ...]:
    """The bills of the first `months` months. Retrieved are whole interactions, of any age with the same chance."""
    planned = [_Planned.of(tiers, promises, stream) for stream in ingest.streams]
    share = retrievals_per_month / ingest.interactions_per_month if ingest.interactions_per_month else _NONE
    return tuple(_bill(tiers.prices, planned, month, share) for month in range(months))


@dataclass
class _Planned:
    """A stream with where it will stand; `standing` has the number of its objects in each stay, counted month on."""

    stream: Stream
    transitions: tuple[Transition, ...]
    stays: tuple[Stay, ...]
    standing: list[Decimal]
    allowed_minutes: int

    @classmethod
    def of(cls, tiers: Tiers, promises: Mapping[str, ClassPromise], stream: Stream) -> "_Planned":
        tier = tiers.of_class(stream.retention_class)
        transitions = tier.profile.within(stream.retained_years)
        least_bytes = break_even_bytes(tiers.prices, transitions, stream.retained_years)
        if least_bytes is None or stream.object_bytes <= least_bytes:
            transitions = ()
        found = stays(tiers.prices, transitions, stream.retained_years)
        hours = max(promises[stream.retention_class].retrieval_promise_hours, tier.accepts_retrieval_hours or 0)
        return cls(stream, transitions, found, [_NONE] * len(found), hours * 60)

    def count_month(self, month: int) -> None:
        """Another month's arrivals stand beside the older ones, and those have grown a month older."""
        for index, stay in enumerate(self.stays):
            self.standing[index] += self.stream.objects_per_month * stay.billed(month)


def _bill(prices: PriceTable, planned: list[_Planned], month: int, share: Decimal) -> MonthBill:
    billed_gb = dict.fromkeys(prices.storage_classes, _NONE)
    kept_gb = requests = transitions = retrievals = _NONE
    for each in planned:
        each.count_month(month)
        stream = each.stream
        for stay, objects in zip(each.stays, each.standing, strict=True):
            storage_class = stay.storage_class
            billed_gb[storage_class.name] += objects * storage_class.billed_bytes(stream.object_bytes) / GB_BYTES
            billed_gb[STANDARD] += objects * storage_class.overhead_standard_bytes / GB_BYTES
        kept_gb += stream.gb_per_month * min(month + 1, stream.retained_months)
        requests += stream.objects_per_month * _put_usd(prices.standard)
        transitions += stream.objects_per_month * _moved_usd(each.transitions, month)
        retrievals += stream.objects_per_month * share * _retrieved_usd(each)
    storage = sum((prices.storage_classes[name].storage_usd(gb) for name, gb in billed_gb.items()), _NONE)
    return MonthBill(month + 1, kept_gb, billed_gb, storage, requests, transitions, retrievals)


def _put_usd(standard: StorageClass) -> Decimal:
    return (_PUTS_AN_OBJECT * standard.puts_per_1000_usd + _GETS_AN_OBJECT * standard.gets_per_1000_usd) / 1000


def _moved_usd(transitions: tuple[Transition, ...], month: int) -> Decimal:
    moved = (each for each in transitions if each.after_days / MONTH_DAYS < month + 1)
    return sum((each.storage_class.transitions_per_1000_usd for each in moved), _NONE) / 1000


def _retrieved_usd(planned: _Planned) -> Decimal:
    """What it costs to read one object of the stream, on average over where they stand."""
    in_all = sum(planned.standing, _NONE)
    if not in_all:
        return _NONE
    costs = (
        objects * _read_usd(stay.storage_class, planned.stream.object_bytes, planned.allowed_minutes)
        for stay, objects in zip(planned.stays, planned.standing, strict=True)
    )
    return sum(costs, _NONE) / in_all


def _read_usd(storage_class: StorageClass, size_bytes: int, allowed_minutes: int) -> Decimal:
    """By the cheapest restore that is in time by its word, or the fastest when none is."""
    gb = Decimal(size_bytes) / GB_BYTES
    read = storage_class.gets_per_1000_usd / 1000 + gb * storage_class.retrieved_gb_usd
    if not storage_class.restores:
        return read
    in_time = [each for each in storage_class.restores if each.minutes_at_most <= allowed_minutes]
    costs = [gb * each.gb_usd + each.per_1000_usd / 1000 for each in in_time]
    if costs:
        return read + min(costs)
    fastest = min(storage_class.restores, key=lambda each: each.minutes_at_most)
    return read + gb * fastest.gb_usd + fastest.per_1000_usd / 1000
