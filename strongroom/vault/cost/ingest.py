"""What arrives in the vault each month."""

from dataclasses import dataclass
from decimal import Decimal

from strongroom.vault.prices import GB_BYTES, KB_BYTES
from strongroom.vault.profiles import YEAR_MONTHS

DOCUMENTS_AN_INTERACTION = 2
DOCUMENT_BYTES = 16 * KB_BYTES
"""What is assumed where nothing was measured: `conversation.json` and the manifest, some KB each."""


@dataclass(frozen=True)
class Stream:
    """Objects of one retention class and about one size that arrive each month, the same number every month."""

    retention_class: str
    retained_years: int
    objects_per_month: Decimal
    object_bytes: int

    @property
    def retained_months(self) -> int:
        """How many months of it are kept at a time."""
        return self.retained_years * YEAR_MONTHS

    @property
    def gb_per_month(self) -> Decimal:
        """How much of it arrives in a month."""
        return self.objects_per_month * self.object_bytes / GB_BYTES


@dataclass(frozen=True)
class Ingest:
    """All that arrives in a month, and of how many interactions it is."""

    streams: tuple[Stream, ...]
    interactions_per_month: Decimal

    @property
    def gb_per_month(self) -> Decimal:
        """How much arrives in a month."""
        return sum((stream.gb_per_month for stream in self.streams), Decimal(0))

    @property
    def objects_per_month(self) -> Decimal:
        """How many objects arrive in a month."""
        return sum((stream.objects_per_month for stream in self.streams), Decimal(0))


def given_ingest(retention_class: str, retained_years: int, gb_per_month: Decimal, mean_bytes: int) -> Ingest:
    """Recordings of this mean size in one class: so many GB of them a month, one an interaction, and its documents."""
    interactions = gb_per_month * GB_BYTES / mean_bytes
    recordings = Stream(retention_class, retained_years, interactions, mean_bytes)
    documents = Stream(retention_class, retained_years, interactions * DOCUMENTS_AN_INTERACTION, DOCUMENT_BYTES)
    return Ingest((recordings, documents), interactions)
