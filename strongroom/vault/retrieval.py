"""Which of S3's retrieval tiers brings an object back in time at the least cost."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from strongroom.vault.prices import GB_BYTES, KB_BYTES, Restore, StorageClass

_MB_BYTES = KB_BYTES * KB_BYTES
_SHORTEST_PAUSE_S = 60.0
_LONGEST_PAUSE_S = 1_800.0
_LOOKS_A_TIER = 20
_READING_S = 300.0


@dataclass(frozen=True)
class Choice:
    """A retrieval tier. `in_time`: by its own word it makes it, with a margin to notice it and to read the object."""

    restore: Restore
    in_time: bool


def choose_tier(
    storage_class: StorageClass, size_bytes: int, seconds_left: float, refused: Collection[str] = ()
) -> Choice | None:
    """The cheapest tier that makes an object readable within `seconds_left`; the fastest, where none is sure to.

    Of two that cost the same, the faster. `refused` are tiers that the store doesn't give now. None: the storage class
    has no retrieval tier (left), because it can be read at once or every one was refused.
    """
    offered = [restore for restore in storage_class.restores if restore.tier not in refused]
    if not offered:
        return None
    in_time = [restore for restore in offered if makes_it(restore, size_bytes, seconds_left)]
    if in_time:
        return Choice(min(in_time, key=lambda each: (retrieval_usd(each, size_bytes), each.minutes_at_most)), True)
    return Choice(min(offered, key=lambda each: each.minutes_at_most), False)


def makes_it(restore: Restore, size_bytes: int, seconds_left: float) -> bool:
    """Whether a tier's time, and the margin, is over before the time that is left, for an object of this size."""
    holds = restore.up_to_mb is None or size_bytes <= restore.up_to_mb * _MB_BYTES
    return holds and restore.minutes_at_most * 60 + margin_s(restore) <= seconds_left


def margin_s(restore: Restore) -> float:
    """Seconds between the end of a tier's time and the file at hand: until it is noticed, and read."""
    return pause_s(restore) + _READING_S


def pause_s(restore: Restore) -> float:
    """Seconds between two looks at an object that was asked for: a twentieth of the tier's time, 1 to 30 minutes."""
    return min(max(restore.minutes_at_most * 60 / _LOOKS_A_TIER, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)


def retrieval_usd(restore: Restore, size_bytes: int) -> Decimal:
    """What it costs to bring one object back: its bytes and the request, without the days its copy is kept."""
    return restore.gb_usd * size_bytes / GB_BYTES + restore.per_1000_usd / 1000
