"""Where an object stands as it grows older, what that costs, and from which size on it pays."""

from dataclasses import dataclass
from decimal import Decimal

from strongroom.vault.prices import GB_BYTES, KB_BYTES, PriceTable, StorageClass

YEAR_DAYS = 365
YEAR_MONTHS = 12
MONTH_DAYS = Decimal(YEAR_DAYS) / YEAR_MONTHS

_LARGEST_KB = 1024 * 1024


@dataclass(frozen=True)
class Transition:
    """A move to another storage class, days after the object was created."""

    after_days: int
    storage_class: StorageClass


@dataclass(frozen=True)
class Profile:
    """A named row of transitions; without any, objects stay in STANDARD. `line` is where the file has it."""

    name: str
    transitions: tuple[Transition, ...]
    line: int

    def within(self, retained_years: int) -> tuple[Transition, ...]:
        """The transitions that come before the end of the retention."""
        return tuple(each for each in self.transitions if each.after_days < retained_years * YEAR_DAYS)


@dataclass(frozen=True)
class Stay:
    """The months of an object's life, from its creation, for which a storage class bills it."""

    storage_class: StorageClass
    from_month: Decimal
    until_month: Decimal

    def billed(self, month: int) -> Decimal:
        """Which part of this month of its life (counted from 0) is billed."""
        return max(Decimal(0), min(self.until_month, Decimal(month + 1)) - max(self.from_month, Decimal(month)))


def stays(prices: PriceTable, transitions: tuple[Transition, ...], retained_years: int) -> tuple[Stay, ...]:
    """Where an object is billed from its creation to its disposal at the end of its retention.

    What is moved or disposed of before a class's minimum is billed to the end of the minimum.
    """
    end_month = Decimal(retained_years * YEAR_MONTHS)
    moves = [(Decimal(0), prices.standard)]
    moves += [(each.after_days / MONTH_DAYS, each.storage_class) for each in transitions]
    ends = [month for month, _ in moves[1:]] + [end_month]
    found = []
    for (begin, storage_class), end in zip(moves, ends, strict=True):
        if end > begin:
            billed_until = max(end, begin + storage_class.minimum_days / MONTH_DAYS)
            found.append(Stay(storage_class, begin, billed_until))
    return tuple(found)


def kept_usd(prices: PriceTable, transitions: tuple[Transition, ...], size_bytes: int, retained_years: int) -> Decimal:
    """What one object costs for the whole of its retention, transitions included, without requests and retrievals.

    By the prices of the first step: what small objects are billed by, of which alone there are seldom many TB.
    """
    total = sum((each.storage_class.transitions_per_1000_usd for each in transitions), Decimal(0)) / 1000
    for stay in stays(prices, transitions, retained_years):
        storage_class = stay.storage_class
        monthly = storage_class.billed_bytes(size_bytes) * storage_class.gb_month_usd
        monthly += storage_class.overhead_standard_bytes * prices.standard.gb_month_usd
        total += (stay.until_month - stay.from_month) * monthly / GB_BYTES
    return total


def break_even_bytes(prices: PriceTable, transitions: tuple[Transition, ...], retained_years: int) -> int | None:
    """The size, in whole KB, from which on these transitions cost no more than to stay in STANDARD; None: never.

    Below it the fees of each transition, the minimum sizes and the overheads weigh more than the lower price.
    """

    def pays(size_kb: int) -> bool:
        size_bytes = size_kb * KB_BYTES
        moved = kept_usd(prices, transitions, size_bytes, retained_years)
        return moved <= kept_usd(prices, (), size_bytes, retained_years)

    if not pays(_LARGEST_KB):
        return None
    low_kb, high_kb = -1, _LARGEST_KB
    while high_kb - low_kb > 1:
        middle_kb = (low_kb + high_kb) // 2
        if pays(middle_kb):
            high_kb = middle_kb
        else:
            low_kb = middle_kb
    return high_kb * KB_BYTES
