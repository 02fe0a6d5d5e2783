"""What S3 charges, and how long it takes to bring an object back. The figures themselves are in the tiers file."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

KB_BYTES = 1024
GB_BYTES = 1024**3
TB_GB = 1024

STANDARD = "STANDARD"
WATERFALL = (STANDARD, "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""The storage classes we use. A lifecycle rule moves objects down this list only (S3 User Guide, "Transitioning objects
using Amazon S3 Lifecycle")."""
ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Where an object must be restored before it can be read."""


@dataclass(frozen=True)
class PriceStep:
    """USD for a GB-month, for the GB up to this many in the class at a time; None: for all above."""

    up_to_gb: Decimal | None
    usd: Decimal


@dataclass(frozen=True)
class Restore:
    """One of S3's restore tiers. `tier` is the word RestoreObject takes. Prices are in USD.

    `refusable`: AWS may refuse it unless capacity was provisioned. For objects above `up_to_mb` (MiB) the time doesn't
    hold; None: it holds for all.
    """

    tier: str
    minutes_at_most: int
    gb_usd: Decimal
    per_1000_usd: Decimal
    refusable: bool
    up_to_mb: int | None


@dataclass(frozen=True)
class StorageClass:
    """One S3 storage class and its prices in USD. What has no `restores` can be read at once.

    `overhead_bytes` are added to every object and billed as this class, `overhead_standard_bytes` billed as STANDARD.
    """

    name: str
    steps: tuple[PriceStep, ...]
    minimum_days: int
    minimum_bytes: int
    overhead_bytes: int
    overhead_standard_bytes: int
    puts_per_1000_usd: Decimal
    gets_per_1000_usd: Decimal
    transitions_per_1000_usd: Decimal
    retrieved_gb_usd: Decimal
    restores: tuple[Restore, ...]

    @property
    def gb_month_usd(self) -> Decimal:
        """The price of the first GB."""
        return self.steps[0].usd

    def storage_usd(self, gb: Decimal) -> Decimal:
        """What this many GB cost in one month, by the steps."""
        total, below = Decimal(0), Decimal(0)
        for step in self.steps:
            top = gb if step.up_to_gb is None else min(gb, step.up_to_gb)
            if top > below:
                total += (top - below) * step.usd
                below = top
        return total

    def billed_bytes(self, size_bytes: int) -> int:
        """What an object of this size is billed as, in this class alone."""
        return max(size_bytes, self.minimum_bytes) + self.overhead_bytes

    def sure_minutes(self) -> int:
        """How long until an object can be read, at most and whatever capacity AWS has free; 0: at once."""
        return min((each.minutes_at_most for each in self.restores if not each.refusable), default=0)


@dataclass(frozen=True)
class PriceTable:
    """All prices of a tiers file. `genesys_gb_month_usd` is for storage in Genesys Cloud itself."""

    storage_classes: Mapping[str, StorageClass]
    genesys_gb_month_usd: Decimal

    @property
    def standard(self) -> StorageClass:
        """Where every object is put first."""
        return self.storage_classes[STANDARD]
