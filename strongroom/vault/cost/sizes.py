"""Why small objects stay where they are: what objects of each size cost in each storage class."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from strongroom.vault.prices import KB_BYTES, STANDARD, PriceTable
from strongroom.vault.profiles import Transition, break_even_bytes, kept_usd

SIZES_KB = (4, 16, 32, 64, 128, 1024, 3072)
_MILLION = 1_000_000


@dataclass(frozen=True)
class SizeRow:
    """A million objects of one size for the whole of their retention, by storage class, in USD."""

    size_bytes: int
    usd: Mapping[str, Decimal]

    @property
    def cheapest(self) -> str:
        """The storage class that costs least."""
        return min(self.usd, key=self.usd.__getitem__)


@dataclass(frozen=True)
class Sizes:
    """`break_even_bytes`: the size from which on a class costs no more than STANDARD; None: never."""

    retained_years: int
    rows: tuple[SizeRow, ...]
    break_even_bytes: Mapping[str, int | None]


def price_sizes(prices: PriceTable, retained_years: int) -> Sizes:
    """Each size in each class, moved there on the first day and kept to the end; without requests and retrievals."""
    ways = {
        name: () if name == STANDARD else (Transition(0, storage_class),)
        for name, storage_class in prices.storage_classes.items()
    }
    rows = []
    for size_kb in SIZES_KB:
        size_bytes = size_kb * KB_BYTES
        costs = {name: kept_usd(prices, way, size_bytes, retained_years) * _MILLION for name, way in ways.items()}
        rows.append(SizeRow(size_bytes, costs))
    break_even = {name: break_even_bytes(prices, way, retained_years) for name, way in ways.items() if way}
    return Sizes(retained_years, tuple(rows), break_even)
