"""What it costs to keep objects under another class or for other years, by the prices of the tiers file."""

from dataclasses import dataclass, field
from decimal import Decimal

from strongroom.vault.profiles import Transition, break_even_bytes, kept_usd
from strongroom.vault.tiers import Tiers


@dataclass(frozen=True)
class KeptAs:
    """How an object is kept: the class, by which its storage class is chosen, and its years."""

    retention_class: str
    retained_years: int


@dataclass
class Keeping:
    """The price of keeping one object from its creation to the end of its years; what was worked out is remembered.

    As in the projection: transitions included, without requests and retrievals, by the prices of the first step, and
    what is too small to be moved stays in STANDARD.
    """

    tiers: Tiers
    _ways: dict[KeptAs, tuple[tuple[Transition, ...], int | None]] = field(default_factory=dict)

    def usd(self, kept: KeptAs, size_bytes: int) -> Decimal:
        """What one object of this size costs in all."""
        transitions, least_bytes = self._way(kept)
        moved = transitions if least_bytes is not None and size_bytes > least_bytes else ()
        return kept_usd(self.tiers.prices, moved, size_bytes, kept.retained_years)

    def more_usd(self, before: KeptAs, after: KeptAs, size_bytes: int) -> Decimal:
        """What it costs more to keep an object as `after` than as `before`; below nought: less."""
        return self.usd(after, size_bytes) - self.usd(before, size_bytes)

    def _way(self, kept: KeptAs) -> tuple[tuple[Transition, ...], int | None]:
        if kept not in self._ways:
            transitions = self.tiers.of_class(kept.retention_class).profile.within(kept.retained_years)
            self._ways[kept] = transitions, break_even_bytes(self.tiers.prices, transitions, kept.retained_years)
        return self._ways[kept]
